"""Which topics there are, what the log calls them, and who may watch them."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from actors.auth.people import Caller, Role
from actors.kernel.errors import Refusal
from actors.posts.text import tag
from server.realtime.audience import FOLLOWING
from server.realtime.codes import ErrorCode
from server.realtime.frames import CountsItem
from server.realtime.questions import Questions
from server.realtime.refusals import Denied, denied_by

CARRIES: Mapping[str, tuple[str, ...]] = {
    "me": (
        "notification.changed",
        "marker.changed",
        "mine.changed",
        "upload.ready",
        "upload.rejected",
        "entitlements.changed",
        "session.revoked",
        "standing.changed",
    ),
    "feed:following": ("post.published", "post.reposted", "post.updated", "post.deleted", "blog.published"),
    "feed:forYou": ("feed.new",),
    "post:<id>": (
        "post.updated",
        "post.deleted",
        "comment.created",
        "comment.updated",
        "comment.deleted",
        "watchers",
    ),
    "profile:<username>": ("profile.updated", "post.published", "post.deleted"),
    "tag:<tag>": ("post.published", "post.deleted"),
    "hub:<username>": ("hub.changed",),
    "blog:<slug>": ("blog.updated", "blog.removed"),
    "admin:queue": ("queue.changed",),
}
"""The topics as clients name them, and the types of their events."""

_USERNAME = re.compile(r"[a-z0-9_]{1,30}")
_SLUG = re.compile(r"[\w-]{1,120}")


class Named(NamedTuple):
    """A topic that a client named: what the log calls it, and its post if it is one's."""

    key: str
    name: str
    post_id: UUID | None = None


def named(name: str, caller: Caller | None) -> Named:
    """What a client means. Raises `Denied`: unknown, or not for a visitor, or not for this role."""
    kind, _, rest = name.partition(":")
    if name in {"me", FOLLOWING}:
        if caller is None:
            raise Denied(ErrorCode.unauthorized, f"sign in to watch {name}")
        return Named(f"user:{caller.id}" if name == "me" else name, name)
    if name == "admin:queue":
        if caller is None or caller.role is not Role.admin:
            raise Denied(ErrorCode.topic_forbidden, "this is for the moderators")
        return Named(name, name)
    if name == "feed:forYou":
        return Named(name, name)
    if kind == "post":
        post_id = _uuid(rest)
        if str(post_id) == rest:
            return Named(name, name, post_id)
    elif kind in {"profile", "hub"} and _USERNAME.fullmatch(rest.lower()):
        return Named(f"{kind}:{rest.lower()}", name)
    elif kind == "tag":
        if (spelling := _tag(rest)) is not None:
            return Named(f"tag:{spelling}", name)
    elif kind == "blog" and _SLUG.fullmatch(rest):
        return Named(name, name)
    raise Denied(ErrorCode.topic_unknown, "there is no such topic")


async def admit(topic: Named, caller: Caller | None, questions: Questions) -> tuple[CountsItem, ...] | None:
    """Make sure that the caller may watch the topic now; answers a post's current counts.

    Raises `Denied`, also when that cannot be found out.
    """
    try:
        if topic.post_id is not None:
            await questions.see_post(caller, topic.post_id)
            return await questions.counts((topic.post_id,))
        if topic.key.startswith("profile:"):
            await questions.see_profile(caller, topic.key.removeprefix("profile:"))
    except Refusal as refusal:
        raise denied_by(refusal) from None
    return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _tag(text: str) -> str | None:
    try:
        return tag(text)
    except ValueError:
        return None
