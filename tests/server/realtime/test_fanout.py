"""From the log to the sockets: counts, followers, many at once."""

import asyncio
from uuid import UUID, uuid4

import pytest

from server.realtime import latest, waiting
from tests.server.realtime.conftest import Frame, Live, Socket, Stream


async def _post(live: Live) -> UUID:
    post_id = uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)
    return post_id


async def test_counts_come_at_once_then_conflated_and_the_last_always_arrives(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert latest.FLUSH_SECONDS == 0.04
    monkeypatch.setattr(latest, "FLUSH_SECONDS", 0.25)
    loop = asyncio.get_running_loop()
    waits = []
    for _ in range(5):
        post_id = await _post(live)
        socket = await live.connect(topics={f"post:{post_id}": None})
        assert socket.connected["topics"][f"post:{post_id}"]["counts"] == [[str(post_id), 0, 0, 0, 0]]
        began = loop.time()
        await stream.counts(post_id, 1, 1)
        assert (await socket.push())["items"] == [[str(post_id), 1, 1, 0, 0]]
        waits.append(loop.time() - began)
    assert min(waits) < 0.25, "the first is not kept back for the interval in which the next ones are gathered"
    for v in range(2, 302):
        await stream.counts(post_id, v, v)
    versions = [1]
    while versions[-1] < 301:
        versions.append((await socket.push())["items"][0][1])
    took = loop.time() - began
    assert versions == sorted(set(versions))
    assert len(versions) <= took * 4 + 3


async def test_an_older_version_of_counts_is_never_sent(live: Live, stream: Stream) -> None:
    post_id = await _post(live)
    socket = await live.connect(topics={f"post:{post_id}": None})
    await stream.counts(post_id, 7, 7)
    assert (await socket.push())["items"][0][1] == 7
    await stream.counts(post_id, 6, 6)
    await stream.counts(post_id, 8, 8)
    assert (await socket.push())["items"][0][1] == 8


async def test_tracked_posts_get_counts_and_no_events(live: Live, stream: Stream) -> None:
    post_id, gone = await _post(live), uuid4()
    socket = await live.connect()
    answer = await socket.ask("track", posts=[str(post_id), str(gone)])
    assert answer["ok"] == {"counts": [[str(post_id), 0, 0, 0, 0]]}
    await stream.add(f"post:{post_id}", "post.updated", {})
    await stream.counts(post_id, 1, 1)
    assert (await socket.push())["push"] == "counts"
    await socket.ask("untrack", posts=[str(post_id)])
    await stream.counts(post_id, 2, 2)
    await socket.ask("sub", topic="tag:sea")
    await stream.add("tag:sea", "post.published", {})
    assert (await socket.push())["push"] == "event"
    assert live.realtime._audience.topics.keys() == {"tag:sea"}


async def test_more_than_200_tracked_posts_are_refused(live: Live) -> None:
    live.people.posts = {uuid4(): (0, 0, 0, 0) for _ in range(201)}
    posts = [str(post_id) for post_id in live.people.posts]
    socket = await live.connect()
    assert len((await socket.ask("track", posts=posts[:200]))["ok"]["counts"]) == 200
    assert (await socket.ask("track", posts=posts[200:]))["err"]["code"] == "limit_exceeded"
    assert (await socket.ask("track", posts=posts))["err"]["code"] == "bad_request"


async def test_counts_do_not_overtake_the_event_before_them(live: Live, stream: Stream) -> None:
    post_id = await _post(live)
    socket = await live.connect(topics={f"post:{post_id}": None})
    for v in range(1, 20):
        await stream.add(f"post:{post_id}", "post.updated", {"v": v})
        await stream.counts(post_id, v, v)
    known = 0
    while True:
        frame = await socket.push()
        if frame["push"] == "event":
            known = frame["data"]["v"]
        else:
            assert frame["items"][0][1] <= known
            if frame["items"][0][1] == 19:
                break


async def test_ephemeral_events_are_conflated_and_not_replayed(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    loop = asyncio.get_running_loop()
    began = loop.time()
    for count in range(100):
        await stream.add("tag:sea", "hint", {"count": count}, ephemeral=True)
    seen: list[int] = []
    while not seen or seen[-1] != 99:
        seen.append((await socket.push())["data"]["count"])
    assert len(seen) <= (loop.time() - began) * 25 + 3
    resumed = await live.connect(topics={"tag:sea": "5-0"})
    await stream.add("tag:sea", "post.updated", {})
    assert (await resumed.push())["type"] == "post.updated"


async def test_what_is_new_in_the_feed_of_everybody_adds_up_and_comes_once_a_second(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"feed:forYou": None})
    for number in range(60):
        await stream.add("feed:forYou", "feed.new", {"count": 1, "newest": [f"post {number}"]}, ephemeral=True)
    told = [(await socket.push())["data"]]
    while sum(data["count"] for data in told) < 60:
        told.append((await socket.push(30))["data"])
    assert sum(data["count"] for data in told) == 60
    assert told[-1]["newest"] == [f"post {number}" for number in reversed(range(60))][:20][: len(told[-1]["newest"])]
    assert len(told) < 20


async def test_only_followers_see_what_an_author_publishes(live: Live, stream: Stream) -> None:
    author, fan, stranger = uuid4(), uuid4(), uuid4()
    live.people.follows.add((fan, author))
    fans, strangers = (
        await live.connect(fan, topics={"feed:following": None}),
        await live.connect(stranger, topics={"feed:following": None, "tag:end": None}),
    )
    await stream.add(f"author:{author} tag:sea", "post.published", {"number": 1})
    await stream.add("tag:end", "post.published", {})
    frame = await fans.push()
    assert (frame["topic"], frame["data"], frame["position"]) == ("feed:following", {"number": 1}, "5-1")
    assert (await strangers.push())["topic"] == "tag:end"
    live.people.follows.clear()
    await stream.add(f"author:{author}", "post.published", {"number": 2})
    live.people.follows.add((fan, author))
    await stream.add(f"author:{author}", "post.published", {"number": 3})
    assert (await fans.push())["data"]["number"] in {2, 3}


async def test_what_was_published_while_away_is_replayed_for_those_followed_now(live: Live, stream: Stream) -> None:
    author, other, fan = uuid4(), uuid4(), uuid4()
    live.people.follows.add((fan, author))
    for number in range(6):
        await stream.add(f"author:{other if number % 2 else author}", "post.published", {"number": number})
    socket = await live.connect(fan, topics={"feed:following": "5-1"})
    assert socket.connected["topics"]["feed:following"] == {"position": "5-1", "recovered": True}
    assert [(await socket.push())["data"]["number"] for _ in range(2)] == [2, 4]


async def test_no_position_goes_beyond_a_post_whose_followers_are_still_asked_for(live: Live, stream: Stream) -> None:
    author, fan = uuid4(), uuid4()
    live.people.follows.add((fan, author))
    socket = await live.connect(fan, topics={"feed:following": None, "tag:sea": None})
    answered = asyncio.Event()
    live.people.during = answered.wait
    await stream.add(f"author:{author}", "post.published", {"number": 1})
    await stream.add("tag:sea", "post.published", {"number": 2})
    frames = [await socket.push()]
    answered.set()
    frames.append(await socket.push())
    assert [(frame["topic"], frame["position"]) for frame in frames] == [("tag:sea", "5-0"), ("feed:following", "5-1")]
    assert live.realtime.position() == "5-2"


async def test_when_nobody_can_tell_who_follows_the_feed_is_told_to_look_again(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.2)
    socket = await live.connect(uuid4(), topics={"feed:following": None})
    live.people.delay = 10
    await stream.add(f"author:{uuid4()}", "post.published", {})
    lag = await socket.push()
    assert lag == {"push": "lag", "topic": "feed:following", "from": "5-0", "to": "5-1"}


async def test_100_sockets_each_get_exactly_what_they_watch(live: Live, stream: Stream) -> None:
    sockets = [await live.connect(topics={f"tag:t{index % 10}": None, "tag:all": None}) for index in range(100)]
    for number in range(100):
        await stream.add(f"tag:t{number % 10}", "post.published", {"number": number})
        if number % 4 == 0:
            await stream.add("tag:all", "post.published", {"number": number})
    await stream.add("tag:all", "post.published", {"number": "end"})

    async def read(socket: Socket) -> list[Frame]:
        frames: list[Frame] = []
        while not frames or frames[-1]["data"]["number"] != "end":
            frames.append(await socket.push())
        return frames

    for index, frames in enumerate(await asyncio.gather(*map(read, sockets))):
        own = [frame["data"]["number"] for frame in frames if frame["topic"] != "tag:all"]
        shared = [frame["data"]["number"] for frame in frames if frame["topic"] == "tag:all"]
        assert own == list(range(index % 10, 100, 10))
        assert shared == [*range(0, 100, 4), "end"]
        positions = [int(frame["position"].partition("-")[2]) for frame in frames]
        assert positions == sorted(positions)
