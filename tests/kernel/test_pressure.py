"""What makes commands wait, and what does not."""

import asyncio
import time
from typing import Any

import pytest

from actors.adapters.outside import Outside, open_outside
from actors.kernel import metrics, pressure
from actors.kernel.pressure import Pressure
from actors.kernel.streams import inbox_of
from actors.settings import Settings
from tests.kernel.counting import until

WAITS = """
INSERT INTO outbox (id, type, key, payload, targets, topics, ephemeral, at, published_at)
VALUES (gen_random_uuid(), 'Added', 'c1', '{}', 'ledger', '', false, now() - interval '6 days', $1) RETURNING seq
"""


@pytest.fixture
async def outside(settings: Settings, rows: Any) -> Any:
    async with open_outside(settings) as outside:
        yield outside


async def test_what_is_old_but_began_to_wait_just_now_is_no_lag(outside: Outside, rows: Any) -> None:
    watching = Pressure(outside, ["ledger"])
    published = await rows.fetchval(WAITS, await rows.fetchval("SELECT now()"))
    replayed = await rows.fetchval(WAITS, None)
    assert await watching._lag() == 0, "a letter of last week is replayed"
    await asyncio.sleep(0.05)
    assert await watching._lag() >= 0.05, "it waits, and is waited for"
    await rows.execute("UPDATE outbox SET published_at = NULL WHERE seq = $1", published)
    assert await watching._lag() == 0, "an older one is sent again after a loss"
    await rows.execute("UPDATE outbox SET published_at = now() WHERE seq = $1", published)
    await asyncio.sleep(0.05)
    assert await watching._lag() >= 0.05, "the newer one went on waiting"
    began = time.monotonic()
    newest = await rows.fetchval(WAITS, None)
    await watching._lag()
    await rows.execute("UPDATE outbox SET published_at = now() WHERE seq = $1", replayed)
    await asyncio.sleep(0.05)
    lag = await watching._lag()
    assert 0.05 <= lag <= time.monotonic() - began, f"{newest} is behind for as long as it has been there, no longer"
    await rows.execute("UPDATE outbox SET published_at = now()")
    assert await watching._lag() == 0


async def test_an_inbox_that_is_too_deep_is_pressure(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressure, "DEPTH", 2)
    monkeypatch.setattr(pressure, "LOOK_SECONDS", 0.01)
    watching = Pressure(outside, ["ledger"])
    await watching.start()
    for _ in range(3):
        assert not watching.is_high
        await outside.cache.redis.xadd(inbox_of("ledger"), {"y": "Added"})

    async def is_high() -> bool:
        return watching.is_high

    await until(is_high)
    await outside.cache.redis.delete(inbox_of("ledger"))

    async def is_low() -> bool:
        return not watching.is_high

    await until(is_low)
    await watching.stop()


async def test_the_backlog_of_jobs_is_measured(outside: Outside) -> None:
    await outside.cache.redis.xadd("jobs", {"data": "{}"})
    await Pressure(outside, ["ledger"])._depth()
    assert metrics.jobs_queued._value.get() == 1
