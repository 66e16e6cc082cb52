"""Frozen rankings last for as long as somebody walks along them."""

import random

import pytest

from actors.adapters.outside import Outside
from actors.domains import actors
from actors.feed import snapshots
from actors.feed.messages import GetFeed
from actors.kernel.paging import Key
from actors.kernel.system import System
from actors.posts.messages import PostItem
from actors.posts.tag_messages import SetTagFollow
from tests.actors.auth.people import callers, fetch
from tests.actors.feed.test_for_you import rank
from tests.actors.posts.posting import crowd, plant


async def test_a_snapshot_lives_on_where_it_is_walked_along(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ana,) = await callers(system, "ana")
    await rank(database_url, await plant(database_url, [ana.id] * 30))
    redis = outside.cache.redis
    other = System(outside, actors())
    await other.start()
    try:
        after: Key | None = (await system.ask(GetFeed(limit=2))).next
        assert after is not None
        key = f"feed:snapshot:{str(after[1]).partition('.')[0]}"

        async def left(asked: System) -> int:
            """Seconds until it goes, after another page along it, when it was near its end."""
            nonlocal after
            await redis.expire(key, 60)
            after = (await asked.ask(GetFeed(limit=2, after=after))).next
            return int(await redis.ttl(key))

        assert await left(other) > 500, "another process finds it in Redis"
        assert await left(other) <= 60, "Redis is told once a minute"
        monkeypatch.setattr(snapshots, "RENEW_SECONDS", 0.0)
        assert await left(system) > 500
    finally:
        await other.stop()


async def test_of_five_walks_of_one_person_the_first_loses_its_ranking(
    system: System, outside: Outside, database_url: str
) -> None:
    me, *_ = await callers(system, "me1")
    authors = [person.id for person in await crowd(database_url, me, 5)]
    posts = await plant(database_url, random.Random(5).choices(authors, k=40), tags=["sea"])
    await rank(database_url, posts)
    await system.ask(SetTagFollow(caller=me, tag="sea", following=True))
    other = System(outside, actors())
    await other.start()

    async def kept() -> int:
        return len(await outside.cache.redis.keys(f"feed:snapshot:{me.id.hex}-*"))

    async def second(after: Key | None) -> list[PostItem]:
        return list((await other.ask(GetFeed(caller=me, limit=5, after=after))).items)

    try:
        begun = [await (system, other)[turn % 2].ask(GetFeed(caller=me, limit=5)) for turn in range(4)]
        await fetch(database_url, "UPDATE feed_scores SET score = -score")
        assert await kept() == 4
        first = await second(begun[0].next)
        assert first[0].why != "more", "it goes on along its ranking"
        await system.ask(GetFeed(caller=me, limit=5))
        assert await kept() == 4
        late = System(outside, actors())
        await late.start()
        try:
            whys = [(await late.ask(GetFeed(caller=me, limit=5, after=one.next))).items[0].why for one in begun]
        finally:
            await late.stop()
        assert [why == "more" for why in whys] == [True, False, False, False]
    finally:
        await other.stop()
