"""What one process takes into its hands: no more than it has room for, and for as long as it lives."""

import asyncio
from typing import Any

import pytest

from actors.kernel import inbox, lease, metrics
from actors.kernel.streams import GROUP, inbox_of
from actors.kernel.system import System
from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, CountersActor, LedgerActor, until

ACTORS = (CountersActor, LedgerActor)


async def in_hand(system: System) -> int:
    """Entries of `ledger` that somebody holds."""
    redis: Any = system.outside.cache.redis
    return int((await redis.xpending(inbox_of("ledger"), GROUP))["pending"])


async def test_a_process_reads_no_more_than_it_has_room_for(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "ROOM", 3)
    LedgerActor.gate = asyncio.Event()
    system = await begin(ACTORS)
    redis: Any = system.outside.cache.redis
    for i in range(10):
        await system.ask(Add(name=f"c{i}"))

    async def all_wait() -> bool:
        return bool(await redis.xlen(inbox_of("ledger")) == 10 and await in_hand(system))

    await until(all_wait)
    await asyncio.sleep(0.05)
    assert await in_hand(system) <= 2 * inbox.ROOM - 1, "what is in hand, and at the most one more reading"
    LedgerActor.gate.set()

    async def is_empty() -> bool:
        return not await redis.xlen(inbox_of("ledger"))

    await until(is_empty)


async def test_a_handler_that_takes_longer_than_the_lease_is_not_run_by_another_process(
    begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.6)
    LedgerActor.gate = asyncio.Event()
    system = await begin(ACTORS)
    await begin(ACTORS)
    reclaimed = metrics.inbox_reclaimed_total.labels("ledger")
    before = reclaimed._value.get()
    await system.ask(Add(name="c1"))

    async def has_begun() -> bool:
        return LedgerActor.begun > 0

    await until(has_begun)
    await asyncio.sleep(1.0)
    assert (LedgerActor.begun, reclaimed._value.get()) == (1, before)
    LedgerActor.gate.set()

    async def took_effect() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM ledger"))

    await until(took_effect)
