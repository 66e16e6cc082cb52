"""*Following*: what those one follows have shown, newest first, every original once a walk.

A page is read from the viewer's timeline and what that may lack, below it or without it from PostgreSQL alone: the rows
are the same either way, so that a walk may go from one to the other anywhere.
"""

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import NamedTuple, Self
from uuid import UUID

from actors.adapters.addresses import Addresses
from actors.feed import queries, timeline_queries
from actors.feed.messages import FeedType, GetFeed
from actors.feed.queries import Shown
from actors.feed.readers import Readers
from actors.feed.timeline_queries import Window
from actors.kernel.errors import Malformed
from actors.kernel.filling import ROUNDS, SPARE
from actors.kernel.paging import NEWEST, OLDEST, Key, Page, key_of
from actors.kernel.transaction import Reads
from actors.posts.cards import Cards
from actors.posts.messages import PostItem, Reposters, Why
from actors.posts.queries import Seen, seen
from actors.profiles.messages import PersonView
from actors.profiles.people import people

AHEAD = 2
"""Ids of a timeline looked up for each row wanted."""

REMEMBERED = 256
"""Originals that a walk has met as reposts and remembers: so it shows them once whoever is unfollowed meanwhile."""


class Walk(NamedTuple):
    """Somebody's way down: its newest row, the row above which everything was given, the reposted originals among it.

    Only those are remembered (`met`) that may come again: what shows an original is never older than it. Where these
    were too many (`is_long`), the walk asks for each row whether its original stands further up.
    """

    viewer_id: UUID
    limit: int
    ceiling: UUID
    below: UUID
    met: tuple[bytes, ...] = ()
    is_long: bool = False

    @classmethod
    def of(cls, question: GetFeed, viewer_id: UUID) -> Self:
        """Where the asker goes on. Raises `Malformed` for the cursor of another feed."""
        key = key_of(question.after, str, str, str, str, int)
        if key is None:
            return cls(viewer_id, question.limit, NEWEST, NEWEST)
        feed, ceiling, below, met = map(str, key[:4])
        if feed != FeedType.following:
            raise Malformed("this cursor belongs to another feed")
        names = b64decode(met)
        each = tuple(names[at : at + _NAME] for at in range(0, len(names), _NAME))
        return cls(viewer_id, question.limit, UUID(ceiling), UUID(below), each, bool(key[4]))

    def has_met(self, row: Shown) -> bool:
        """Whether the walk has shown this row's original."""
        return _name(row.post_id) in self.met or (self.is_long and row.is_above)

    def past(self, row: Shown, *, is_item: bool) -> Self:
        """The walk below that row, which was shown or not."""
        met = (*self.met, _name(row.post_id)) if is_item and row.is_repost else self.met
        return self._replace(below=row.id, met=met, ceiling=row.id if self.ceiling == NEWEST else self.ceiling)

    @property
    def key(self) -> Key:
        """Where it goes on, as `of` reads it."""
        latest = _time(_name(self.below)) + 1
        met = [name for name in self.met if _time(name) <= latest]
        is_long = self.is_long or len(met) > REMEMBERED
        packed = b64encode(b"".join(met[-REMEMBERED:])).decode()
        return (FeedType.following, str(self.ceiling), str(self.below), packed, int(is_long))


_NAME = 6


def _name(post_id: UUID) -> bytes:
    """Half of what a post's id says of its time, in steps of 65 seconds, and its last three bytes."""
    return post_id.bytes[1:4] + post_id.bytes[-3:]


def _time(name: bytes) -> int:
    return int.from_bytes(name[:3])


async def page(db: Reads, walk: Walk, cards: Cards, readers: Readers) -> Page[PostItem]:
    """A page of what the viewer and those they follow have shown. The row that shows an original is its newest."""
    items: list[PostItem] = []
    is_over = False
    held = await readers.look(db, walk.viewer_id)
    for _ in range(ROUNDS):
        count = walk.limit - len(items) + SPARE
        window = held.window(walk.below, AHEAD * count) if held else None
        # Where most of what a timeline names is not shown, PostgreSQL alone is the shorter way: one window a page.
        held = None
        rows = await _rows(db, walk, window, count)
        shown = await _shown(db, walk, rows, cards)
        is_over = len(rows) < count and (window is None or window.least == OLDEST)
        for row in rows:
            if len(items) == walk.limit:
                is_over = False
                break
            item = None if walk.has_met(row) else shown.get(row.id)
            walk = walk.past(row, is_item=item is not None)
            if item is not None:
                items.append(item)
        else:
            if window and len(rows) < count:
                walk = walk._replace(below=window.least)
        if is_over or len(items) == walk.limit:
            break
    return Page(items=tuple(items), next=None if is_over else walk.key)


async def _rows(db: Reads, walk: Walk, window: Window | None, count: int) -> list[Shown]:
    if window is None:
        return await queries.followed(
            db, walk.viewer_id, below=walk.below, ceiling=walk.ceiling, limit=count, with_above=walk.is_long
        )
    return await timeline_queries.merged(
        db, walk.viewer_id, window, ceiling=walk.ceiling, limit=count, with_above=walk.is_long
    )


async def _shown(db: Reads, walk: Walk, rows: list[Shown], cards: Cards) -> dict[UUID, PostItem]:
    """What those of these rows show that the viewer may see, by row."""
    viewer_id = walk.viewer_id
    ceiling = rows[0].id if rows and walk.ceiling == NEWEST else walk.ceiling
    fresh = [row for row in rows if not walk.has_met(row)]
    found, reposted_by = await asyncio.gather(
        seen(db, {(viewer_id, row.post_id) for row in fresh}, cards, in_feed=True),
        _reposters(db, viewer_id, [row.post_id for row in fresh if row.is_repost], ceiling, cards.addresses),
    )
    return {
        row.id: _item(row, viewer_id, found[viewer_id, row.post_id], reposted_by)
        for row in fresh
        if (viewer_id, row.post_id) in found
    }


def _item(row: Shown, viewer_id: UUID, one: Seen, reposted_by: Mapping[UUID, Reposters]) -> PostItem:
    return PostItem(
        post=one.post,
        viewer=one.viewer,
        reposted_by=reposted_by.get(row.post_id) if row.is_repost else None,
        why=Why.reposted if row.is_repost else Why.own if row.author_id == viewer_id else Why.followed,
    )


async def _reposters(
    db: Reads, viewer_id: UUID, post_ids: list[UUID], ceiling: UUID, addresses: Addresses
) -> dict[UUID, Reposters]:
    if not post_ids:
        return {}
    found = await queries.reposters(db, viewer_id, post_ids, ceiling=ceiling)
    known = await people(db, {user_id for _, sample in found.values() for user_id in sample}, addresses)
    return {post_id: Reposters(users=_known(known, sample), count=count) for post_id, (count, sample) in found.items()}


def _known(people: dict[UUID, PersonView], ids: list[UUID]) -> tuple[PersonView, ...]:
    return tuple(people[user_id] for user_id in ids if user_id in people)
