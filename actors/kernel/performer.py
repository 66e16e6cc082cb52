"""How a delivered job is done: tried, paused, tried again, or buried."""

import asyncio
import os
import signal
from collections.abc import Mapping
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from actors.adapters.queue import Delivery, JobBroker
from actors.kernel.failures import Verdict, judge
from actors.kernel.jobs import AlreadyDone, Bench, Job, JobContext

log = structlog.get_logger(__name__)

jobs_total = Counter("vitrine_jobs_total", "Attempts at jobs", ["job", "outcome"])
job_seconds = Histogram(
    "vitrine_job_seconds", "Time of one attempt at a job", ["job"], buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60)
)

ATTEMPTS = 6
"""How often a job may raise before it is dead: tried again after 1, 2, 4, 8 and 16 seconds."""
FIRST_PAUSE = 1.0
LONGEST_OUTAGE_PAUSE = 5.0

_INTENT = """
SELECT origin, done_at IS NULL AND NOT EXISTS (
    SELECT FROM dead_letters WHERE domain = 'jobs' AND event_id = job_intents.id) AS is_owed
FROM job_intents WHERE id = $1
"""


class Performer:
    """Does one delivery after the other, several at a time. `stopping`, once set, ends every pause."""

    def __init__(
        self,
        jobs: Mapping[str, Job],
        bench: Bench,
        stopping: asyncio.Event,
        *,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._jobs = jobs
        self._bench = bench
        self._stopping = stopping
        self._first_pause = first_pause

    async def perform(self, broker: JobBroker, delivery: Delivery) -> None:
        """Settle a delivery, whatever becomes of it. An outage burns no attempt: the job waits in hand."""
        name, pause = delivery.message.task_name, self._first_pause
        with bound_contextvars(job=name, job_id=delivery.message.task_id):
            while True:
                try:
                    with job_seconds.labels(name).time():
                        await self._attempt(delivery)
                except Exception as error:  # noqa: BLE001  a worker outlives whatever a job raises
                    if judge(error) not in {Verdict.OUTAGE, Verdict.RERUN}:
                        await self._fail(broker, delivery, error)
                        return
                    log.warning("job paused", error=error)
                    if await self._stops_within(pause):
                        await broker.give_back(delivery)
                        return
                    pause = min(LONGEST_OUTAGE_PAUSE, pause * 2)
                else:
                    jobs_total.labels(name, "done").inc()
                    await broker.done(delivery)
                    return

    async def _attempt(self, delivery: Delivery) -> None:
        job_id = UUID(delivery.message.task_id)
        async with self._bench.outside.database.for_command() as connection:
            intent = await connection.fetchrow(_INTENT, job_id)
        if intent is None or not intent["is_owed"]:
            return
        context = JobContext(self._bench, job_id, intent["origin"])
        self._reach("job:begun")
        try:
            await self._jobs[delivery.message.task_name].run(context, **delivery.message.kwargs)
            if not context.is_done:
                async with context.transaction():
                    pass  # there was nothing to do, which is done too
        except AlreadyDone:
            log.info("job was done meanwhile")
        self._reach("job:done")

    async def _fail(self, broker: JobBroker, delivery: Delivery, error: Exception) -> None:
        name = delivery.message.task_name
        try:
            failures = await broker.count_failure(delivery)
        except (RedisError, OSError):
            await broker.give_back(delivery)
            return
        log.error("job failed", attempt=failures, exc_info=error)
        jobs_total.labels(name, "failed").inc()
        if failures >= ATTEMPTS:
            await broker.bury(delivery, repr(error), failures)
        else:
            await broker.give_back(delivery, self._first_pause * 2 ** (failures - 1))

    async def _stops_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    def _reach(self, point: str) -> None:
        """A named point at which a test may let this process die, as by `VITRINE_FAULT`."""
        if point == self._bench.outside.settings.fault:
            os.kill(os.getpid(), signal.SIGKILL)
