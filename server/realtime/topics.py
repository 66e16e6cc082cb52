"""Which topics there are, what the log calls them, and who may watch them."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from actors.auth.people import Caller, Role
from actors.kernel.errors import Refusal
from actors.posts.text import tag
from server.http.needs import Needs, PlanRequired
from server.realtime.audience import FOLLOWING
from server.realtime.codes import ErrorCode
from server.realtime.frames import CountsItem
from server.realtime.questions import Questions
from server.realtime.refusals import Denied, denied_by

CARRIES: Mapping[str, tuple[str, ...]] = {
    "me": (
        "notification.changed",
        "marker.changed",
        "preferences.changed",
        "mine.changed",
        "upload.ready",
        "upload.rejected",
        "session.revoked",
        "export.done",
    ),
    "feed:following": ("post.published", "post.reposted", "post.updated", "post.deleted"),
    "feed:forYou": ("feed.new",),
    "post:<id>": (
        "post.published",
        "post.updated",
        "post.deleted",
        "comment.created",
        "comment.updated",
        "comment.deleted",
        "watchers",
    ),
    "profile:<username>": ("profile.updated", "post.published", "post.updated", "post.deleted"),
    "tag:<tag>": ("post.published", "post.updated", "post.deleted"),
    "hub:<username>": (),
    "blog:<slug>": (),
    "admin:queue": (),
}
"""The topics as clients name them, and the types of their events; those without any may be watched, and are silent."""

NEEDS: Mapping[str, Needs] = {
    "me": Needs(Role.user),
    FOLLOWING: Needs(Role.user),
    "admin:queue": Needs(Role.admin),
}
"""Who may watch the topics that are not for everybody."""

_USERNAME = re.compile(r"[a-z0-9_]{1,30}")
_SLUG = re.compile(r"[\w-]{1,120}")


class Named(NamedTuple):
    """A topic that a client named: what the log calls it, and its post if it is one's."""

    key: str
    name: str
    post_id: UUID | None = None


def named(name: str, caller: Caller | None) -> Named:
    """What a client means. Raises `Denied`: unknown, or not for them."""
    check_needs(name, caller)
    kind, _, rest = name.partition(":")
    if name == "me" and caller is not None:
        return Named(f"user:{caller.id}", name)
    if name in {FOLLOWING, "feed:forYou", "admin:queue"}:
        return Named(name, name)
    if kind == "post":
        post_id = _uuid(rest)
        if post_id is not None and str(post_id) == rest:
            return Named(name, name, post_id)
    elif kind in {"profile", "hub"} and _USERNAME.fullmatch(rest.lower()):
        return Named(f"{kind}:{rest.lower()}", name)
    elif kind == "tag":
        if (spelling := _tag(rest)) is not None:
            return Named(f"tag:{spelling}", name)
    elif kind == "blog" and _SLUG.fullmatch(rest):
        return Named(name, name)
    raise Denied(ErrorCode.topic_unknown, "there is no such topic")


def posts_named(names: Iterable[str]) -> set[UUID]:
    """The posts among these topics."""
    found = (_uuid(name.removeprefix("post:")) for name in names if name.startswith("post:"))
    return {post_id for post_id in found if post_id is not None}


def check_needs(name: str, caller: Caller | None) -> None:
    """Raises `Denied` where a topic is not for visitors, not for this role, or not in this plan."""
    needs = NEEDS.get(name)
    if needs is None or (refusal := needs.refusal(caller)) is None:
        return
    if isinstance(refusal, PlanRequired):
        raise Denied(ErrorCode.plan_required, refusal.detail)
    if caller is None and needs.role in {None, Role.user}:
        raise Denied(ErrorCode.unauthorized, f"sign in to watch {name}")
    raise Denied(ErrorCode.topic_forbidden, f"{name} is for others than you")


class Allowed(NamedTuple):
    """Somebody may watch a topic: whose post or profile it is, and a post's current counts."""

    owner: UUID | None = None
    counts: tuple[CountsItem, ...] | None = None


async def admit(topic: Named, caller: Caller | None, questions: Questions) -> Allowed:
    """Make sure that the caller may watch the topic now.

    Raises `Denied`, also when that cannot be found out.
    """
    try:
        if topic.post_id is not None:
            for post in await questions.see_posts(caller, (topic.post_id,)):
                return Allowed(post.author_id, (post.counts,))
            raise Denied(ErrorCode.topic_unknown, "there is no such post, or it is not for you")
        if topic.key.startswith("profile:"):
            return Allowed(await questions.see_person(caller, topic.key.removeprefix("profile:")))
    except Refusal as refusal:
        raise denied_by(refusal) from None
    return Allowed()


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
