"""What posts may be asked about edits, and what they answer."""

from datetime import datetime
from uuid import UUID

from actors.auth.people import Caller
from actors.kernel.message import Command, Trusted, View
from actors.kernel.paging import PagedQuery
from actors.media.messages import FocalPoint
from actors.posts.messages import PostView
from actors.posts.text import AltText, Caption, Tags


class EditPost(Command[PostView], key="post_id"):
    """Change what is named of a post of one's own; what is not named stays, and `null` empties it.

    Raises `NotFound`.
    """

    caller: Trusted[Caller]
    post_id: UUID
    caption: Caption | None = None
    tags: Tags | None = None
    alt: AltText | None = None
    focus: FocalPoint | None = None
    sensitive: bool | None = None
    comments_closed: bool | None = None
    show_camera: bool | None = None


class RevisionView(View):
    """What a post showed before it was edited."""

    number: int
    caption: str
    tags: tuple[str, ...]
    alt: str | None
    focus: FocalPoint | None
    sensitive: bool
    shown_from: datetime
    shown_until: datetime


class ListRevisions(PagedQuery[RevisionView]):
    """What a post showed before, the latest first. Raises `NotFound`."""

    caller: Trusted[Caller | None] = None
    post_id: UUID
