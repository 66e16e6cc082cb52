"""What notifications may be asked, and what they answer."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from actors.auth.people import Caller
from actors.kernel.message import Command, Query, Trusted, View
from actors.kernel.paging import PagedQuery
from actors.profiles.messages import PersonView

CAP = 100
"""Unread and unseen are counted up to this many."""


class NotificationKind(StrEnum):
    """What happened."""

    follow = "follow"
    follow_request = "followRequest"
    like = "like"
    repost = "repost"
    comment = "comment"
    reply = "reply"
    mention = "mention"
    upload_rejected = "uploadRejected"


class SubjectKind(StrEnum):
    """What it happened to."""

    profile = "profile"
    post = "post"
    upload = "upload"


class Subject(View):
    """What it happened to: my profile, a post or an upload of mine, or the post under which somebody replied to me or
    named me."""

    kind: SubjectKind
    id: UUID


class NotificationView(View):
    """What some people did with one thing of mine, or said to me under a post: the latest three of them, and how many
    in all; nobody, where it is about no people. `at` is when the latest that stands was news."""

    id: UUID
    kind: NotificationKind
    subject: Subject
    people: tuple[PersonView, ...]
    count: int
    read: bool
    seen: bool
    at: datetime


class UnreadCounts(View):
    """How many notifications are new, at most 100."""

    unseen: int
    unread: int


class Markers(View):
    """Up to which notification somebody has read and seen, and how many lie beyond, at most 100.

    What is no later than `read_at` is read, and than `seen_at` seen; neither ever goes back.
    """

    read_until: UUID | None
    read_at: datetime | None
    seen_until: UUID | None
    seen_at: datetime | None
    unseen: int
    unread: int


class ListNotifications(PagedQuery[NotificationView]):
    """My notifications, the latest first."""

    caller: Trusted[Caller]


class GetUnread(Query[UnreadCounts]):
    """How many of my notifications are new."""

    caller: Trusted[Caller]


class _Mark(Command[Markers], key="caller"):
    """`at`: as the notification was shown. What came since, to it or to others, is not marked; without it, up to where
    the notification stands now."""

    caller: Trusted[Caller]
    until: UUID
    at: Annotated[AwareDatetime, Field(ge=datetime(1970, 1, 1, tzinfo=UTC))] | None = None


class MarkRead(_Mark):
    """I have read everything up to this notification."""


class MarkSeen(_Mark):
    """I have seen everything up to this notification."""
