"""The job queue: Taskiq on a Redis stream, where nothing is lost, and nothing is tried for ever.

taskiq-redis hands a dead worker's job on only when another job arrives, acknowledges tasks it does not know, and
knows no last attempt; so this broker takes its connections and its place in Taskiq, and does the rest itself.
"""

import asyncio
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson
import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from taskiq import AckableMessage
from taskiq.message import TaskiqMessage
from taskiq_redis import RedisStreamBroker

from actors.adapters import job_stream
from actors.adapters.job_stream import Entry, JobStream

log = structlog.get_logger(__name__)

JOBS_STREAM = job_stream.STREAM
JOBS_GROUP = job_stream.GROUP
JOBS_FIELD = job_stream.FIELD

LEASE_SECONDS = 20.0
DELIVERIES = 10
"""Deliveries in a row without an outcome, after which a job counts as one that kills its workers."""
_LOOKS_A_LEASE = 20
_LONGEST_PAUSE = 2.0


def pack(task: str, task_id: str, args: Mapping[str, Any] | str) -> bytes:
    """A job as an entry of the stream holds it in `JOBS_FIELD`. Arguments given as JSON text are spliced in."""
    kwargs = orjson.Fragment(args) if isinstance(args, str) else args
    head: dict[str, Any] = {"task_id": task_id, "task_name": task, "labels": {}, "labels_types": None, "args": []}
    return orjson.dumps({**head, "kwargs": kwargs})


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that will not be tried again. `message` is None where the payload could not be read."""

    message: TaskiqMessage | None
    payload: bytes
    error: str
    attempts: int


class Delivery(AckableMessage):
    """A job this process holds until it tells the broker what became of it."""

    entry: bytes
    message: TaskiqMessage


class JobBroker(RedisStreamBroker):
    """Hands out jobs, each to one worker at a time for as long as that worker lives.

    A holder keeps its entries fresh; what nobody refreshed for a lease is handed out again, on a timer. `on_dead`
    must keep a dead job before the stream forgets it: while it raises, the job stays.
    """

    is_stopping: Callable[[], bool] = staticmethod(lambda: False)
    """Whether to read no more; who runs the worker sets it."""

    def __init__(
        self,
        url: str,
        on_dead: Callable[[DeadJob], Awaitable[None]],
        *,
        lease_seconds: float = LEASE_SECONDS,
        deliveries: int = DELIVERIES,
    ) -> None:
        super().__init__(
            url,
            queue_name=JOBS_STREAM,
            consumer_group_name=JOBS_GROUP,
            consumer_name=f"{socket.gethostname()}:{uuid4().hex[:12]}",
            consumer_id="0",
            mkstream=False,
            max_connection_pool_size=8,
            timeout=5,
            socket_timeout=10,
            socket_connect_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        self._lease = lease_seconds
        self._deliveries = deliveries
        self._on_dead = on_dead
        self._held: set[bytes] = set()
        self._stream = JobStream(
            Redis(connection_pool=self.connection_pool), self.consumer_name, int(lease_seconds * 1000)
        )
        self._refreshing: asyncio.Task[None] | None = None

    async def _declare_consumer_group(self) -> None:
        """The relay makes it."""

    async def startup(self) -> None:
        """Begin to keep fresh what is held."""
        await super().startup()
        self._refreshing = asyncio.create_task(self._keep_fresh(), name="job leases")

    async def shutdown(self) -> None:
        """Give back what is still held: somebody else may have it at once."""
        if self._refreshing is not None:
            self._refreshing.cancel()
        with suppress(RedisError, OSError):
            await self._stream.sign_off()
        await super().shutdown()

    async def listen(self) -> AsyncGenerator[AckableMessage, None]:
        """Jobs, one at a time, as the receiver has room: what others left behind or gave back, and new ones, in turns.

        Survives the loss of Redis, of the stream and of its group; it waits until they are back.
        """
        next_look, pause, is_new, took_over = 0.0, 0.0, True, False
        block_ms = max(50, int(self._lease * 1000 / _LOOKS_A_LEASE))
        # A cancellation that meets redis-py's wake-up is lost on Python 3.11, so it is also asked for in words.
        while not self.is_stopping():
            try:
                if is_new:
                    await self._stream.drop_stale_consumers()
                    is_new = False
                looks = not took_over and time.monotonic() >= next_look
                found = await self._stream.take_over() if looks else None
                entry = found or await self._stream.read(None if took_over else block_ms)
                if looks and found is None:
                    next_look = time.monotonic() + self._lease / _LOOKS_A_LEASE
                took_over = found is not None
                delivery = None if entry is None else await self._open(entry)
                pause = 0.0
            except (RedisError, OSError, TimeoutError) as error:
                # The stream and its group are made by the relay, when it first leads and after a loss.
                if not pause and not str(error).startswith(("NOGROUP", "no such key")):
                    log.warning("the job queue does not answer", error=error)
                pause = min(_LONGEST_PAUSE, max(0.1, pause * 2))
                await asyncio.sleep(pause)
            else:
                if delivery is not None:
                    yield delivery

    async def _open(self, entry: Entry) -> Delivery | None:
        """What an entry holds; None when it is no job anybody here can do, which is then dead."""
        if entry.id in self._held:
            return None  # this process stood still for a lease and met its own entry
        try:
            message = self.formatter.loads(entry.payload)
        except ValueError as error:
            await self._bury(entry.id, DeadJob(None, entry.payload, f"cannot be read: {error}", 0))
            return None
        why = None
        if self.find_task(message.task_name) is None:
            why = "no worker knows this task"
        elif entry.deliveries > self._deliveries:
            why = f"{self._deliveries} workers in a row died of it"
        if why is not None:
            await self._bury(entry.id, DeadJob(message, entry.payload, why, entry.deliveries - 1))
            return None

        async def ack() -> None:
            await self.done(delivery)

        self._held.add(entry.id)
        delivery = Delivery(data=entry.payload, ack=ack, entry=entry.id, message=message)
        return delivery

    async def done(self, delivery: Delivery) -> None:
        """It is done: nobody gets it again."""
        await self._settle(delivery.entry, self._stream.forget(delivery.entry))

    async def count_failure(self, delivery: Delivery) -> int:
        """Note that this job has failed, and say how often it has by now. Raises redis-py's errors."""
        return await self._stream.count_failure(delivery.entry)

    async def give_back(self, delivery: Delivery, after_seconds: float = 0.0) -> None:
        """Let it be tried again after this long, a lease at the most."""
        await self._settle(delivery.entry, self._stream.give_back(delivery.entry, after_seconds))

    async def bury(self, delivery: Delivery, error: str, attempts: int) -> None:
        """It failed for the last time."""
        await self._bury(delivery.entry, DeadJob(delivery.message, delivery.data, error, attempts))

    async def _bury(self, entry: bytes, job: DeadJob) -> None:
        task, task_id = (job.message.task_name, job.message.task_id) if job.message else ("", "")
        log.error("job is dead", task=task, job_id=task_id, error=job.error, attempts=job.attempts)
        letter = {"data": job.payload, "error": job.error, "attempts": job.attempts}
        try:
            await self._on_dead(job)
        except Exception:
            log.exception("a dead job could not be kept, so it stays in the queue", task=task, job_id=task_id)
            self._held.discard(entry)
        else:
            await self._settle(entry, self._stream.forget(entry, letter))

    async def _settle(self, entry: bytes, outcome: Awaitable[None]) -> None:
        """Hold it no longer. What Redis was not told for want of an answer, the end of the lease tells."""
        self._held.discard(entry)
        try:
            await outcome
        except (RedisError, OSError) as error:
            log.warning("the outcome of a job could not be noted", entry=entry, error=error)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(self._lease / 3)
            if self._held:
                try:
                    await self._stream.refresh(self._held)
                except (RedisError, OSError, TimeoutError) as error:
                    log.warning("job leases not renewed", error=error)
