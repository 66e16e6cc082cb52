"""How a commit wakes the relay: an event in this process, at most one NOTIFY per two milliseconds for the others.

NOTIFY inside a transaction serialises all commits, so it is sent after them, on a connection of its own.
"""

import asyncio
from contextvars import Context

import asyncpg
import structlog

from actors.adapters.database import CONNECTION_ERRORS, Database
from actors.kernel.tools import end, keep_running

CHANNEL = "vitrine_outbox"
SPACING_SECONDS = 0.002

log = structlog.get_logger(__name__)


class Wakeup:
    """`committed` is set after each commit with facts. While this process does not lead, others are notified."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.committed = asyncio.Event()
        self.is_leading = False
        self._to_notify = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to notify."""
        self._task = asyncio.get_running_loop().create_task(keep_running(self._notify, "notify"), context=Context())

    async def stop(self) -> None:
        """Notify no more; a lost notification is covered by the relay's poll."""
        await end([self._task])

    def after_commit(self) -> None:
        """Something waits in the outbox."""
        if self.is_leading:
            self.committed.set()
        else:
            self._to_notify.set()

    async def _notify(self) -> None:
        connection: asyncpg.Connection | None = None
        try:
            while True:
                await self._to_notify.wait()
                self._to_notify.clear()
                try:
                    if connection is None or connection.is_closed():
                        connection = await self._database.dedicated(application_name="vitrine-notify")
                    await connection.execute(f"NOTIFY {CHANNEL}")
                except (*CONNECTION_ERRORS, TimeoutError) as error:
                    log.warning("notify failed", error=error)
                    await asyncio.sleep(0.5)
                await asyncio.sleep(SPACING_SECONDS)
        finally:
            if connection is not None:
                connection.terminate()
