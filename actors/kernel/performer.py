"""How a delivered job is done: tried, paused, tried again, or buried."""

from collections.abc import Mapping
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from redis.exceptions import RedisError
from structlog.contextvars import bound_contextvars

from actors.adapters.queue import Delivery, JobBroker
from actors.kernel.failures import Verdict, judge
from actors.kernel.faults import reach
from actors.kernel.jobs import AlreadyDone, Bench, Job, JobContext
from actors.kernel.turns import Turns

log = structlog.get_logger(__name__)

jobs_total = Counter("vitrine_jobs_total", "Attempts at jobs", ["job", "outcome"])
job_seconds = Histogram(
    "vitrine_job_seconds", "Time of one attempt at a job", ["job"], buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 15, 60)
)

ATTEMPTS = 6
"""How often a job may raise before it is dead: tried again after 1, 2, 4, 8 and 16 seconds."""
FIRST_PAUSE = 1.0
LONGEST_OUTAGE_PAUSE = 5.0
HEAVY_IN_HAND = 4
"""Heavy jobs a worker has at once: one that computes, and those that fetch meanwhile what they need."""
_HANDED_BACK_A_SECOND = 20

_INTENT = """
SELECT origin, done_at IS NULL AND NOT EXISTS (
    SELECT FROM dead_letters WHERE domain = 'jobs' AND event_id = job_intents.id) AS is_owed
FROM job_intents WHERE id = $1
"""


class Performer:
    """Does one delivery after the other, several at a time. What waits does so in the queue: it holds up nothing."""

    def __init__(self, jobs: Mapping[str, Job], bench: Bench, *, first_pause: float = FIRST_PAUSE) -> None:
        self._jobs = jobs
        self._bench = bench
        self._first_pause = first_pause
        self._pauses: dict[str, float] = {}
        self._heavy = Turns(HEAVY_IN_HAND)

    async def perform(self, broker: JobBroker, delivery: Delivery) -> None:
        """Settle a delivery, whatever becomes of it."""
        if not self._jobs[delivery.message.task_name].is_heavy:
            await self._settle(broker, delivery)
        elif self._heavy.take(delivery.entry):
            try:
                await self._settle(broker, delivery)
            finally:
                self._heavy.leave()
        else:
            # The more wait, the longer each does: those that come back are as many a second.
            await broker.give_back(delivery, max(self._first_pause, self._heavy.waiting / _HANDED_BACK_A_SECOND))

    async def _settle(self, broker: JobBroker, delivery: Delivery) -> None:
        """Try it. An outage burns no attempt, and has jobs of that name wait the longer the more of them it meets."""
        name = delivery.message.task_name
        with bound_contextvars(job=name, job_id=delivery.message.task_id):
            try:
                with job_seconds.labels(name).time():
                    await self._attempt(delivery)
            except Exception as error:  # noqa: BLE001  a worker outlives whatever a job raises
                if judge(error) not in {Verdict.OUTAGE, Verdict.RERUN}:
                    await self._fail(broker, delivery, error)
                    return
                pause = self._pauses.get(name, self._first_pause)
                self._pauses[name] = min(LONGEST_OUTAGE_PAUSE, pause * 2)
                log.warning("job paused", seconds=pause, error=error)
                await broker.give_back(delivery, pause)
            else:
                self._pauses.pop(name, None)
                jobs_total.labels(name, "done").inc()
                await broker.done(delivery)

    async def _attempt(self, delivery: Delivery) -> None:
        job_id = UUID(delivery.message.task_id)
        async with self._bench.outside.database.for_command() as connection:
            intent = await connection.fetchrow(_INTENT, job_id)
        if intent is None or not intent["is_owed"]:
            return
        context = JobContext(self._bench, job_id, intent["origin"])
        reach("job:begun", self._bench.outside.settings)
        try:
            await self._jobs[delivery.message.task_name].run(context, **delivery.message.kwargs)
            if not context.is_done:
                async with context.transaction():
                    pass  # there was nothing to do, which is done too
        except AlreadyDone:
            log.info("job was done meanwhile")
        reach("job:done", self._bench.outside.settings)

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
