"""Whether the parts of Vitrine are at work, asked on a connection that requests cannot keep busy."""

import asyncio
from typing import Any

import asyncpg

from actors.adapters.cache import Cache
from actors.adapters.database import Database
from actors.adapters.queue import JOBS_GROUP, JOBS_STREAM, LEASE_SECONDS
from actors.kernel import locks


class Probe:
    """One question at a time. What was not answered costs the connection: the next question has a new one."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turn = asyncio.Lock()
        self._connection: asyncpg.Connection | None = None

    async def database_answers(self) -> bool:
        """Whether PostgreSQL does."""
        return bool(await self._ask("SELECT true"))

    async def relay_leads(self) -> bool:
        """Whether the relay of some process moves facts to Redis."""
        return bool(await self._ask(locks.IS_HELD, locks.LEADER))

    async def schedule_is_kept(self) -> bool:
        """Whether some scheduler owes jobs when they are due."""
        return bool(await self._ask(locks.IS_HELD, locks.SCHEDULER))

    async def close(self) -> None:
        """Ask nothing more."""
        if self._connection is not None:
            self._connection.terminate()

    async def _ask(self, sql: str, *args: Any) -> Any:
        async with self._turn:
            if self._connection is None or self._connection.is_closed():
                self._connection = await self._database.dedicated(application_name="vitrine-ready")
            try:
                return await self._connection.fetchval(sql, *args)
            except BaseException:
                self._connection.terminate()
                raise


async def a_worker_is_seen(cache: Cache) -> bool:
    """Whether some worker asked for jobs, or kept those it has, within the lease on them."""
    consumers: Any = await cache.redis.xinfo_consumers(JOBS_STREAM, JOBS_GROUP)
    return any(consumer["idle"] < LEASE_SECONDS * 1000 for consumer in consumers)
