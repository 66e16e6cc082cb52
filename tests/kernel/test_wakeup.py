"""How the relay learns of commits: cheaply, never inside a transaction, and whatever happens to who tells it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from actors.adapters.outside import open_outside
from actors.kernel import tools
from actors.kernel.wakeup import CHANNEL, SPACING_SECONDS, Wakeup
from actors.settings import Settings
from tests.kernel.conftest import Begin
from tests.kernel.counting import AddSlowly, CountersActor, until

NOTIFYING = """
SELECT pid FROM pg_stat_activity WHERE application_name = 'vitrine-notify' AND datname = current_database()
"""


@pytest.fixture
async def told(database_url: str) -> AsyncIterator[list[int]]:
    """The process ids of the backends that notified, in order."""
    pids: list[int] = []
    connection: asyncpg.Connection[Any] = await asyncpg.connect(database_url)
    await connection.add_listener(CHANNEL, lambda _, pid, *__: pids.append(pid))
    yield pids
    await connection.close()


@pytest.fixture
async def wakeup(settings: Settings, rows: Any) -> AsyncIterator[Wakeup]:
    """One that does not lead."""
    async with open_outside(settings) as outside:
        wakeup = Wakeup(outside.database)
        await wakeup.start()
        yield wakeup
        await wakeup.stop()


async def test_commits_are_told_by_a_connection_that_commits_nothing(begin: Begin, rows: Any, told: list[int]) -> None:
    leading, other = await begin((CountersActor,)), await begin((CountersActor,))

    async def one_leads() -> bool:
        return leading.wakeup.is_leading or other.wakeup.is_leading

    await until(one_leads)
    if other.wakeup.is_leading:
        leading, other = other, leading
    await asyncio.gather(*(other.ask(AddSlowly(name=f"c{i % 10}")) for i in range(40)))

    async def is_told() -> bool:
        return bool(told)

    await until(is_told)
    assert set(told) <= {row["pid"] for row in await rows.fetch(NOTIFYING)}, "a transaction that notifies stalls others"


async def test_thousands_of_commits_are_told_once_in_two_milliseconds(wakeup: Wakeup, told: list[int]) -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    for _ in range(5_000):
        wakeup.after_commit()
        await asyncio.sleep(0)
    await asyncio.sleep(0.02)
    took = loop.time() - began

    async def is_told() -> bool:
        return bool(told)

    await until(is_told)
    assert len(told) <= took / SPACING_SECONDS + 1


async def test_who_tells_of_commits_outlives_whatever_it_meets(
    settings: Settings, rows: Any, told: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "PAUSE_SECONDS", 0.01)
    async with open_outside(settings) as outside:
        database = outside.database
        database._settings = None  # type: ignore[assignment]  # a fault nobody thought of
        wakeup = Wakeup(database)
        await wakeup.start()
        wakeup.after_commit()
        await asyncio.sleep(0.02)
        database._settings = settings

        async def is_told() -> bool:
            wakeup.after_commit()
            return bool(told)

        await until(is_told)
        await wakeup.stop()
