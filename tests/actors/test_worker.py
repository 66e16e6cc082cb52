"""Workers and schedulers beside a real relay, PostgreSQL and Valkey: a job that is owed is done, once in effect."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from redis.asyncio import Redis
from taskiq.message import TaskiqMessage
from uuid_utils.compat import uuid7

from actors.adapters.job_stream import DEAD_STREAM
from actors.adapters.outside import Outside
from actors.adapters.queue import JOBS_FIELD, JOBS_STREAM, DeadJob, pack
from actors.domains import actors
from actors.kernel import dead
from actors.kernel.burial import bury
from actors.kernel.jobs import Bench
from actors.kernel.schedule import keep_schedule
from actors.kernel.system import System, listeners_of
from actors.kernel.wakeup import Wakeup
from actors.settings import Settings, SettingsError
from actors.worker import run_worker, work
from load.processes import Part
from tests.actors.sample_jobs import EFFECTS, RUNS, SAMPLES
from tests.flows.forked import forked
from tests.flows.stack import environment_of

LEASE = 2.0


@pytest.fixture
async def rows(system: System, database_url: str) -> AsyncIterator["Rows"]:
    """The database beside a running system, whose relay moves what is owed."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"{RUNS}; {EFFECTS}")
    yield Rows(connection)
    await connection.close()


