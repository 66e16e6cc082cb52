"""Jobs by the clock: one scheduler at a time owes what is due, as an intent row, once for each minute."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID, uuid5

import asyncpg
import structlog
from taskiq import InMemoryBroker, ScheduleSource, TaskiqScheduler
from taskiq.cli.scheduler.run import SchedulerLoop
from taskiq.scheduler.scheduled_task import ScheduledTask

from actors.adapters.database import CONNECTION_ERRORS, Database
from actors.kernel import locks
from actors.kernel.failures import Verdict, judge
from actors.kernel.jobs import Job
from actors.kernel.tools import is_set_within

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 2.0
SESSION_SECONDS = 10
"""A scheduler that stands still for so long loses the lock with its connection."""
_TICKS = UUID("0198c5b2-6f0e-7d3a-9c43-5a1f0c6f2d11")
"""Names the ids of what the clock starts: the same job in the same minute has the same id, whoever owes it."""


class _Declared(ScheduleSource):
    """Taskiq's view of the jobs that have a `cron`."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self._schedules = [
            ScheduledTask(task_name=job.name, schedule_id=job.name, labels={}, args=[], kwargs={}, cron=job.cron)
            for job in jobs
            if job.cron is not None
        ]

    async def get_schedules(self) -> list[ScheduledTask]:
        return self._schedules


class _Owing(TaskiqScheduler):
    """Writes what is due into the job intents, where it is safe, instead of kicking it."""

    def __init__(self, database: Database, jobs: Iterable[Job]) -> None:
        super().__init__(InMemoryBroker(), [_Declared(jobs)])
        self._database = database

    async def on_ready(self, source: ScheduleSource, task: ScheduledTask) -> None:  # noqa: ARG002  Taskiq's signature
        minute = datetime.now(UTC).replace(second=0, microsecond=0)
        while True:
            try:
                async with self._database.for_command() as connection:
                    await connection.execute(
                        "INSERT INTO job_intents (id, task, args, created_at) VALUES ($1, $2, '{}', now()) "
                        "ON CONFLICT (id) DO NOTHING",
                        uuid5(_TICKS, f"{task.task_name} {minute.isoformat()}"),
                        task.task_name,
                    )
            except Exception as error:
                if judge(error) is not Verdict.OUTAGE:
                    raise
                log.warning("a scheduled job could not be owed yet", job=task.task_name, error=error)
                await asyncio.sleep(1)
            else:
                return


async def keep_schedule(database: Database, jobs: Iterable[Job], stopping: asyncio.Event) -> None:
    """Owe jobs when they are due, for as long as this process holds the lease, until `stopping` is set."""
    declared = tuple(jobs)
    while not stopping.is_set():
        try:
            connection = await database.dedicated(
                application_name="vitrine-scheduler", idle_session_timeout=str(SESSION_SECONDS * 1000)
            )
            try:
                await _wait_for_lease(connection, stopping)
                await _lead(connection, _Owing(database, declared), stopping)
            finally:
                connection.terminate()
        except (*CONNECTION_ERRORS, TimeoutError) as error:
            log.warning("schedule interrupted", error=error)
            await is_set_within(stopping, 1.0)


async def _wait_for_lease(connection: asyncpg.Connection, stopping: asyncio.Event) -> None:
    while not await connection.fetchval(locks.TAKE, locks.SCHEDULER):
        if await is_set_within(stopping, 1.0):
            return


async def _lead(connection: asyncpg.Connection, scheduler: TaskiqScheduler, stopping: asyncio.Event) -> None:
    if stopping.is_set():
        return
    log.info("schedule kept")
    loop = asyncio.get_running_loop()
    ticking = loop.create_task(SchedulerLoop(scheduler, event_loop=loop).run(), name="schedule")
    try:
        while not await is_set_within(stopping, HEARTBEAT_SECONDS):
            await connection.execute("SELECT 1")
            if ticking.done():
                ticking.result()
    finally:
        ticking.cancel()
        await asyncio.wait([ticking])
