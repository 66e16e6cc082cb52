"""Timelines are filled by what happens: a row is shown, somebody is followed; and built for whoever reads."""

import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from uuid import UUID

from actors.feed import timeline_metrics as metrics
from actors.feed import timeline_queries as queries
from actors.feed.timeline_events import RowShown
from actors.feed.timeline_messages import BuildTimeline
from actors.feed.timelines import DEPTH, Timeline, Timelines
from actors.graph.events import Followed, Unfollowed
from actors.kernel.actor import Actor, on
from actors.kernel.paging import NEWEST, OLDEST
from actors.kernel.transaction import Reads, Transaction
from actors.posts.events import PostPublished, PostRepostsChanged, PostRestored

GIANT = 10_000
"""Who has more followers is not fanned out to them, but looked up by each page."""
CHUNK = 1_000
"""Followers whom one fact is for; the next ones are told by the next."""
FEW = 50
"""Who follows fewer is answered by PostgreSQL as fast as by a timeline."""
STEP = 64
"""Rows read at once for a new timeline. Each step probes every followee once, and reads STEP² rows at the most."""
OF_A_FOLLOWEE = 100
"""Rows of somebody newly followed that are added; for more of them the timeline is built anew."""

Showing = PostPublished | PostRestored | PostRepostsChanged
"""Facts about rows that appear in feeds."""


class Filling(Actor):
    """Fills the timelines of those who read. Followers, rows and the epoch are read on the primary: what was committed
    before a fact is heard, a replica may not show yet."""

    @cached_property
    def timelines(self) -> Timelines:
        """The timelines in Redis."""
        return Timelines(self.adapters.cache.redis)

    @asynccontextmanager
    async def _primary(self) -> AsyncIterator[Reads]:
        async with self.adapters.database.for_event() as connection:
            yield connection

    @on(BuildTimeline)
    async def build(self, wish: BuildTimeline) -> bool:
        began = time.perf_counter()
        async with self._primary() as primary:
            if not await queries.follows_at_least(primary, wish.user_id, FEW):
                return False
            epoch = await queries.epoch(primary)
        if wish.anew:
            await self.timelines.drop(epoch, [wish.user_id])
        token = await self.timelines.begin(epoch, wish.user_id)
        if token is None:
            return True
        async with self.transaction() as tx:
            timeline = await _read(tx, wish.user_id)
        await self.timelines.finish(epoch, wish.user_id, token, timeline)
        metrics.built_total.inc()
        metrics.build_seconds.observe(time.perf_counter() - began)
        return True

    @on(RowShown, batch=16)
    async def add_rows(self, facts: Sequence[RowShown]) -> None:
        further = []
        for fact in facts:
            async with self._primary() as primary:
                epoch = await queries.epoch(primary)
                followers = await queries.followers(primary, fact, CHUNK)
            added = await self.timelines.add(epoch, [follower_id for _, follower_id in followers], [fact.row_id])
            metrics.added_total.inc(added)
            if len(followers) == CHUNK:
                further.append(fact.after(*followers[-1]))
        async with self.transaction() as tx:
            tx.emit(*further)

    @on(Followed, batch=64)
    async def add_followed(self, events: Sequence[Followed]) -> None:
        async with self._primary() as primary:
            epoch = await queries.epoch(primary)
        floors = await self.timelines.floors(epoch, [event.follower_id for event in events])
        ties = [(event.followee_id, event.follower_id) for event in events if event.follower_id in floors]
        if not ties:
            return
        async with self._primary() as primary:
            pairs = [(author_id, floors[follower_id]) for author_id, follower_id in ties]
            found = await queries.rows_by(primary, pairs, OF_A_FOLLOWEE + 1)
        for (_, follower_id), rows in zip(ties, found, strict=True):
            if len(rows) > OF_A_FOLLOWEE:
                await self.timelines.drop(epoch, [follower_id])
            elif rows:
                await self.timelines.add(epoch, [follower_id], rows)
                metrics.added_total.inc(len(rows))

    @on(Unfollowed, batch=64)
    async def drop_unfollowing(self, events: Sequence[Unfollowed]) -> None:
        """Their rows would not be shown, but stand where others could."""
        async with self._primary() as primary:
            epoch = await queries.epoch(primary)
        await self.timelines.drop(epoch, {event.follower_id for event in events})


async def told(tx: Transaction, events: Iterable[Showing]) -> list[RowShown]:
    """For each row that these facts are about, the fact that fills timelines; none for giants."""
    reposts: set[tuple[UUID, UUID]] = set()
    facts = []
    for event in events:
        if isinstance(event, PostRepostsChanged):
            reposts.update((event.post_id, user_id) for user_id in event.reposted_by)
        else:
            facts.append(RowShown(row_id=event.post_id, author_id=event.author_id))
    if reposts:
        rows = await queries.reposts_by(tx, list(reposts))
        facts += [RowShown(row_id=row_id, author_id=user_id) for user_id, row_id in rows]
    giants = await queries.grown(tx, [fact.author_id for fact in facts], GIANT) if facts else set()
    return [fact for fact in facts if fact.author_id not in giants]


async def _read(tx: Transaction, user_id: UUID) -> Timeline:
    """The newest rows, and from which id on these are all."""
    read_ms, below, ids = await queries.moment(tx), NEWEST, list[UUID]()
    while len(ids) < DEPTH:
        found = await queries.rows_to_hold(tx, user_id, below=below, limit=STEP)
        ids += found
        if len(found) < STEP:
            return Timeline(read_ms, OLDEST, [row_id.bytes for row_id in reversed(ids)])
        below = found[-1]
    return Timeline(read_ms, below, [row_id.bytes for row_id in reversed(ids)])
