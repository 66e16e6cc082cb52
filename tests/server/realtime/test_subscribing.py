"""Watching topics: now, and from a position on."""

import asyncio
from uuid import uuid4

import pytest

from actors.kernel.errors import Internal
from server.realtime import questions, subscribing
from tests.server.realtime.conftest import Live, Start, Stream, until


async def test_events_arrive_in_order_with_growing_positions(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    for number in range(50):
        await stream.add("tag:sea", "post.published", {"number": number})
    frames = [await socket.push() for _ in range(50)]
    assert [frame["data"]["number"] for frame in frames] == list(range(50))
    assert [frame["position"] for frame in frames] == [f"5-{n}" for n in range(1, 51)]
    assert {(frame["push"], frame["topic"], frame["type"]) for frame in frames} == {
        ("event", "tag:sea", "post.published")
    }


async def test_a_position_in_the_window_is_recovered_and_everything_since_follows(live: Live, stream: Stream) -> None:
    first = await stream.add("tag:sea", "post.published", {"number": 1})
    await stream.add("tag:sea", "post.published", {"number": 2})
    await stream.add("tag:hill", "post.published", {"number": 3})
    await stream.add("tag:sea", "post.published", {"number": 4})
    socket = await live.connect()
    answer = await socket.ask("sub", topic="tag:sea", since=first)
    assert answer["ok"] == {"position": first, "recovered": True}
    await stream.add("tag:sea", "post.published", {"number": 5})
    assert [(await socket.push())["data"]["number"] for _ in range(3)] == [2, 4, 5]


async def test_a_second_resume_in_a_row_recovers_too(live: Live, stream: Stream) -> None:
    start = await stream.add("tag:sea", "post.published", {"number": 1})
    await stream.add("tag:sea", "post.published", {"number": 2})
    for _ in range(2):
        socket = await live.connect(topics={"tag:sea": start})
        assert (await socket.push())["data"] == {"number": 2}


async def test_a_position_older_than_the_window_is_not_recovered_and_nothing_is_replayed(
    live: Live, stream: Stream
) -> None:
    live.realtime.log.ring._max_bytes = 5_000
    for number in range(30):
        last = await stream.add("tag:sea", "post.published", {"number": number})
    await until(lambda: live.realtime.position() == last)
    socket = await live.connect()
    answer = await socket.ask("sub", topic="tag:sea", since="5-1")
    assert answer["ok"] == {"position": last, "recovered": False}
    await stream.add("tag:sea", "post.published", {"number": "new"})
    assert (await socket.push())["data"] == {"number": "new"}


async def test_a_position_of_another_epoch_or_of_no_form_is_not_recovered(live: Live, stream: Stream) -> None:
    socket = await live.connect()
    for topic, since in (("tag:sea", "4-1"), ("tag:hill", "nonsense")):
        assert (await socket.ask("sub", topic=topic, since=since))["ok"]["recovered"] is False


async def test_a_position_ahead_of_this_process_is_waited_for(live: Live, stream: Stream) -> None:
    socket = await live.connect()
    asking = asyncio.create_task(socket.ask("sub", topic="tag:sea", since="5-2"))
    await asyncio.sleep(0.2)
    assert not asking.done()
    for number in range(1, 4):
        await stream.add("tag:sea", "post.published", {"number": number})
    assert (await asking)["ok"] == {"position": "5-2", "recovered": True}
    assert (await socket.push())["data"] == {"number": 3}


async def test_a_position_that_stays_ahead_is_not_recovered_after_two_seconds(live: Live) -> None:
    socket = await live.connect()
    began = asyncio.get_running_loop().time()
    assert (await socket.ask("sub", topic="tag:sea", since="5-9"))["ok"]["recovered"] is False
    assert 1.8 < asyncio.get_running_loop().time() - began < 10


async def test_what_happens_while_a_topic_is_being_admitted_is_sent(live: Live, stream: Stream) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (1, 0, 0, 0)
    socket = await live.connect()

    async def delete() -> None:
        await stream.add(f"post:{post_id}", "post.deleted", {"post_id": str(post_id)})
        await asyncio.sleep(0.1)

    live.people.during = delete
    await socket.ask("sub", topic=f"post:{post_id}")
    assert (await socket.push())["type"] == "post.deleted"


async def test_publishing_during_recovery_leaves_no_hole(live: Live, stream: Stream) -> None:
    topics = [f"tag:t{number}" for number in range(5)]
    start = await stream.add("tag:t0", "post.published", {})
    done = asyncio.Event()

    async def publish() -> None:
        for number in range(200):
            await stream.add(topics[number % 5], "post.published", {"number": number})
        done.set()

    publishing = asyncio.create_task(publish())
    while not done.is_set():
        socket = await live.connect(topics=dict.fromkeys(topics, start))
        await asyncio.sleep(0.05)
    await publishing
    numbers = [(await socket.push())["data"]["number"] for _ in range(200)]
    assert numbers == list(range(200))


async def test_an_event_on_two_topics_promises_its_position_only_on_the_last(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None, "tag:hill": None})
    await stream.add("tag:sea tag:hill", "post.published", {})
    frames = [await socket.push(), await socket.push()]
    assert [(frame["topic"], frame["position"]) for frame in frames] == [("tag:sea", "5-0"), ("tag:hill", "5-1")]
    resumed = await live.connect(topics={"tag:sea": "5-0", "tag:hill": "5-0"})
    frames = [await resumed.push(), await resumed.push()]
    assert [(frame["topic"], frame["position"]) for frame in frames] == [("tag:sea", "5-0"), ("tag:hill", "5-1")]


