"""The processes beside the edge: a worker that does jobs, and a scheduler that owes those the clock demands."""

import asyncio
import signal
from collections.abc import Mapping
from functools import partial

import structlog
from prometheus_client import start_http_server
from taskiq import AckableMessage
from taskiq.receiver import Receiver

from actors.adapters.database import Database
from actors.adapters.outside import Outside, open_outside
from actors.adapters.queue import DELIVERIES, LEASE_SECONDS, Delivery, JobBroker
from actors.domains import actors, modules
from actors.kernel.burial import bury
from actors.kernel.jobs import Bench, Job, jobs_of
from actors.kernel.performer import FIRST_PAUSE, Performer
from actors.kernel.schedule import keep_schedule
from actors.kernel.system import listeners_of
from actors.kernel.wakeup import Wakeup
from actors.settings import Settings, SettingsError

log = structlog.get_logger(__name__)

JOBS_AT_ONCE = 8
HEAVY_AT_ONCE = 1
"""Children that decode pictures: one, so that a worker and its child stay below 400 MB. More cores: more workers."""
DRAIN_SECONDS = 25.0


class _Receiver(Receiver):
    """Taskiq's receiver gives room, order and drain; the performer says what becomes of a delivery."""

    def __init__(self, broker: JobBroker, performer: Performer) -> None:
        super().__init__(broker, max_async_tasks=JOBS_AT_ONCE, run_startup=False, wait_tasks_timeout=DRAIN_SECONDS)
        self._jobs = broker
        self._performer = performer

    async def callback(self, message: bytes | AckableMessage, raise_err: bool = False) -> None:  # noqa: ARG002  Taskiq's signature
        assert isinstance(message, Delivery)
        await self._performer.perform(self._jobs, message)


async def work(
    outside: Outside,
    jobs: Mapping[str, Job],
    stopping: asyncio.Event,
    *,
    lease_seconds: float = LEASE_SECONDS,
    deliveries: int = DELIVERIES,
    first_pause: float = FIRST_PAUSE,
) -> None:
    """Do jobs until `stopping` is set, then finish those at hand, for 25 seconds at most; the rest goes to others."""
    wakeup = Wakeup(outside.database)
    bench = Bench(outside, listeners_of(actors()), wakeup, asyncio.Semaphore(HEAVY_AT_ONCE))
    performer = Performer(jobs, bench, first_pause=first_pause)
    broker = JobBroker(
        outside.settings.redis_url,
        partial(bury, bench, jobs),
        lease_seconds=lease_seconds,
        deliveries=deliveries,
    )
    broker.is_worker_process = True
    broker.is_stopping = stopping.is_set
    for job in jobs.values():
        broker.register_task(job.run, task_name=job.name)
    await wakeup.start()
    await broker.startup()
    try:
        await _Receiver(broker, performer).listen(stopping)
    finally:
        await broker.shutdown()
        await wakeup.stop()


def declared_jobs() -> dict[str, Job]:
    """The jobs of every domain, by name."""
    return jobs_of(modules("jobs"))


async def run_worker(settings: Settings) -> None:
    """A worker process: until SIGTERM or SIGINT. It reads the primary, where what was just committed is.

    Raises `SettingsError` when it cannot show its metrics where HOST and WORKER_METRICS_PORT say.
    """
    stopping = _stopped_by_signals()
    async with open_outside(settings) as outside:
        if settings.worker_metrics_port is not None:
            _show_metrics(settings.host, settings.worker_metrics_port)
        log.info("worker starts")
        await work(outside, declared_jobs(), stopping)
    log.info("worker ends")


async def run_scheduler(settings: Settings) -> None:
    """A scheduler process: until SIGTERM or SIGINT. Several may run; one at a time holds the lease."""
    stopping = _stopped_by_signals()
    database = await Database.open(settings)
    try:
        await keep_schedule(database, declared_jobs().values(), stopping)
    finally:
        await database.close()


def _show_metrics(host: str, port: int) -> None:
    try:
        start_http_server(port, addr=host)
    except OSError as error:
        raise SettingsError(f"cannot listen on HOST={host} WORKER_METRICS_PORT={port}: {error.strerror}") from None


def _stopped_by_signals() -> asyncio.Event:
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    return stopping