class Rows:
    """What was owed and what became of it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection

    async def owe(self, task: str, args: str = "{}") -> UUID:
        """An intent, as `tx.enqueue` writes it."""
        job_id = uuid7()
        await self.connection.execute(
            "INSERT INTO job_intents (id, task, args, created_at) VALUES ($1, $2, $3, now())", job_id, task, args
        )
        return job_id

    async def runs(self, job: str) -> int:
        """How often it was started."""
        return int(await self.connection.fetchval("SELECT count(*) FROM runs WHERE job = $1", job))

    async def effects(self, job_id: UUID) -> int:
        """How often it took effect."""
        return int(await self.connection.fetchval("SELECT count(*) FROM effects WHERE job_id = $1", job_id))

    async def is_done(self, job_id: UUID) -> bool:
        """Whether it is owed no longer."""
        done = await self.connection.fetchval("SELECT done_at IS NOT NULL FROM job_intents WHERE id = $1", job_id)
        return bool(done)

    async def mourned(self) -> list[str]:
        """The last words."""
        found = await self.connection.fetch("SELECT job FROM effects WHERE job LIKE 'mourned%'")
        return [row["job"] for row in found]

    async def letters(self) -> list[asyncpg.Record]:
        """Dead jobs."""
        return list(await self.connection.fetch("SELECT * FROM dead_letters WHERE domain = 'jobs'"))


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> None:
    """Wait for it."""
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110  what is awaited lies in other processes
            await asyncio.sleep(0.05)


@contextmanager
def process(settings: Settings, folder: Path, *, deliveries: int = 10) -> Iterator[Part]:
    """A worker process of its own, which ends with the block."""
    arguments = ["-m", "tests.actors.sample_jobs", str(LEASE), str(deliveries)]
    worker = Part(arguments, environment_of(settings), folder / "worker.log", start=forked)
    try:
        yield worker
    finally:
        worker.kill()


@asynccontextmanager
async def workers(outside: Outside, count: int = 1) -> AsyncIterator[None]:
    """Workers in this process."""
    stopping = asyncio.Event()
    tasks = [
        asyncio.create_task(work(outside, SAMPLES, stopping, lease_seconds=LEASE, first_pause=0.05))
        for _ in range(count)
    ]
    try:
        yield
    finally:
        stopping.set()
        await asyncio.gather(*tasks)


async def test_a_job_whose_worker_was_killed_is_done_within_its_lease_with_nothing_else_enqueued(
    rows: Rows, settings: Settings, tmp_path: Path
) -> None:
    job_id = await rows.owe("sample.slow", '{"seconds": 1.5}')
    with process(settings, tmp_path) as first:
        await until(lambda: rows.runs("slow"))
        first.kill()
        assert await first.ended() == -signal.SIGKILL
    with process(settings, tmp_path):
        await until(lambda: rows.effects(job_id))
    assert await rows.runs("slow") == 2
    assert await rows.effects(job_id) == 1


async def test_a_job_longer_than_its_lease_is_not_started_twice(rows: Rows, outside: Outside) -> None:
    async with workers(outside, 2):
        job_id = await rows.owe("sample.slow", '{"seconds": 3}')
        await until(lambda: rows.effects(job_id))
    assert await rows.runs("slow") == 1


async def test_a_job_kicked_and_lost_with_redis_before_it_began_is_done(rows: Rows, outside: Outside) -> None:
    job_id = await rows.owe("sample.quick")
    async with Redis.from_url(outside.settings.redis_url) as redis:
        await until(lambda: redis.xlen(JOBS_STREAM))
        await redis.flushall()
    async with workers(outside):
        await until(lambda: rows.effects(job_id))
        await asyncio.sleep(2 * LEASE)
    assert await rows.effects(job_id) == 1


async def test_the_second_delivery_of_a_job_does_nothing(rows: Rows, outside: Outside) -> None:
    async with workers(outside), Redis.from_url(outside.settings.redis_url) as redis:
        job_id = await rows.owe("sample.quick")
        await until(lambda: rows.is_done(job_id))
        await redis.xadd(JOBS_STREAM, {JOBS_FIELD: pack("sample.quick", str(job_id), {})})
        await until(lambda: _is_empty(redis))
    assert await rows.runs("quick") == 1


async def test_two_deliveries_at_once_take_effect_once(rows: Rows, outside: Outside) -> None:
    job_id = await rows.owe("sample.slow", '{"seconds": 1}')
    async with Redis.from_url(outside.settings.redis_url) as redis:
        await until(lambda: redis.xlen(JOBS_STREAM))
        await redis.xadd(JOBS_STREAM, {JOBS_FIELD: pack("sample.slow", str(job_id), {"seconds": 1})})
        async with workers(outside, 2):  # who find both there
            await until(lambda: _is_empty(redis))
    assert await rows.runs("slow") == 2
    assert await rows.effects(job_id) == 1


async def test_a_job_that_finds_nothing_to_do_is_done(rows: Rows, outside: Outside) -> None:
    async with workers(outside):
        job_id = await rows.owe("sample.idle")
        await until(lambda: rows.is_done(job_id))
    assert await rows.runs("idle") == 1


async def test_a_job_that_always_fails_ends_among_the_dead_and_the_rest_flows_on(rows: Rows, outside: Outside) -> None:
    async with workers(outside):
        failing = await rows.owe("sample.failing")
        others = [await rows.owe("sample.quick") for _ in range(20)]
        await until(rows.letters)
        for job_id in others:
            await until(lambda job_id=job_id: rows.effects(job_id))  # type: ignore[misc]  # bound now, not later
    (letter,) = await rows.letters()
    assert (letter["event_id"], letter["type"], letter["attempts"]) == (failing, "sample.failing", 6)
    assert "this job always fails" in letter["error"]
    assert await rows.runs("failing") == 6
    async with Redis.from_url(outside.settings.redis_url) as redis:
        assert await redis.xlen(DEAD_STREAM) == 1


async def test_a_job_that_dies_has_a_last_word_in_the_commit_of_its_letter_and_once(
    rows: Rows, outside: Outside
) -> None:
    async with workers(outside):
        mortal = await rows.owe("sample.mortal", '{"note": "of one"}')
        await until(lambda: rows.runs("quick"))  # which the last word owes
    (letter,) = await rows.letters()
    assert letter["event_id"] == mortal
    assert await rows.mourned() == ["mourned of one"]
    message = TaskiqMessage(
        task_id=str(mortal), task_name="sample.mortal", labels={}, labels_types=None, args=[], kwargs={"note": "of one"}
    )
    bench = Bench(outside, listeners_of(actors()), Wakeup(outside.database), asyncio.Semaphore())
    await bury(bench, SAMPLES, DeadJob(message, b"", "told again, for the queue was not told", 6))
    assert await rows.mourned() == ["mourned of one"]
    assert len(await rows.letters()) == 1


async def test_a_last_word_that_fails_takes_nothing_from_the_letter(rows: Rows, outside: Outside) -> None:
    async with workers(outside):
        await rows.owe("sample.mortal", '{"note": "speechless"}')
        await rows.owe("sample.mortal", '{"no": "note"}')
        await until(lambda: _at_least(_counted(rows.letters()), 2))
        job_id = await rows.owe("sample.quick")
        await until(lambda: rows.effects(job_id))
    assert await rows.mourned() == []


async def test_a_dead_job_is_replayed_and_not_before(rows: Rows, outside: Outside) -> None:
    job_id = await rows.owe("sample.unheard_of")
    async with workers(outside), Redis.from_url(outside.settings.redis_url) as redis:
        await until(rows.letters)
        await redis.xadd(JOBS_STREAM, {JOBS_FIELD: pack("sample.quick", str(job_id), {})})
        await until(lambda: _is_empty(redis))
        assert await rows.runs("quick") == 0
        await rows.connection.execute("UPDATE job_intents SET task = 'sample.quick'")
        (letter,) = await rows.letters()
        await dead.replay(rows.connection, letter["id"])
        await until(lambda: rows.effects(job_id))
    assert await rows.letters() == []


async def test_a_job_with_arguments_of_the_wrong_shape_dies_and_nothing_else(rows: Rows, outside: Outside) -> None:
    async with workers(outside):
        await rows.owe("sample.slow", '{"seconds": "many"}')
        await until(rows.letters)
        job_id = await rows.owe("sample.quick")
        await until(lambda: rows.effects(job_id))


async def test_an_outage_burns_no_attempts(rows: Rows, outside: Outside) -> None:
    async with workers(outside):
        job_id = await rows.owe("sample.cut_off", '{"times": 8}')
        await until(lambda: rows.effects(job_id), seconds=30)
    assert await rows.runs("cut_off") == 9
    assert await rows.letters() == []


@pytest.mark.parametrize("others", ["sample.heavy", "sample.away"])
async def test_a_letter_goes_out_while_twenty_pictures_wait_or_what_they_need_is_away(
    rows: Rows, outside: Outside, others: str
) -> None:
    pictures = [await rows.owe(others, '{"seconds": 0.15}') for _ in range(20)]
    async with workers(outside):
        await until(lambda: rows.runs(others.removeprefix("sample.")))
        letter = await rows.owe("sample.quick")
        await until(lambda: rows.effects(letter))
        assert sum([await rows.effects(job_id) for job_id in pictures]) < 10
        for job_id in pictures if others == "sample.heavy" else ():
            await until(lambda job_id=job_id: rows.effects(job_id))  # type: ignore[misc]  # bound now, not later
    assert await rows.letters() == []


async def test_a_job_that_kills_its_workers_is_dead_after_so_many_deliveries(
    rows: Rows, settings: Settings, tmp_path: Path
) -> None:
    await rows.owe("sample.deadly", '{"note": "of a killer"}')
    for _ in range(2):
        with process(settings, tmp_path, deliveries=2) as worker:
            assert await worker.ended(30) == -signal.SIGKILL
    with process(settings, tmp_path, deliveries=2):
        await until(rows.letters)
        job_id = await rows.owe("sample.quick")
        await until(lambda: rows.effects(job_id))
    assert await rows.runs("deadly") == 2
    assert await rows.mourned() == ["mourned of a killer"]


async def test_sigterm_lets_the_job_at_hand_finish(rows: Rows, settings: Settings, tmp_path: Path) -> None:
    job_id = await rows.owe("sample.slow", '{"seconds": 1.5}')
    with process(settings, tmp_path) as worker:
        await until(lambda: rows.runs("slow"))
        worker.send(signal.SIGTERM)
        assert await worker.ended() == 0
    assert await rows.effects(job_id) == 1


async def test_sigterm_hands_a_paused_job_to_others_at_once(
    rows: Rows, settings: Settings, outside: Outside, tmp_path: Path
) -> None:
    job_id = await rows.owe("sample.cut_off", '{"times": 6}')
    with process(settings, tmp_path) as worker:
        await until(lambda: _at_least(rows.runs("cut_off"), 4))
        worker.send(signal.SIGTERM)
        assert await worker.ended(30) == 0
    async with workers(outside):
        await until(lambda: rows.effects(job_id))


async def test_two_schedulers_owe_a_job_once_a_minute(rows: Rows, outside: Outside) -> None:
    stopping = asyncio.Event()
    due = [SAMPLES["sample.by_the_clock"]]
    schedulers = [asyncio.create_task(keep_schedule(outside.database, due, stopping)) for _ in range(2)]
    began = datetime.now(UTC).replace(second=0, microsecond=0)
    async with workers(outside):
        await until(lambda: rows.connection.fetchval("SELECT count(*) FROM effects WHERE job = 'by_the_clock'"))
        schedulers.pop(0).cancel()
        await asyncio.sleep(3)
    stopping.set()
    await asyncio.gather(*schedulers)
    # What was due in the last moment of a minute may be written in the next: the minutes that came are counted.
    minutes = (datetime.now(UTC) - began) // timedelta(minutes=1) + 1
    assert 1 <= await rows.connection.fetchval("SELECT count(*) FROM job_intents") <= minutes


async def _is_empty(redis: Redis) -> bool:
    return int(await redis.xlen(JOBS_STREAM)) == 0


async def _counted(listed: Awaitable[list[asyncpg.Record]]) -> int:
    return len(await listed)


async def _at_least(counted: Awaitable[int], least: int) -> bool:
    return await counted >= least


async def test_a_worker_whose_metrics_have_no_port_says_which_variable_is_wrong(settings: Settings) -> None:
    with socket.socket() as other:
        other.bind((settings.host, 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SettingsError, match=f"WORKER_METRICS_PORT={port}"):
            await run_worker(settings.model_copy(update={"worker_metrics_port": port}))
