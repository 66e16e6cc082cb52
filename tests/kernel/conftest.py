"""The kernel at work on two small domains, each test on a database and a Redis of its own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest

from actors.adapters.outside import open_outside
from actors.kernel.actor import Actor
from actors.kernel.system import System
from actors.settings import Settings
from tests.kernel import counting

Begin = Callable[..., Awaitable[System]]
"""Takes the actors of the version that begins, where it is not today's."""


@pytest.fixture
async def rows(database_url: str) -> AsyncIterator["asyncpg.Connection[Any]"]:
    """A connection beside the system's own, to the database with the two domains' tables and ten counters."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(counting.SCHEMA)
    await connection.execute("INSERT INTO counters SELECT 'c' || i FROM generate_series(0, 9) AS i")
    counting.forget()
    yield connection
    await connection.close()


@pytest.fixture
async def begin(settings: Settings, rows: object) -> AsyncIterator[Begin]:
    """Start systems like those of so many server processes; they stop with the test."""
    async with AsyncExitStack() as stack:

        async def start(actors: Sequence[type[Actor]] = counting.ACTORS) -> System:
            outside = await stack.enter_async_context(open_outside(settings))
            system = System(outside, actors)
            await system.start()
            stack.push_async_callback(system.stop)
            return system

        yield start


@pytest.fixture
async def system(begin: Begin) -> System:
    """One process."""
    return await begin()


@pytest.fixture
def redis(system: System) -> Any:
    """The system's Redis; Any, because redis-py's types name every shape of every protocol version."""
    return system.outside.cache.redis
