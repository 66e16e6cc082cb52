"""A read replica: it answers visitors while it is close behind the primary, and says how far in the live log it is."""

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import Context

import asyncpg
import structlog

from actors.adapters.database import CONNECTION_ERRORS, Connection, Database, lent, pool_of
from actors.kernel import metrics
from actors.kernel.tools import end, keep_running

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.1
BEHIND_SECONDS = 0.4
"""What is taken back is gone for everybody within a second, pages that were kept for half of one included: a replica
further behind answers nobody."""

_WRITTEN = "SELECT pg_current_wal_lsn() - '0/0'"
_REPLAYED = """
SELECT epoch, n, CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0' AS to
FROM relay_state
"""


class Replica:
    """Looks ten times a second how far it has come. It never writes, so who has just written must not ask it: that
    is whoever signed in, in whichever process they wrote."""

    def __init__(self, url: str, connections: int, primary: Database) -> None:
        self._url = url
        self._connections = connections
        self._primary = primary
        self._slots = asyncio.Semaphore(connections)
        self._pool: asyncpg.Pool | None = None
        self._position: tuple[int, int] | None = None
        self._close_until = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look; with the replica away, go on trying."""
        watch = keep_running(self._watch, "replica")
        self._task = asyncio.get_running_loop().create_task(watch, name="replica", context=Context())

    async def stop(self) -> None:
        """Look no more, and close every connection."""
        await end([self._task])
        self._forget()

    @property
    def position(self) -> tuple[int, int] | None:
        """Epoch and number of a live entry: every fact up to it shows there. None: it must not be asked now.

        The relay notes both in the primary after it has published, so that where the note is replayed, the facts
        are.
        """
        return self._position if time.monotonic() < self._close_until else None

    async def is_close(self) -> bool:
        """Whether it answers visitors now."""
        return self.position is not None

    @asynccontextmanager
    async def for_query(self) -> AsyncIterator[Connection]:
        """A connection to it. Raises `ConnectionError` when it has gone away since its position was told."""
        async with self._slots:
            if self._pool is None:
                raise ConnectionError("the read replica is away")
            async with lent(self._pool) as connection:
                yield connection

    async def _watch(self) -> None:
        written: deque[tuple[float, int]] = deque()
        while True:
            try:
                await self._look(written)
            except (*CONNECTION_ERRORS, TimeoutError) as error:
                log.warning("the read replica is away: the primary answers for it", error=error)
                self._forget()
                written.clear()
                await asyncio.sleep(1)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, written: deque[tuple[float, int]]) -> None:
        """It is as far behind as the last moment whose writes it has replayed whole."""
        if self._pool is None:
            self._pool = await pool_of(self._url, self._connections, read_only=True)
        asked_at = time.monotonic()
        async with asyncio.timeout(BEHIND_SECONDS):
            async with self._primary.for_query() as connection:
                written.append((asked_at, int(await connection.fetchval(_WRITTEN))))
            async with self.for_query() as connection:
                row = await connection.fetchrow(_REPLAYED)
        assert row is not None, "the migration puts this row there"
        self._position = row["epoch"], row["n"]
        while written and written[0][1] <= row["to"]:
            self._close_until = written.popleft()[0] + BEHIND_SECONDS
        metrics.replica_lag_seconds.set(time.monotonic() - written[0][0] if written else 0.0)

    def _forget(self) -> None:
        self._close_until = 0.0
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.terminate()
