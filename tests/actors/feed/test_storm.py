"""Walks through *for you* while everything moves: nothing comes twice, nothing that was there is missed."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.feed import arranging, ranking
from actors.feed.messages import GetFeed
from actors.kernel.errors import Busy
from actors.kernel.system import System
from actors.kernel.tools import end
from actors.posts.messages import SetLike
from tests.actors.auth.people import callers, fetch
from tests.actors.feed.test_for_you import rank, ranked
from tests.actors.posts.posting import crowd, plant, publish


@asynccontextmanager
async def storm(system: System, authors: list[Caller], posts: list[UUID]) -> AsyncIterator[None]:
    """People who like, take it back and publish, for the length of the block."""
    rng = random.Random(7)

    async def blow() -> None:
        while True:
            likes = (SetLike(caller=rng.choice(authors), post_id=rng.choice(posts)) for _ in range(30))
            blown = await asyncio.gather(*map(system.ask, likes), return_exceptions=True)
            refused = [one for one in blown if isinstance(one, BaseException)]
            assert all(isinstance(one, Busy) for one in refused), refused
            await publish(system, rng.choice(authors))
            await asyncio.sleep(0.2 if refused else 0)

    blowing = asyncio.create_task(blow())
    try:
        yield
        assert not blowing.done(), blowing
    finally:
        await end([blowing])


async def walk_through(outside: Outside, system: System, database_url: str, *, posts: int, limit: int) -> int:
    """Walks from the first page to the end, each page asked of another process; returns how many pages there were."""
    me, *_ = await callers(system, "me1")
    # So many that nobody's uploads of a day are used up in the storm.
    authors = await crowd(database_url, me, max(40, posts // 50))
    there = await plant(database_url, [author.id for author in random.Random(3).choices(authors, k=posts)])
    await rank(database_url, there)
    before = await ranked(database_url)
    other = System(outside, actors())
    await other.start()
    seen: list[UUID] = []
    pages, after = 0, None
    try:
        async with storm(system, authors, there):
            while pages == 0 or after is not None:
                page = await (system, other)[pages % 2].ask(GetFeed(caller=me, limit=limit, after=after))
                seen += [item.post.id for item in page.items]
                pages, after = pages + 1, page.next
    finally:
        await other.stop()
    assert len(seen) == len(set(seen)), "nothing comes twice"
    assert set(there) <= set(seen), "nothing is missed"
    after_all = await ranked(database_url)
    assert len(after_all) > len(before), "there were new posts meanwhile"
    assert [post for post in after_all if post in set(there)] != before, "and likes that moved the ranking"
    return pages


async def test_under_a_storm_a_walk_gives_everything_once(
    outside: Outside, system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (arranging, ranking):
        monkeypatch.setattr(module, "LENGTH", 60)
    assert await walk_through(outside, system, database_url, posts=150, limit=6) >= 25


@pytest.mark.slow
async def test_under_a_storm_a_walk_of_a_thousand_pages_gives_everything_once(
    outside: Outside, system: System, database_url: str
) -> None:
    assert await walk_through(outside, system, database_url, posts=20_000, limit=20) >= 1_000


@pytest.mark.parametrize("lost_after", [1, 4, 9])
async def test_a_walk_whose_snapshot_is_lost_goes_on_and_gives_nothing_twice(
    outside: Outside, system: System, database_url: str, monkeypatch: pytest.MonkeyPatch, lost_after: int
) -> None:
    for module in (arranging, ranking):
        monkeypatch.setattr(module, "LENGTH", 40)
    me, *_ = await callers(system, "me1")
    authors = [person.id for person in await crowd(database_url, me, 10)]
    there = await plant(database_url, authors * 12)
    await rank(database_url, there)
    seen: list[UUID] = []
    after = None
    for _ in range(lost_after):
        page = await system.ask(GetFeed(caller=me, limit=7, after=after))
        seen += [item.post.id for item in page.items]
        after = page.next
    await outside.cache.redis.flushdb()
    await fetch(database_url, "UPDATE feed_scores SET score = random()")
    other = System(outside, actors())
    await other.start()
    try:
        while after is not None:
            page = await other.ask(GetFeed(caller=me, limit=7, after=after))
            seen += [item.post.id for item in page.items]
            after = page.next
    finally:
        await other.stop()
    assert len(seen) == len(set(seen)), "nothing comes twice"
    # Of what is left, two bytes in common with what was given are enough to be passed over.
    assert len(there) - len(seen) <= 3
