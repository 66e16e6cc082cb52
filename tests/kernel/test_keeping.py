"""What is kept of the live log: the last ten minutes and 50,000 entries that are not ephemeral, within a cap."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from actors.adapters.outside import open_outside
from actors.kernel import keeping
from actors.kernel.streams import KEPT, LIVE
from actors.kernel.system import System
from actors.settings import Settings
from tests.kernel.counting import ACTORS, until
from tests.servers import OwnValkey


async def say(rows: Any, count: int, *, ephemeral: bool, ago: timedelta = timedelta(0)) -> None:
    """So many facts that go live."""
    await rows.executemany(
        "INSERT INTO outbox (id, type, key, payload, targets, topics, live_type, live_data, ephemeral, at) "
        "VALUES ($1, 'Said', '', '', '', 'tag:sea', 'said', '{}', $2, $3)",
        [(uuid4(), ephemeral, datetime.now(UTC) - ago) for _ in range(count)],
    )
    await until(lambda: _is_published(rows))


async def _is_published(rows: Any) -> bool:
    return not await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")


async def kept(redis: Any) -> list[tuple[int, int]]:
    """The numbers of the kept entries, each with that of the one it follows."""
    found = await redis.xrange(KEPT)
    return [(int(name.partition(b"-")[2]), int(fields.get(b"b", -1))) for name, fields in found]


async def trimmed(redis: Any) -> list[int]:
    """The numbers of what is kept after a trim."""

    async def send(pipe: Any) -> Any:
        connection = await redis.connection_pool.get_connection()
        try:
            return await pipe.send(connection)
        finally:
            await redis.connection_pool.release(connection)

    await keeping.trim(send)
    return [number for number, _ in await kept(redis)]


async def test_what_is_ephemeral_is_not_kept_and_each_entry_names_the_one_before_it(
    system: System, redis: Any, rows: Any
) -> None:
    for count in (1, 2):
        await say(rows, count, ephemeral=False)
        await say(rows, 3, ephemeral=True)
    assert await kept(redis) == [(0, -1), (1, 0), (5, 1), (6, 5)]
    named = [int(fields[b"b"]) for _, fields in (await redis.xrange(LIVE))[1:]]
    assert named == [0, 1, 1, 1, 1, 5, 6, 6, 6]


async def test_what_is_old_goes_beyond_the_latest_so_many_and_all_goes_beyond_the_cap(
    system: System, redis: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "STEP", 2)
    monkeypatch.setattr(keeping, "KEPT_ENTRIES", 4)
    await say(rows, 6, ephemeral=False, ago=timedelta(minutes=12))
    left = await trimmed(redis)
    # The relay trims too, perhaps at the same time.
    assert left in ([2, 3, 4, 5, 6], [3, 4, 5, 6]), "the latest four at least, however old"
    await say(rows, 4, ephemeral=False, ago=timedelta(minutes=9))
    assert await trimmed(redis) == [6, 7, 8, 9, 10], "what is not yet old enough, however many"
    monkeypatch.setattr(keeping, "KEPT_BYTES", 1)
    assert len(await trimmed(redis)) <= 2


async def test_a_redis_that_was_started_anew_begins_an_epoch_though_its_mark_is_the_latest(
    settings: Settings, rows: Any, own_valkey: OwnValkey
) -> None:
    async with open_outside(settings.model_copy(update={"redis_url": own_valkey.url})) as outside:
        system = System(outside, ACTORS)
        await system.start()
        try:
            await say(rows, 3, ephemeral=False)
            before = await rows.fetchval("SELECT epoch FROM relay_state")
            await outside.cache.redis.save()
            own_valkey.kill()
            own_valkey.start()

            async def is_later() -> bool:
                return bool(await rows.fetchval("SELECT epoch > $1 FROM relay_state", before))

            await until(is_later)
            await say(rows, 1, ephemeral=False)
        finally:
            await system.stop()


async def test_a_new_epoch_keeps_nothing_of_the_old_one(system: System, redis: Any, rows: Any) -> None:
    await say(rows, 3, ephemeral=False)
    await redis.delete(LIVE)
    await until(lambda: redis.exists(LIVE))
    await say(rows, 1, ephemeral=False)
    assert [number for number, _ in await kept(redis)] == [0, 1]
