"""PostgreSQL: reserved connections for commands and for queries, and dedicated ones for those that must own theirs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Self, TypeAlias

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from actors.settings import Settings, SettingsError

Connection: TypeAlias = asyncpg.Connection | PoolConnectionProxy
"""A connection of its own, or one that goes back to its pool."""

CONNECTION_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises when a connection is lost; the last but one when that happens between two commands."""
EVENT_SHARE = 4
"""One in so many writing connections is for reactions to facts."""
STATEMENT_TIMEOUT_MS = 5_000
"""No statement of a request runs longer; what hangs is answered 503 and rolled back."""
SILENCE_SECONDS = 8.0
"""What the owner of a dedicated connection waits for an answer: a server that vanished says nothing, for ever."""


def rows_of(tag: str) -> int:
    """How many rows a statement touched, by the tag that `execute` returns."""
    return int(tag.rpartition(" ")[2])


class Database:
    """The pools of one process. Commands and queries have their own, so that neither starves the other."""

    def __init__(self, settings: Settings, commands: asyncpg.Pool, queries: asyncpg.Pool) -> None:
        self._settings = settings
        self._commands = commands
        self._queries = queries
        events = max(1, settings.command_connections // EVENT_SHARE)
        self._command_slots = asyncio.Semaphore(settings.command_connections - events)
        self._event_slots = asyncio.Semaphore(events)
        self._query_slots = asyncio.Semaphore(settings.query_connections)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Connect. Raises the driver's error when the database does not answer within 10 seconds, and `SettingsError`
        when no migration was ever carried out there."""
        commands = await pool_of(settings.database_url, settings.command_connections)
        try:
            await _expect_tables(commands)
            queries = await pool_of(settings.database_url, settings.query_connections, read_only=True)
        except BaseException:
            commands.terminate()
            raise
        return cls(settings, commands, queries)

    async def close(self) -> None:
        """Close every connection, the ones in use after five seconds at the latest."""
        for pool in (self._commands, self._queries):
            try:
                async with asyncio.timeout(5):
                    await pool.close()
            except TimeoutError:
                pool.terminate()

    @asynccontextmanager
    async def for_command(self) -> AsyncIterator[Connection]:
        """A connection that may write. Waiting is bounded by the lanes that ask."""
        async with self._command_slots, lent(self._commands) as connection:
            yield connection

    @asynccontextmanager
    async def for_event(self) -> AsyncIterator[Connection]:
        """A connection that may write, from the share of those who react: a crowd of facts must not starve people."""
        async with self._event_slots, lent(self._commands) as connection:
            yield connection

    @asynccontextmanager
    async def for_query(self) -> AsyncIterator[Connection]:
        """A connection that reads only."""
        async with self._query_slots, lent(self._queries) as connection:
            yield connection

    async def dedicated(self, **server_settings: str) -> asyncpg.Connection:
        """A connection of the primary outside the pools, on which JSON comes as text; the caller closes it.

        Raises `TimeoutError` for what is not answered in eight seconds, unless the call names its own `timeout`.
        """
        return await asyncpg.connect(
            self._settings.database_url, timeout=5, command_timeout=SILENCE_SECONDS, server_settings=server_settings
        )


async def _expect_tables(pool: asyncpg.Pool) -> None:
    if await pool.fetchval("SELECT to_regclass('migration')") is None:
        raise SettingsError("DB_URL names a database without tables: run `vitrine migrate` first")


@asynccontextmanager
async def lent(pool: asyncpg.Pool) -> AsyncIterator[Connection]:
    """A connection of the pool. That it is lost on its way back undoes nothing: the pool replaces it."""
    connection = await pool.acquire()
    try:
        yield connection
    finally:
        with suppress(*CONNECTION_ERRORS):
            await pool.release(connection)


async def pool_of(url: str, size: int, *, read_only: bool = False) -> asyncpg.Pool:
    """Up to `size` connections. Raises the driver's error when no server answers within 10 seconds."""
    pool: asyncpg.Pool = await asyncpg.create_pool(
        url,
        min_size=min(2, size),
        max_size=size,
        init=_prepare,
        reset=_keep,
        timeout=10,
        command_timeout=STATEMENT_TIMEOUT_MS / 1000 + 1,
        server_settings={
            "application_name": "vitrine",
            "statement_timeout": str(STATEMENT_TIMEOUT_MS),
            "idle_in_transaction_session_timeout": "10000",
            "default_transaction_read_only": "on" if read_only else "off",
            # Everything asked is found by keys, and every statement is prepared: looking for a better plan for these
            # values each time costs 0.6 ms where the answer takes 0.1.
            "plan_cache_mode": "force_generic_plan",
        },
    )
    return pool


async def _keep(connection: asyncpg.Connection) -> None:
    """Nothing: whoever borrows a connection leaves no lock, listener or setting behind, only what ends with COMMIT.

    Asking the server to reset them costs a round trip for each transaction and each question.
    """


async def _prepare(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=_to_json, decoder=orjson.loads, schema="pg_catalog")


def _to_json(value: Any) -> str:
    return orjson.dumps(value).decode()
