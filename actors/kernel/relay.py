"""The relay: one leader moves facts from the outbox to Redis, in order, losing none and noticing any loss there."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from contextvars import Context
from datetime import timedelta

import asyncpg
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.adapters.database import CONNECTION_ERRORS
from actors.adapters.outside import Outside
from actors.kernel import locks, metrics, outbox
from actors.kernel.publisher import Deposed, Publisher
from actors.kernel.tools import end
from actors.kernel.wakeup import CHANNEL, Wakeup

log = structlog.get_logger(__name__)

POLL_SECONDS = 0.1
HEARTBEAT_SECONDS = 0.5
"""The leader's connection ends after two idle seconds, so that a process that was stopped does not keep the lock."""
PRUNE_SECONDS = 10.0
PRUNE_AFTER = timedelta(seconds=60)
OUTBOX_AT_ONCE = 5_000
PRUNED_AT_ONCE = 20_000
"""Rows of one table: what a long rest left behind goes in steps, between which facts are moved."""
RECORD_HORIZON = outbox.HORIZON
"""How long it is remembered what took effect; an older dead letter cannot be replayed."""

_FORGOTTEN = (
    # While a fact stays, for want of another domain's record, an epoch may send it again to those that have theirs.
    ("inbox_records", "at", RECORD_HORIZON, "NOT EXISTS (SELECT FROM outbox WHERE id = event_id)"),
    ("idempotency_keys", "at", timedelta(hours=24), "true"),
    ("job_intents", "done_at", timedelta(hours=24), "true"),
)


class Relay:
    """Tries to lead for as long as the process lives; only the leader publishes."""

    def __init__(self, outside: Outside, wakeup: Wakeup, domains: Sequence[str], reach: Callable[[str], None]) -> None:
        self._outside = outside
        self._wakeup = wakeup
        self._domains = domains
        self._reach = reach
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="relay", context=Context())

    async def stop(self) -> None:
        """Publish what waits, if this process leads, then give up the lead."""
        self._stopping = True
        self._wakeup.committed.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=5)
            await end([self._task])

    async def _run(self) -> None:
        while not self._stopping:
            try:
                await self._try_to_lead()
            except Deposed as error:
                log.warning("relay deposed", reason=str(error))
            except (*CONNECTION_ERRORS, TimeoutError, RedisError) as error:
                log.warning("relay interrupted", error=error)
                await asyncio.sleep(0.25)
            except Exception:
                log.exception("relay failed")
                await asyncio.sleep(1)

    async def _try_to_lead(self) -> None:
        connection = await self._outside.database.dedicated(
            application_name="vitrine-relay",
            idle_session_timeout="2000",
            idle_in_transaction_session_timeout="2000",
            statement_timeout="20000",
            synchronous_commit="off",
        )
        redis = self._outside.cache.stream_client()
        try:
            while not await connection.fetchval(locks.TAKE, locks.LEADER):
                if self._stopping:
                    return
                await asyncio.sleep(HEARTBEAT_SECONDS / 2)
            await self._lead(connection, redis)
        finally:
            self._wakeup.is_leading = False
            metrics.relay_leader.set(0)
            connection.terminate()
            with suppress(RedisError, OSError):
                await redis.aclose()

    async def _lead(self, connection: asyncpg.Connection, redis: Redis) -> None:
        raw = await redis.connection_pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it bare
        publisher = Publisher(connection, raw, self._domains, self._reach)
        self._wakeup.is_leading = True
        metrics.relay_leader.set(1)
        await connection.add_listener(CHANNEL, lambda *_: self._wakeup.committed.set())
        await publisher.take_over()
        log.info("relay leads", epoch=publisher.epoch)
        now = asyncio.get_running_loop().time
        next_heartbeat = next_prune = 0.0
        while True:
            self._wakeup.committed.clear()
            if now() >= next_heartbeat:
                await publisher.verify()
                await publisher.sweep()
                next_heartbeat = now() + HEARTBEAT_SECONDS
            # What is committed while facts are moved waits for the next turn, so the last one begins after the word.
            is_last = self._stopping
            while await publisher.publish():
                pass
            if is_last:
                return
            if now() >= next_prune:
                is_done = await self._prune(connection, publisher)
                next_prune = now() + (PRUNE_SECONDS if is_done else HEARTBEAT_SECONDS)
            with suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):
                    await self._wakeup.committed.wait()

    async def _prune(self, connection: asyncpg.Connection, publisher: Publisher) -> bool:
        """Forget a bounded part of what is over. False: there is more."""
        await publisher.trim()
        pruned = await outbox.prune(connection, self._domains, older_than=PRUNE_AFTER, limit=OUTBOX_AT_ONCE)
        is_done = pruned < OUTBOX_AT_ONCE
        for table, column, horizon, condition in _FORGOTTEN:
            tag = await connection.execute(
                f"DELETE FROM {table} WHERE ctid = ANY(ARRAY("
                f"SELECT ctid FROM {table} WHERE {column} < now() - $1::interval AND {condition} LIMIT $2))",
                horizon,
                PRUNED_AT_ONCE,
            )
            is_done = is_done and tag != f"DELETE {PRUNED_AT_ONCE}"
        return is_done