async def test_a_process_started_later_fills_its_window_from_the_stream(start_live: Start, stream: Stream) -> None:
    for number in range(1200):
        await stream.add("tag:sea", "post.published", {"number": number})
    later = await start_live()
    assert later.realtime.position() == "5-1200"
    socket = await later.connect(topics={"tag:sea": "5-1190"})
    assert [(await socket.push())["data"]["number"] for _ in range(10)] == list(range(1190, 1200))


async def test_subscribing_twice_is_refused_and_changes_nothing(live: Live, stream: Stream) -> None:
    socket = await live.connect()
    await socket.ask("sub", topic="tag:sea")
    answer = await socket.ask("sub", topic="tag:sea")
    assert answer["err"]["code"] == "already_subscribed"
    await stream.add("tag:sea", "post.published", {"number": 1})
    await stream.add("tag:sea", "post.published", {"number": 2})
    assert [(await socket.push())["data"]["number"] for _ in range(2)] == [1, 2]


async def test_after_unsub_nothing_more_comes(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:sea": None, "tag:hill": None})
    assert (await socket.ask("unsub", topic="tag:sea"))["ok"] == {}
    assert (await socket.ask("unsub", topic="tag:sea"))["err"]["code"] == "not_subscribed"
    await stream.add("tag:sea", "post.published", {})
    await stream.add("tag:hill", "post.published", {})
    assert (await socket.push())["topic"] == "tag:hill"


async def test_each_client_hears_of_a_topic_by_the_name_it_used(live: Live, stream: Stream) -> None:
    one, two = await live.connect(topics={"profile:Ann": None}), await live.connect(topics={"profile:ann": None})
    await stream.add("profile:ann", "profile.updated", {})
    assert ((await one.push())["topic"], (await two.push())["topic"]) == ("profile:Ann", "profile:ann")


async def test_on_one_socket_a_topic_has_one_spelling(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:Sea": None, "tag:sea": None})
    outcomes = socket.connected["topics"]
    assert outcomes["tag:sea"]["err"]["code"] == "already_subscribed"
    assert (await socket.ask("sub", topic="tag:SEA", since="5-0"))["err"]["code"] == "already_subscribed"
    await stream.add("tag:sea", "post.published", {})
    await stream.add("tag:sea", "post.deleted", {})
    assert [(await socket.push())["type"] for _ in range(2)] == ["post.published", "post.deleted"]


@pytest.mark.parametrize("topic", ["tag:sea", "feed:following"])
async def test_what_would_be_too_much_to_replay_is_not_recovered(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr(subscribing, "MAX_REPLAYED", 5)
    author, reader = uuid4(), uuid4()
    live.people.follows.add((reader, author))
    for number in range(4):
        await stream.add(f"tag:sea tag:hill author:{author}", "post.published", {"number": number})
    await until(lambda: live.realtime.position() == "5-4")
    # Both together would be too much.
    socket = await live.connect(reader, topics={topic: "5-0", "tag:hill": "5-0"})
    assert [one["recovered"] for one in socket.connected["topics"].values()] == [True, False]
    assert [(await socket.push())["data"]["number"] for _ in range(4)] == [0, 1, 2, 3]
    assert (await socket.ask("sub", topic="tag:hill", since="5-3"))["ok"]["recovered"] is True


async def test_topics_that_are_not_there_or_not_for_visitors_are_refused(live: Live) -> None:
    socket = await live.connect()
    wanted = {
        "me": "unauthorized",
        "feed:following": "unauthorized",
        "admin:queue": "topic_forbidden",
        "nonsense": "topic_unknown",
        "post:1": "topic_unknown",
        "post:None": "topic_unknown",
        f"post:{uuid4()}": "topic_unknown",
        "profile:nobody": "topic_unknown",
    }
    assert {topic: (await socket.ask("sub", topic=topic))["err"]["code"] for topic in wanted} == wanted


async def test_a_domain_that_does_not_answer_makes_a_temporary_error_not_a_dead_socket(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "ASK_SECONDS", 0.2)
    socket = await live.connect()
    live.people.delay = 5
    error = (await socket.ask("sub", topic=f"post:{uuid4()}"))["err"]
    assert (error["code"], error["temporary"], error["retry_after_ms"]) == ("unavailable", True, 1000)
    assert "ok" in await socket.ask("sub", topic="tag:sea")


async def test_a_domain_that_broke_is_no_topic_that_is_not_there(live: Live) -> None:
    async def breaks() -> None:
        raise Internal

    socket = await live.connect()
    live.people.during = breaks
    error = (await socket.ask("sub", topic=f"post:{uuid4()}"))["err"]
    assert (error["code"], error["temporary"]) == ("internal", True)


async def test_more_than_128_topics_are_refused(live: Live) -> None:
    socket = await live.connect(topics={f"tag:t{number}": None for number in range(128)})
    answer = await socket.ask("sub", topic="tag:more")
    assert answer["err"]["code"] == "limit_exceeded"


async def test_a_tag_is_watched_by_any_spelling_a_post_may_have(live: Live, stream: Stream) -> None:
    socket = await live.connect(topics={"tag:हिन्दी": None, "tag:#Straße": None})
    assert not [outcome for outcome in socket.connected["topics"].values() if "err" in outcome]
    await stream.add("tag:हिन्दी", "post.published", {})
    assert (await socket.push())["topic"] == "tag:हिन्दी"
    await stream.add("tag:strasse", "post.published", {})
    assert (await socket.push())["topic"] == "tag:#Straße"
