"""The broker against a real Valkey: nothing is lost, nothing is doubled while its holder lives, the dead are kept."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from taskiq.message import TaskiqMessage

from actors.adapters.job_stream import DEAD_STREAM, JobStream
from actors.adapters.queue import JOBS_FIELD, JOBS_GROUP, JOBS_STREAM, DeadJob, Delivery, JobBroker, pack
from actors.kernel.tools import end
from tests.actors.auth.people import until

LEASE = 1.0


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis


async def make_stream(redis: Redis) -> None:
    """What the relay does when an epoch begins."""
    await redis.xgroup_create(JOBS_STREAM, JOBS_GROUP, id="0", mkstream=True)


async def put(redis: Redis, task: str = "known", task_id: str = "1") -> bytes:
    entry: Any = await redis.xadd(JOBS_STREAM, {JOBS_FIELD: pack(task, task_id, {"n": 1})}, nomkstream=True)
    return bytes(entry)


class Graveyard:
    """Where dead jobs go; `is_open` may be False for a while."""

    def __init__(self) -> None:
        self.buried: list[DeadJob] = []
        self.is_open = True

    async def __call__(self, job: DeadJob) -> None:
        if not self.is_open:
            raise ConnectionError("the database is away")
        self.buried.append(job)


@asynccontextmanager
async def worker(
    url: str, graveyard: Graveyard, *, deliveries: int = 3, lease: float = LEASE
) -> AsyncIterator[JobBroker]:
    """A broker that knows the task `known`."""

    async def known(n: int) -> None:
        raise AssertionError("the receiver runs tasks, not the broker")

    broker = JobBroker(url, graveyard, lease_seconds=lease, deliveries=deliveries)
    broker.register_task(known, task_name="known")
    await broker.startup()
    try:
        yield broker
    finally:
        await broker.shutdown()


async def next_of(broker: JobBroker, seconds: float = 3 * LEASE) -> Delivery | None:
    """The next job handed out, None when there is none for so long."""
    async with aclosing(broker.listen()) as jobs:
        asked = asyncio.ensure_future(anext(jobs))
        # Not `asyncio.timeout`: what redis-py awaits may lose the one cancellation that it sends.
        if asked not in (await asyncio.wait([asked], timeout=seconds))[0]:
            await end([asked])
            return None
        delivery = await asked
    assert isinstance(delivery, Delivery)
    return delivery


@asynccontextmanager
async def in_vain(broker: JobBroker) -> AsyncIterator[None]:
    """It is asked for the length of the block, and has nothing to hand out."""
    async with aclosing(broker.listen()) as jobs:
        asked = asyncio.ensure_future(anext(jobs))
        try:
            yield
            assert not asked.done()
        finally:
            await end([asked])


@pytest.mark.parametrize("args", [{"photo_id": "7"}, '{"photo_id": "7"}'])
def test_a_packed_job_is_what_taskiq_reads(args: dict[str, Any] | str) -> None:
    message = TaskiqMessage.model_validate_json(pack("media.process", "42", args))
    assert (message.task_name, message.task_id, message.kwargs) == ("media.process", "42", {"photo_id": "7"})


async def test_a_job_that_is_done_leaves_nothing_behind(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    async with worker(redis_url, Graveyard()) as broker:
        delivery = await next_of(broker)
        assert delivery is not None
        assert delivery.message.kwargs == {"n": 1}
        await broker.count_failure(delivery)
        await broker.done(delivery)
    assert await redis.xlen(JOBS_STREAM) == 0
    assert await redis.keys() == [JOBS_STREAM.encode()]
    assert await redis.xinfo_consumers(JOBS_STREAM, JOBS_GROUP) == []


async def test_a_dead_holders_job_is_handed_out_again_with_nothing_else_enqueued(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    entry = await put(redis)
    gone = JobStream(redis, "killed", int(LEASE * 1000))
    assert (await gone.read(block_ms=100)) is not None
    async with worker(redis_url, Graveyard()) as broker:
        began = asyncio.get_running_loop().time()
        delivery = await next_of(broker)
        assert delivery is not None
        assert delivery.entry == entry
        assert asyncio.get_running_loop().time() - began < LEASE * 2


async def test_a_living_holder_keeps_its_job_for_many_leases(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    # Both stand still together where the machine does: what the holder renews often, the other wants after long.
    async with (
        worker(redis_url, Graveyard(), lease=0.5 * LEASE) as holder,
        worker(redis_url, Graveyard(), lease=1.5 * LEASE) as other,
    ):
        assert await next_of(holder) is not None
        assert await next_of(other, 3 * LEASE) is None


async def test_a_worker_that_leaves_gives_back_what_it_holds_at_once(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    async with worker(redis_url, Graveyard(), lease=60) as leaving:
        assert await next_of(leaving) is not None
    async with worker(redis_url, Graveyard(), lease=60) as other:
        assert await next_of(other, 30) is not None


async def test_a_job_given_back_for_later_is_not_handed_out_before(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    async with worker(redis_url, Graveyard()) as broker:
        delivery = await next_of(broker)
        assert delivery is not None
        began = time.monotonic()
        await broker.give_back(delivery, 0.6 * LEASE)
        assert await next_of(broker) is not None
        assert time.monotonic() - began > 0.6 * LEASE - 0.01, "Redis counts milliseconds by a clock of its own"


@pytest.mark.parametrize(("payload", "why"), [(b"not json", "cannot be read"), (pack("lost", "9", {}), "no worker")])
async def test_what_no_worker_can_do_is_kept_among_the_dead(
    redis: Redis, redis_url: str, payload: bytes, why: str
) -> None:
    await make_stream(redis)
    await redis.xadd(JOBS_STREAM, {JOBS_FIELD: payload})
    await put(redis, "known")
    graveyard = Graveyard()
    async with worker(redis_url, graveyard) as broker:
        delivery = await next_of(broker)
        assert delivery is not None
        assert delivery.message.task_name == "known"
    assert [job.payload for job in graveyard.buried] == [payload]
    assert graveyard.buried[0].error.startswith(why)
    letters: Any = await redis.xrange(DEAD_STREAM)
    assert [fields[JOBS_FIELD] for _, fields in letters] == [payload]
    assert await redis.xlen(JOBS_STREAM) == 1


async def test_a_dead_job_stays_in_the_queue_until_it_could_be_kept(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis, "lost")
    graveyard = Graveyard()
    graveyard.is_open = False
    async with worker(redis_url, graveyard, deliveries=100) as broker:
        assert await next_of(broker, LEASE / 2) is None
        assert await redis.xlen(JOBS_STREAM) == 1
        graveyard.is_open = True
        async with in_vain(broker):
            await until(lambda: redis.xlen(JOBS_STREAM), 0)
    assert len(graveyard.buried) == 1


async def test_what_was_delivered_too_often_without_an_outcome_is_dead(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    gone = JobStream(redis, "killed", 0)
    assert (await gone.read(block_ms=100)) is not None
    for _ in range(2):
        assert (await gone.take_over()) is not None
    graveyard = Graveyard()
    async with worker(redis_url, graveyard, deliveries=3) as broker, in_vain(broker):
        await until(lambda: redis.xlen(JOBS_STREAM), 0)
    assert [(job.error, job.attempts) for job in graveyard.buried] == [("3 workers in a row died of it", 3)]


async def test_failures_do_not_count_as_deaths_of_a_worker(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    graveyard = Graveyard()
    async with worker(redis_url, graveyard, deliveries=2) as broker:
        for expected in range(1, 6):
            delivery = await next_of(broker)
            assert delivery is not None
            assert await broker.count_failure(delivery) == expected
            await broker.give_back(delivery)
    assert graveyard.buried == []


async def test_flushall_neither_stops_the_worker_nor_lets_it_hide_the_loss(redis: Redis, redis_url: str) -> None:
    await make_stream(redis)
    await put(redis)
    async with worker(redis_url, Graveyard()) as broker, aclosing(broker.listen()) as jobs:
        held = await anext(jobs)
        assert isinstance(held, Delivery)
        waiting = asyncio.create_task(anext(jobs))
        await redis.flushall()
        await asyncio.sleep(0.5)
        assert not waiting.done()
        assert await redis.keys() == [], "a stream the worker made would hide the loss from the relay"
        await broker.done(held)
        await make_stream(redis)
        await put(redis, task_id="2")
        async with asyncio.timeout(30):
            delivery = await waiting
        assert isinstance(delivery, Delivery)
        assert delivery.message.task_id == "2"
