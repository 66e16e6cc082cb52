"""What Redis holds of a timeline: never replaced, bounded, and not believed when Redis forgot something."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from actors.feed import timelines
from actors.feed.timelines import LIFETIME_SECONDS, Mark, Timeline, Timelines
from actors.kernel.paging import NEWEST, OLDEST
from actors.kernel.streams import MARK

ME = UUID(int=7)
KEY = f"feed:timeline:3:{ME}"
NOW = Mark(3, 5)


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        await redis.xadd(MARK, {"n": 0}, id="3-5")
        yield redis


def ids(count: int) -> list[UUID]:
    return [uuid7() for _ in range(count)]


async def build(held: Timelines, rows: list[UUID], floor: UUID = OLDEST) -> None:
    token = await held.begin(NOW.epoch, ME)
    assert token is not None
    await held.finish(NOW.epoch, ME, token, Timeline(1, floor, [row.bytes for row in rows]))


async def rows_of(held: Timelines) -> list[UUID] | None:
    found = await held.read(NOW, ME)
    return None if found is None else [UUID(bytes=raw) for raw in found.ids]


async def test_what_is_added_while_it_is_built_stays(redis: Redis) -> None:
    held, (first, second, third) = Timelines(redis), ids(3)
    token = await held.begin(3, ME)
    assert token is not None
    assert await held.begin(3, ME) is None, "one builds"
    assert await rows_of(held) is None, "nobody reads what is not whole"
    await held.add(3, [ME], [third])
    await held.finish(3, ME, token, Timeline(1, OLDEST, [first.bytes, second.bytes]))
    assert await rows_of(held) == [first, second, third]
    assert 0 < await redis.ttl(KEY) <= LIFETIME_SECONDS


async def test_a_builder_whose_timeline_was_let_go_changes_nothing(redis: Redis) -> None:
    held, rows = Timelines(redis), ids(2)
    late = await held.begin(3, ME)
    assert late is not None
    await held.drop(3, [ME])
    await held.finish(3, ME, late, Timeline(1, OLDEST, [rows[0].bytes]))
    assert await redis.exists(KEY) == 0
    assert await held.begin(3, ME) is not None
    await held.finish(3, ME, late, Timeline(1, OLDEST, [rows[0].bytes]))
    assert await rows_of(held) is None


async def test_rows_may_come_twice_late_and_too_old(redis: Redis) -> None:
    held, (old, floor, late, new) = Timelines(redis), ids(4)
    await build(held, [floor], floor)
    for row in (new, late, new, old):
        await held.add(3, [ME, UUID(int=8)], [row])
    assert await rows_of(held) == [floor, late, new]
    assert await redis.keys("feed:timeline:*") == [KEY.encode()], "who has none gets none"
    whole = await held.read(NOW, ME)
    assert whole is not None
    assert whole.below(NEWEST, 2) == ([late, new], late)
    assert whole.below(late, 2) == ([floor], floor)


async def test_one_that_grows_too_large_is_let_go(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timelines, "MOST", 4)
    held = Timelines(redis)
    await build(held, ids(3))
    assert await held.add(3, [ME], ids(1)) == 1
    assert await held.add(3, [ME], ids(1)) == 0
    assert await redis.exists(KEY) == 0


@pytest.mark.parametrize("mark", [Mark(3, 6), Mark(4, 0), Mark(2, 9)])
async def test_a_redis_that_forgot_or_is_of_another_epoch_is_not_believed(redis: Redis, mark: Mark) -> None:
    held = Timelines(redis)
    await build(held, ids(1))
    packed = await redis.get(KEY)
    assert packed is not None
    await redis.set(KEY.replace(":3:", f":{mark.epoch}:"), packed)
    assert await held.read(NOW, ME) is not None
    assert await held.read(mark, ME) is None


async def test_without_redis_there_is_none() -> None:
    async with Redis(port=1) as nowhere:
        assert await Timelines(nowhere).read(NOW, ME) is None


async def test_it_takes_as_many_bytes_as_is_said(redis: Redis) -> None:
    held = Timelines(redis)
    await build(held, ids(timelines.DEPTH))
    assert (await redis.memory_usage(KEY) or 0) <= 11_000
    for row in ids(timelines.MOST - timelines.DEPTH):
        await held.add(3, [ME], [row])
    used = await redis.memory_usage(KEY)
    assert used is not None
    assert used <= 21_000
