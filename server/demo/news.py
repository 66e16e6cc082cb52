"""What the demo accounts find under the bell: everything that was done to them, the latest of it still new."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from random import Random
from typing import NamedTuple
from uuid import UUID

from server.demo.moments import id_at
from server.demo.rows import Rows
from server.demo.talk import Remark
from server.demo.world import World

UNREAD = 3


class _Group(NamedTuple):
    id: UUID
    user_id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    people: list[tuple[datetime, UUID]]

    @property
    def at(self) -> datetime:
        return max(at for at, _ in self.people)


def news_of(world: World) -> Iterator[Rows]:
    """The rows of notifications, of the people in them, and of the markers."""
    groups = _groups(world)
    yield Rows(
        "notifications",
        "id user_id kind subject_kind subject_id people at",
        ((g.id, g.user_id, g.kind, g.subject_kind, g.subject_id, len(g.people), g.at) for g in groups),
    )
    yield Rows(
        "notification_people",
        "notification_id person_id at",
        ((group.id, person, at) for group in groups for at, person in group.people),
    )
    yield Rows("notification_markers", "user_id read_until read_at seen_until seen_at", _markers(world, groups))


def _groups(world: World) -> list[_Group]:
    rng = Random("news")  # noqa: S311  the same ids each time are the point
    people, posts = world.people, world.posts
    found: dict[tuple[int, str, str, UUID], list[tuple[datetime, UUID]]] = defaultdict(list)
    for follow in world.follows:
        if follow.followee in world.demo_people:
            subject = people[follow.followee].id
            found[follow.followee, "follow", "profile", subject].append((follow.at, people[follow.follower].id))
    for kind, deeds in (("like", world.likes), ("repost", world.shares)):
        for deed in deeds:
            post = posts[deed.post]
            if post.author in world.demo_people:
                found[post.author, kind, "post", post.id].append((deed.at, people[deed.person].id))
    for to, kind, remark in _said(world):
        if to in world.demo_people:
            found[to, kind, "post", posts[remark.post].id].append((remark.at, people[remark.person].id))
    return [
        _Group(id_at(rng, min(deeds)[0]), people[owner].id, kind, subject_kind, subject, deeds)
        for (owner, kind, subject_kind, subject), deeds in found.items()
    ]


def _said(world: World) -> Iterator[tuple[int, str, Remark]]:
    """Who is told of which remark, by its nearest reason: to whom it replies, else whose post it is under."""
    people_of = {remark.id: remark.person for remark in world.remarks}
    for remark in world.remarks:
        author, above = world.posts[remark.post].author, people_of.get(remark.parent or remark.id)
        if remark.parent is not None and above is not None and above != remark.person:
            yield above, "reply", remark
        elif author != remark.person:
            yield author, "comment", remark


def _markers(world: World, groups: list[_Group]) -> Iterator[tuple[UUID, UUID, datetime, UUID, datetime]]:
    for owner in world.demo_people:
        user_id = world.people[owner].id
        latest = sorted((group.at, group.id) for group in groups if group.user_id == user_id)
        if len(latest) > UNREAD:
            at, until = latest[-UNREAD - 1]
            yield user_id, until, at, until, at
