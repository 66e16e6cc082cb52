"""How many watch a post: in all processes together, whatever becomes of a process or of Redis, and at little cost."""

import asyncio
import time
from uuid import UUID, uuid4

import pytest

from server.realtime import watchers
from tests.server.realtime.conftest import Live, Socket, Start, Stream, until


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchers, "PERIOD_SECONDS", 0.05)


def _post(*processes: Live) -> UUID:
    post_id = uuid4()
    for live in processes:
        live.people.posts[post_id] = (0, 0, 0, 0)
    return post_id


async def told(socket: Socket, count: int) -> list[int]:
    """The numbers a socket is told, up to this one."""
    numbers: list[int] = []
    async with asyncio.timeout(30):
        while count not in numbers:
            frame = socket.pushed.pop(0) if socket.pushed else await socket.frame(30)
            if frame.get("type") == "watchers":
                numbers.append(frame["data"]["count"])
    return numbers


async def test_whoever_watches_is_told_how_many_there_are_as_they_come_and_go(live: Live) -> None:
    topic = f"post:{_post(live)}"
    first = await live.connect(topics={topic: None})
    await told(first, 1)
    second = await live.connect(uuid4(), topics={topic: None})
    await told(second, 2)
    await told(first, 2)
    await second.ws.close()
    await told(first, 1)
    await first.ask("unsub", topic=topic)
    third = await live.connect(topics={topic: None})
    await told(third, 1)


async def test_who_comes_in_for_somebody_who_left_is_told_though_the_number_is_the_same(live: Live) -> None:
    topic = f"post:{_post(live)}"
    stays = await live.connect(topics={topic: None})
    leaves = await live.connect(topics={topic: None})
    await told(stays, 2)
    live.realtime._watchers._task.cancel()  # type: ignore[union-attr]  # it was started
    await leaves.ask("unsub", topic=topic)
    comes = await live.connect(topics={topic: None})
    live.realtime._watchers.start()
    await told(comes, 2)


async def test_trackers_and_watchers_of_other_posts_do_not_count(live: Live) -> None:
    post_id, other = _post(live), _post(live)
    watcher = await live.connect(topics={f"post:{post_id}": None})
    tracker = await live.connect(topics={f"post:{other}": None})
    await tracker.ask("track", posts=[str(post_id)])
    await told(tracker, 1)
    await told(watcher, 1)
    await live.connect(topics={f"post:{post_id}": None})
    assert await told(watcher, 2) == [2]


async def test_processes_add_up_what_each_of_them_has(live: Live, start_live: Start) -> None:
    other = await start_live()
    topic = f"post:{_post(live, other)}"
    here = [await live.connect(topics={topic: None}) for _ in range(2)]
    there = [await other.connect(topics={topic: None}) for _ in range(3)]
    for socket in (*here, *there):
        await told(socket, 5)
    await there[0].ws.close()
    for socket in (*here, *there[1:]):
        await told(socket, 4)


async def test_what_a_dead_process_left_counts_no_more(live: Live, stream: Stream) -> None:
    post_id = _post(live)
    later = int(time.time() * 1000) + 100_000
    await stream.redis.hset(f"watching:post:{post_id}", "dying", f"7 {later}")
    await stream.redis.set("sockets:process:dying", "1", px=100_000)
    socket = await live.connect(topics={f"post:{post_id}": None})
    await told(socket, 8)
    await stream.redis.delete("sockets:process:dying")
    await told(socket, 1)
    assert await stream.redis.hlen(f"watching:post:{post_id}") == 1


async def test_a_redis_that_forgot_is_told_again(live: Live, start_live: Start, stream: Stream) -> None:
    other = await start_live()
    topic = f"post:{_post(live, other)}"
    here, there = await live.connect(topics={topic: None}), await other.connect(topics={topic: None})
    await told(here, 2)
    await told(there, 2)
    await stream.redis.flushall()
    await stream.begin(6)
    await live.connect(topics={topic: None})
    await told(here, 3)
    await told(there, 3)


async def test_nothing_is_left_of_a_post_that_nobody_watches(live: Live, stream: Stream) -> None:
    topic = f"post:{_post(live)}"
    socket = await live.connect(topics={topic: None})
    await told(socket, 1)
    await socket.ws.close()
    async with asyncio.timeout(30):
        while await stream.redis.exists(f"watching:{topic}"):  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.02)
    await until(lambda: not live.realtime._audience.moved, 30)


async def test_a_crowd_that_comes_at_once_is_told_a_few_times_and_a_look_takes_so_many_posts_at_most(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchers, "PERIOD_SECONDS", 0.2)
    monkeypatch.setattr(watchers, "POSTS_AT_ONCE", 20)
    posts = [_post(live) for _ in range(50)]
    first = await live.connect(topics=dict.fromkeys(f"post:{post_id}" for post_id in posts))
    looks: list[int] = []
    count = live.realtime._watchers._count

    async def counted(some: dict[str, bool]) -> None:
        looks.append(len(some))
        await count(some)

    monkeypatch.setattr(live.realtime._watchers, "_count", counted)
    crowd = [await live.connect(topics={f"post:{posts[0]}": None}) for _ in range(30)]
    numbers = [await told(socket, 31) for socket in crowd]
    assert max(looks) <= 20
    assert sum(map(len, numbers)) < 30 * 15
    assert await told(first, 31)
