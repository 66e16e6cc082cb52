"""*Following*: what those one follows have shown, newest first, every original once a walk."""

import asyncio
from collections.abc import Mapping
from typing import NamedTuple, Self
from uuid import UUID

from actors.feed import queries
from actors.feed.messages import FeedType, GetFeed
from actors.feed.queries import Shown
from actors.kernel.errors import Malformed
from actors.kernel.paging import NEWEST, Key, Page, key_of
from actors.kernel.transaction import Reads
from actors.media.addresses import Addresses
from actors.posts.messages import AuthorView, PostItem, Reposters, Why
from actors.posts.queries import Seen, authors, seen

SPARE = 4
"""Read beyond what a page needs, for those that turn out not to be shown."""
ROUNDS = 8
"""A page that so many readings did not fill is given short; the walk goes on from there."""


class Walk(NamedTuple):
    """Somebody's way down: its newest row, and the row above which everything was given."""

    viewer_id: UUID
    limit: int
    ceiling: UUID
    below: UUID

    @classmethod
    def of(cls, question: GetFeed, viewer_id: UUID) -> Self:
        """Where the asker goes on. Raises `Malformed` for the cursor of another feed."""
        key = key_of(question.after, str, str, str)
        if key is None:
            return cls(viewer_id, question.limit, NEWEST, NEWEST)
        feed, ceiling, below = map(str, key)
        if feed != FeedType.following:
            raise Malformed("this cursor belongs to another feed")
        return cls(viewer_id, question.limit, UUID(ceiling), UUID(below))


async def page(db: Reads, walk: Walk, addresses: Addresses) -> Page[PostItem]:
    """A page of what the viewer and those they follow have shown. The row that shows an original is its newest."""
    viewer_id, limit, ceiling, below = walk
    items: list[PostItem] = []
    is_over = False
    for _ in range(ROUNDS):
        count = limit - len(items) + SPARE
        rows = await queries.followed(db, viewer_id, below=below, ceiling=ceiling, limit=count)
        if ceiling == NEWEST and rows:
            ceiling = rows[0].id
        fresh = [row for row in rows if not row.is_above]
        found, reposted_by = await asyncio.gather(
            seen(db, {(viewer_id, row.post_id) for row in fresh}, addresses, in_feed=True),
            _reposters(db, viewer_id, [row.post_id for row in fresh if row.is_repost], ceiling),
        )
        is_over = len(rows) < count
        for row in rows:
            if len(items) == limit:
                is_over = False
                break
            below = row.id
            if not row.is_above and (viewer_id, row.post_id) in found:
                items.append(_item(row, viewer_id, found[viewer_id, row.post_id], reposted_by))
        if is_over or len(items) == limit:
            break
    following: Key = (FeedType.following, str(ceiling), str(below))
    return Page(items=tuple(items), next=None if is_over else following)


def _item(row: Shown, viewer_id: UUID, one: Seen, reposted_by: Mapping[UUID, Reposters]) -> PostItem:
    return PostItem(
        post=one.post,
        viewer=one.viewer,
        reposted_by=reposted_by.get(row.post_id) if row.is_repost else None,
        why=Why.reposted if row.is_repost else Why.own if row.author_id == viewer_id else Why.followed,
    )


async def _reposters(db: Reads, viewer_id: UUID, post_ids: list[UUID], ceiling: UUID) -> dict[UUID, Reposters]:
    if not post_ids:
        return {}
    found = await queries.reposters(db, viewer_id, post_ids, ceiling=ceiling)
    people = await authors(db, {user_id for _, sample in found.values() for user_id in sample})
    return {post_id: Reposters(users=_known(people, sample), count=count) for post_id, (count, sample) in found.items()}


def _known(people: dict[UUID, AuthorView], ids: list[UUID]) -> tuple[AuthorView, ...]:
    return tuple(people[user_id] for user_id in ids if user_id in people)
