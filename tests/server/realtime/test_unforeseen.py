"""What breaks in a way nobody foresaw is asked again: nobody goes on seeing what they may not, or counts of before."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from actors.kernel import tools
from server.realtime import waiting
from server.realtime.questions import Questions
from tests.server.realtime.conftest import Live, Stream


def broken_once(ask: Callable[..., Awaitable[Any]], monkeypatch: pytest.MonkeyPatch) -> list[Exception]:
    """This question breaks when it is asked next; answers what it broke with, once it has."""
    broke: list[Exception] = []

    async def broken(*args: Any, **kwargs: Any) -> Any:
        if not broke:
            broke.append(KeyError("unforeseen"))
            raise broke[0]
        return await ask(*args, **kwargs)

    monkeypatch.setattr(tools, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(Questions, ask.__name__, broken)
    return broke


async def test_whoever_loses_the_sight_of_an_author_loses_it_though_the_question_broke(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner, foe = uuid4(), uuid4()
    live.people.owners["ana"] = owner
    socket = await live.connect(foe, topics={"profile:ana": None})
    live.people.unseen.add((foe, owner))
    broke = broken_once(Questions.open_among, monkeypatch)
    await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": str(foe)})
    assert (await socket.push(10))["unsubscribed"]["topic"] == "profile:ana"
    assert broke


async def test_counts_that_were_lost_are_sent_though_the_question_broke(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (1, 1, 0, 0)
    socket = await live.connect(topics={f"post:{post_id}": None})
    live.people.posts[post_id] = (4, 4, 0, 0)
    broke = broken_once(Questions.counts, monkeypatch)
    await stream.redis.flushall()
    await stream.begin(6)
    frames = [await socket.push(10), await socket.push(10)]
    assert [frame["push"] for frame in frames] == ["lag", "counts"]
    assert broke


async def test_when_nobody_can_tell_who_may_see_it_the_topic_is_told_to_look_again(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE_SECONDS", 0.2)
    socket = await live.connect(uuid4(), topics={"tag:sea": None})
    live.people.delay = 10
    await stream.add("tag:sea", "post.published", {}, work_of=uuid4())
    lag = await socket.push()
    assert lag == {"push": "lag", "topic": "tag:sea", "from": "5-0", "to": "5-1"}
