"""The same faults again and again under load, for minutes: what is rare in one fault shows in fifty."""

import asyncio
import random
import signal
import time

import aiohttp
import pytest
from redis.asyncio import Redis

from load.client import LiveClient
from load.processes import Served
from tests.faults.conditions import all_is_well
from tests.faults.load import Likes
from tests.faults.test_redis_forgets import publish
from tests.flows.people import Person
from tests.flows.stack import TESTING, Stack, stack_of
from tests.servers import OwnValkey

pytestmark = pytest.mark.slow

RATE = 200


class Screen:
    """An author's screen: notifications as the reference client keeps them, refetched when it says so."""

    def __init__(self, stack: Stack, served: Served, person: Person) -> None:
        self._stack = stack
        self._served = served
        self._person = person
        self.shown: dict[str, object] = {}
        self.refetched = 0
        self._client = LiveClient(
            stack.http, f"{served.url}/v1/realtime", token=self._token, refetch=self._refetch, backoff=(0.05, 0.5)
        )
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Fetch, then watch."""
        self._client.watch("me")
        self._task = asyncio.create_task(self._watch())
        await self._refetch("me")

    async def close(self) -> None:
        """Look no more."""
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])

    async def fetch(self) -> dict[str, object]:
        """Notifications as the server has them now."""
        page = await self._stack.ok(self._served, "GET", "/v1/notifications?limit=100", self._person)
        return {item["id"]: item for item in page["items"]}

    async def _token(self) -> str:
        return self._person.token

    async def _refetch(self, _: str) -> None:
        self.refetched += 1
        while True:
            try:
                self.shown = await self.fetch()
            except (aiohttp.ClientError, AssertionError, TimeoutError):
                await asyncio.sleep(0.1)
            else:
                return

    async def _watch(self) -> None:
        async for event in self._client.events():
            if event["type"] == "notification.changed":
                self.shown.pop(event["data"]["removed"], None)
                if notification := event["data"]["notification"]:
                    self.shown[notification["id"]] = notification


async def shows_what_is(screen: Screen, *, seconds: float = 20) -> None:
    """State fetched once, plus events over all those connections, is the state fetched now."""
    deadline = time.monotonic() + seconds
    while screen.shown != (fresh := await screen.fetch()):
        assert time.monotonic() < deadline, f"the screen shows {screen.shown}, the server has {fresh}"
        await asyncio.sleep(0.1)


async def test_a_server_is_killed_fifty_times(stack: Stack) -> None:
    author, *fans = await stack.people(41)
    likes = Likes(stack, fans, await stack.posts(author, 8), RATE)
    served = await stack.serve()
    screen = Screen(stack, served, author)
    await screen.open()
    back: list[float] = []
    async with likes.going_on(served):
        for _ in range(50):
            await asyncio.sleep(random.uniform(0.2, 1.0))
            served.kill()
            assert served.returncode == -signal.SIGKILL
            died = time.monotonic()
            served = await stack.serve(port=served.port)
            likes.servers = [served]
            await likes.has_flowed(20)
            back.append(time.monotonic() - died)
    await all_is_well(stack, seconds=60)
    await likes.are_rows()
    assert set(likes.refused) <= {503}, likes.refused
    await shows_what_is(screen)
    await screen.close()
    back.sort()
    print(f"{likes.acknowledged} acknowledged; back after {back[25]:.2f} s, at the latest {back[-1]:.2f} s")


async def test_workers_are_killed_in_the_middle_of_jobs(stack: Stack) -> None:
    served = await stack.serve()
    worker = stack.worker()
    for turn in range(10):
        await publish(stack, served, f"ada{turn}", 3)
        await asyncio.sleep(random.uniform(0.1, 1.5))
        worker.kill()
        worker = stack.worker()
    await all_is_well(stack, seconds=90)
    assert await stack.value("SELECT count(*) FROM photos WHERE state = 'ready'") == 30
    assert await stack.value("SELECT count(*) FROM outbox WHERE type = 'PhotoReady'") <= 30


async def test_redis_is_killed_thirty_times_and_flushed_ten(stack: Stack, own_valkey: OwnValkey) -> None:
    settings = stack.settings.model_copy(update={"redis_url": own_valkey.url})
    folder = stack.folder / "own"
    folder.mkdir()
    async with stack_of(settings, folder) as own:
        author, *fans = await own.people(41)
        likes = Likes(own, fans, await own.posts(author, 8), RATE)
        served = await own.serve()
        screen = Screen(own, served, author)
        await screen.open()
        async with likes.going_on(served):
            for turn in range(40):
                await likes.has_flowed(60)
                if turn % 4 == 3:
                    async with Redis.from_url(own_valkey.url) as redis:
                        await redis.flushall()
                else:
                    own_valkey.kill()
                    await asyncio.sleep(random.uniform(0, 0.5))
                    own_valkey.start()
        await all_is_well(own, seconds=60)
        await likes.are_rows()
        assert set(likes.refused) <= {503}, likes.refused
        await shows_what_is(screen)
        await screen.close()
        assert served.returncode is None


TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND application_name <> $1 AND pid <> pg_backend_pid()
"""


async def test_all_connections_to_the_database_are_ended_a_hundred_times(stack: Stack) -> None:
    author, *fans = await stack.people(41)
    likes = Likes(stack, fans, await stack.posts(author, 8), RATE)
    servers = [await stack.serve(), await stack.serve()]
    stack.worker()
    async with likes.going_on(*servers):
        for _ in range(100):
            await likes.has_flowed(20)
            assert await stack.value(TERMINATE, TESTING) > 0
    await all_is_well(stack, seconds=60)
    await likes.are_rows()
    assert (likes.broken, set(likes.refused) <= {503}) == (0, True), likes.refused
    assert [served.returncode for served in servers] == [None, None]


@pytest.mark.parametrize("part", ["leader", "other", "worker"])
async def test_a_part_that_hangs_for_fifteen_seconds_doubles_nothing(stack: Stack, part: str) -> None:
    author, *fans = await stack.people(21)
    likes = Likes(stack, fans, await stack.posts(author, 8), RATE)
    leader, other = await stack.serve(), await stack.serve()
    worker = stack.worker()
    hanging = {"leader": leader, "other": other, "worker": worker}[part]
    reachable = other if hanging is leader else leader
    async with likes.going_on(reachable):
        await publish(stack, reachable, "ada", 2)
        for _ in range(2):
            await likes.has_flowed(100)
            hanging.send(signal.SIGSTOP)
            await asyncio.sleep(17)
            hanging.send(signal.SIGCONT)
        await likes.has_flowed(100)
    await all_is_well(stack, seconds=90)
    await likes.are_rows()
    assert (likes.broken, likes.refused) == (0, {})
