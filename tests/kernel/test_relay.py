"""The relay of one process: what it does before it goes."""

import asyncio
from typing import Any

from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, CountersActor, until

HELD_UP = """
SELECT count(*) = 1 FROM pg_stat_activity
WHERE datname = current_database() AND pg_backend_pid() = ANY(pg_blocking_pids(pid))
"""
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"


async def test_what_was_committed_while_the_relay_moved_the_rest_is_moved_before_it_stops(
    begin: Begin, rows: Any
) -> None:
    system = await begin((CountersActor,))
    await system.ask(Add(name="c1"))

    async def all_is_moved() -> bool:
        return not await rows.fetchval(UNPUBLISHED)

    await until(all_is_moved)
    async with rows.transaction():
        await rows.execute("SELECT FROM relay_state FOR UPDATE")
        await system.ask(Add(name="c2"))
        await until(lambda: rows.fetchval(HELD_UP))
        await system.ask(Add(name="c3"))
        stopping = asyncio.create_task(system.stop())

        async def is_told() -> bool:
            return system.relay._stopping

        await until(is_told)
    await stopping
    assert await rows.fetchval(UNPUBLISHED) == 0
