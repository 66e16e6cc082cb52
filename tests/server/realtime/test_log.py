"""The tail: what it notices, and that nothing stops it."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from actors.kernel import tools
from actors.kernel.streams import KEPT, LIVE
from actors.settings import Settings
from server.realtime.entries import Position
from server.realtime.log import LiveLog
from tests.server.realtime.conftest import Live, Stream, until
from tests.servers import OwnValkey


async def test_a_gap_is_noticed_and_every_topic_is_told_to_look_again(live: Live, stream: Stream) -> None:
    socket = await live.connect(uuid4(), topics={"tag:sea": None, "tag:hill": None})
    await stream.add("tag:sea", "post.published", {"number": 1})
    assert (await socket.push())["position"] == "5-1"
    await stream.add("tag:sea", "post.published", {"number": 3}, skip=1)
    frames = [await socket.push() for _ in range(4)]
    assert {frame["topic"] for frame in frames[:3]} == {"me", "tag:sea", "tag:hill"}
    assert {(frame["push"], frame["from"], frame["to"]) for frame in frames[:3]} == {("lag", "5-1", "5-2")}
    assert frames[3]["data"] == {"number": 3}
    answer = await socket.ask("sub", topic="tag:sea", since=frames[0]["from"])
    assert answer["ok"] == {"position": "5-3", "recovered": False}


async def test_after_flushall_and_a_new_epoch_everybody_is_told_and_the_log_goes_on(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    await stream.add("tag:sea", "post.published", {"number": 1})
    await socket.push()
    await stream.redis.flushall()
    await stream.begin(6)
    await stream.add("tag:sea", "post.published", {"number": 2})
    lag, event = await socket.push(), await socket.push()
    assert lag == {"push": "lag", "topic": "tag:sea", "from": "5-1", "to": "6-0"}
    assert (event["position"], event["data"]) == ("6-1", {"number": 2})
    resumed = await live.connect(topics={"tag:sea": "5-1"})
    assert resumed.connected["topics"]["tag:sea"] == {"position": "6-1", "recovered": False}


async def test_what_cannot_be_handed_on_is_named_in_a_lag_that_nothing_recovers(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    await stream.add("tag:sea", "post.published", {"number": 1})
    assert (await socket.push())["position"] == "5-1"
    await stream.add("post:1", "counts", "of another release", ephemeral=True)
    assert await socket.push() == {"push": "lag", "topic": "tag:sea", "from": "5-1", "to": "5-2"}
    answer = await socket.ask("sub", topic="tag:sea", since="5-1")
    assert answer["ok"] == {"position": "5-2", "recovered": False}
    await stream.add("tag:sea", "post.published", {"number": 3})
    assert (await socket.push())["data"] == {"number": 3}


async def test_an_entry_that_cannot_be_read_is_a_gap_and_is_not_read_again(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    reads: list[object] = []
    take = live.realtime.log.take

    def counted(raw: Any, **how: Any) -> None:
        reads.append(raw)
        take(raw, **how)

    monkeypatch.setattr(live.realtime.log, "take", counted)
    stream.kept = "not a number"  # type: ignore[assignment]  # as another release might write it
    await stream.add("tag:sea", "post.published", {"number": 1})
    await until(lambda: reads)
    await asyncio.sleep(0.05)
    assert len(reads) == 1
    await stream.add("tag:sea", "post.published", {"number": 2})
    lag, event = await socket.push(), await socket.push()
    assert (lag["push"], lag["from"]) == ("lag", "5-0")
    assert event["data"] == {"number": 2}


async def test_a_reader_that_breaks_twice_is_told_again_and_the_log_goes_on(
    stream: Stream, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tools, "PAUSE_SECONDS", 0.01)
    told: list[object] = []

    class Reader(Deaf):
        def receive(self, epoch: int, entries: object) -> None:
            if not told:
                raise RuntimeError("unforeseen")

        def reset(self, old: object, new: object) -> None:
            if not told and str(new) == "5-1":
                told.append("broken")
                raise RuntimeError("unforeseen")
            told.append(str(new))

    log = LiveLog(lambda: Redis.from_url(settings.redis_url), Reader())
    await stream.redis.delete(KEPT, LIVE)
    await log.start(patience=0.01)
    await stream.begin(5)
    await until(lambda: told == ["5-0"])
    told.clear()
    await stream.add("tag:sea", "post.published", {})
    await until(lambda: told == ["broken", "5-0"])
    assert str(log.head) == "5-1"
    await log.stop()


async def test_after_a_new_epoch_counts_that_were_lost_are_asked_for(live: Live, stream: Stream) -> None:
    watched, tracked = uuid4(), uuid4()
    live.people.posts = {watched: (1, 1, 0, 0), tracked: (1, 1, 0, 0)}
    socket = await live.connect(topics={f"post:{watched}": None})
    await socket.ask("track", posts=[str(tracked)])
    live.people.posts = {watched: (4, 4, 0, 0), tracked: (3, 3, 0, 0)}
    await stream.redis.flushall()
    await stream.begin(6)
    frames = [await socket.push() for _ in range(3)]
    counts = [item for frame in frames if frame["push"] == "counts" for item in frame["items"]]
    assert sorted(counts) == sorted([[str(watched), 4, 4, 0, 0], [str(tracked), 3, 3, 0, 0]])


async def test_redis_that_loses_its_newest_entries_is_noticed_by_the_new_epoch(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    for number in range(1, 6):
        await stream.add("tag:sea", "post.published", {"number": number})
    for _ in range(5):
        await socket.push()
    # As a Redis would stand that came back from an older snapshot, and the leader found out.
    await stream.lose("5-4", "5-5")
    await stream.begin(6)
    assert (await socket.push())["from"] == "5-5"


class Deaf:
    """Is handed what the log says, and does nothing with it."""

    def receive(self, epoch: int, entries: object) -> None:
        pass

    def reset(self, old: object, new: object) -> None:
        pass


async def started(redis_url: str) -> LiveLog:
    """The log as a process knows it that starts now, and follows it no further."""
    log = LiveLog(lambda: Redis.from_url(redis_url), Deaf())
    await log.start()
    await log.stop()
    return log


async def test_counts_push_nothing_out_of_the_window_of_a_process_that_starts(
    stream: Stream, settings: Settings
) -> None:
    for number in range(3):
        await stream.add("tag:sea", "post.published", {"number": number})
        for v in range(4):
            await stream.counts(uuid4(), v, v)
    await stream.trim(14, LIVE)
    log = await started(settings.redis_url)
    assert str(log.head) == "5-15"
    assert [entry.n for entry in log.ring.since(0, "tag:sea")] == [1, 6, 11]
    assert log.recovers(Position(5, 1))
    assert log.recovers(Position(5, 13))


async def test_what_is_neither_kept_nor_in_the_log_is_a_gap_for_a_process_that_starts(
    stream: Stream, settings: Settings
) -> None:
    for number in range(4):
        await stream.add("tag:sea", "post.published", {"number": number})
    await stream.redis.xdel(KEPT, "5-3", "5-4")
    await stream.trim(4, LIVE)
    log = await started(settings.redis_url)
    assert str(log.head) == "5-4"
    assert not log.recovers(Position(5, 2)), "5-3 is not known"
    assert log.recovers(Position(5, 3))


async def test_a_redis_that_is_away_delays_and_breaks_nothing(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    for number in range(3):
        for client in await stream.redis.client_list():
            if client["cmd"].startswith("xread"):
                await stream.redis.client_kill_filter(_id=client["id"])
        await stream.add("tag:sea", "post.published", {"number": number})
        assert (await socket.push())["data"] == {"number": number}


async def test_it_starts_without_redis_and_follows_when_it_comes(own_valkey: OwnValkey) -> None:
    url = own_valkey.url
    own_valkey.kill()
    received: list[int] = []

    class Reader:
        def receive(self, epoch: int, entries: object) -> None:
            received.append(epoch)

        def reset(self, old: object, new: object) -> None:
            pass

    log = LiveLog(lambda: Redis.from_url(url), Reader())
    await log.start(patience=0.2)
    own_valkey.start()
    async with Redis.from_url(url) as redis:
        late = Stream(redis)
        await late.begin(7)
        await late.add("tag:sea", "post.published", {})
        await until(lambda: received == [7])
    await log.stop()
    assert str(log.head) == "7-1"
