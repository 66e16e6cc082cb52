"""Counts: whoever comes at whatever moment holds the latest, and nobody hears of a post they may not see."""

import asyncio
from uuid import UUID, uuid4

import pytest

from server.realtime import latest, metrics
from tests.server.realtime.conftest import Live, Socket, Stream, until


async def known(socket: Socket, answer: list[list[object]], v: int) -> None:
    """Wait until the socket holds this version, from the answer or from a push."""
    if answer and answer[0][1] == v:
        return
    async with asyncio.timeout(30):
        while (frame := await socket.push(30))["push"] != "counts" or frame["items"][0][1] != v:
            pass


@pytest.mark.parametrize("op", ["sub", "connect", "track"])
async def test_counts_that_pass_while_somebody_is_being_let_in_are_not_missed(
    live: Live, stream: Stream, op: str
) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (1, 1, 0, 0)

    async def like() -> None:
        # What the domain answers was read before this.
        await stream.counts(post_id, 2, 2)
        await until(lambda: live.realtime.position() == f"5-{stream.n}", 30)

    topic = f"post:{post_id}"
    if op == "connect":
        live.people.during = like
        socket = await live.connect(topics={topic: None})
        await known(socket, socket.connected["topics"][topic]["counts"], 2)
        return
    socket = await live.connect()
    live.people.during = like
    answer = await (socket.ask("sub", topic=topic) if op == "sub" else socket.ask("track", posts=[str(post_id)]))
    await known(socket, answer["ok"]["counts"], 2)


async def test_who_asks_for_a_hidden_post_hears_no_counts_while_it_is_being_asked(live: Live, stream: Stream) -> None:
    hidden, owner, foe = uuid4(), uuid4(), uuid4()
    live.people.posts[hidden], live.people.owners[hidden] = (1, 1, 0, 0), owner
    live.people.unseen.add((foe, owner))
    socket = await live.connect(foe)

    async def like() -> None:
        await stream.counts(hidden, 2, 2)
        await until(lambda: live.realtime.position() == f"5-{stream.n}", 30)

    live.people.during = like
    assert (await socket.ask("track", posts=[str(hidden)]))["ok"]["counts"] == []
    live.people.during = like
    assert (await socket.ask("sub", topic=f"post:{hidden}"))["err"]["code"] == "topic_unknown"
    assert socket.pushed == []
    assert not live.realtime._audience.topics.keys() - {f"user:{foe}"}


async def test_from_the_word_that_a_sight_may_have_ended_no_counts_go_out_until_it_is_known_whose(
    live: Live, stream: Stream
) -> None:
    post_id, owner, friend, foe = (uuid4() for _ in range(4))
    live.people.posts[post_id], live.people.owners[post_id] = (1, 1, 0, 0), owner
    friendly, hostile = [await live.connect(who) for who in (friend, foe)]
    for socket in (friendly, hostile):
        await socket.ask("track", posts=[str(post_id)])
    live.people.unseen.add((foe, owner))
    live.people.delay = 0.3
    await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": str(foe)})
    await stream.counts(post_id, 2, 2)
    await known(friendly, [], 2)
    live.people.delay = 0
    await hostile.ask("sub", topic="tag:end")
    assert hostile.pushed == []


async def test_while_nobody_can_say_who_may_see_an_author_their_counts_wait(live: Live, stream: Stream) -> None:
    post_id, owner = uuid4(), uuid4()
    live.people.posts[post_id], live.people.owners[post_id] = (1, 1, 0, 0), owner
    socket = await live.connect(uuid4(), topics={"tag:sea": None})
    await socket.ask("track", posts=[str(post_id)])
    live.people.is_away = True
    await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": str(UUID(int=1))})
    await stream.counts(post_id, 2, 2)
    await until(lambda: live.people.refusals >= 2, 30)
    await stream.add("tag:sea", "post.published", {})
    assert (await socket.push())["push"] == "event"
    live.people.is_away = False
    await known(socket, [], 2)


async def test_when_the_log_began_anew_counts_that_are_news_are_sent_again(live: Live, stream: Stream) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (1, 1, 0, 0)
    socket = await live.connect(topics={f"post:{post_id}": None})
    live.people.posts[post_id] = (2, 2, 0, 0)
    await stream.add("tag:sea", "post.published", {}, skip=3)
    assert (await socket.push())["push"] == "lag"
    await known(socket, [], 2)


async def test_a_crowd_is_written_to_some_at_a_time_and_all_hold_the_latest_in_the_end(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latest, "AT_ONCE", 2)
    post_id = uuid4()
    live.people.posts[post_id] = (1, 1, 0, 0)
    sockets = [await live.connect(uuid4(), topics={f"post:{post_id}": None}) for _ in range(5)]
    trackers = [await live.connect(uuid4()) for _ in range(2)]
    for tracker in trackers:
        await tracker.ask("track", posts=[str(post_id)])
    sent = metrics.frames_total.labels("counts")
    before, seen = sent._value.get(), set()

    async def look() -> None:
        while True:
            seen.add(sent._value.get() - before)
            await asyncio.sleep(0)

    looking = asyncio.create_task(look())
    await stream.counts(post_id, 2, 2)
    await until(lambda: sent._value.get() - before >= 2)
    await stream.counts(post_id, 3, 3)
    for socket in (*sockets, *trackers):
        await known(socket, [], 3)
    looking.cancel()
    assert {2, 4, 6, 7} <= seen, "between two writes everybody else had a turn"
