"""What the parts of a deployment say of one another."""

import asyncio
from contextlib import suppress

from redis.exceptions import RedisError

from actors.adapters.outside import Outside
from actors.kernel.schedule import keep_schedule
from actors.kernel.system import System
from actors.worker import work
from server.http.probe import Probe, a_worker_is_seen
from tests.server.http import toys


async def test_all_is_green_only_with_a_leading_relay_a_worker_and_a_scheduler(outside: Outside) -> None:
    probe = Probe(outside.database)

    async def seen() -> tuple[bool, bool, bool]:
        with suppress(RedisError):
            return await probe.relay_leads(), await probe.schedule_is_kept(), await a_worker_is_seen(outside.cache)
        return False, False, False

    async def becomes(wanted: tuple[bool, bool, bool]) -> None:
        async with asyncio.timeout(30):
            while await seen() != wanted:  # noqa: ASYNC110  # nobody announces it
                await asyncio.sleep(0.02)

    stopping = asyncio.Event()
    system = System(outside, [toys.ToysActor])
    assert await seen() == (False, False, False)
    await system.start()
    await becomes((True, False, False))
    scheduling = asyncio.create_task(keep_schedule(outside.database, (), stopping))
    await becomes((True, True, False))
    working = asyncio.create_task(work(outside, {}, stopping))
    await becomes((True, True, True))
    stopping.set()
    await asyncio.gather(scheduling, working)
    await system.stop()
    await becomes((False, False, False))
    await probe.close()
