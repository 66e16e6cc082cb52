"""Revocations, suspensions and roles on open sockets: told by the log, or by PostgreSQL when the log lost them."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from actors.adapters.cache import open_cache
from actors.auth.people import Plan, Role
from actors.auth.standing import RecentRevocations, RevocationsFound, RevokedSession, Standing
from actors.kernel.errors import Unavailable
from actors.kernel.message import Request
from actors.settings import Settings
from server.http.needs import Needs
from server.http.standings import HORIZON_SECONDS, Standings
from server.realtime import recheck, topics
from server.realtime.realtime import Realtime
from tests.server.realtime.conftest import Live, Start, Stream, until
from tests.server.realtime.people import NOTHING_REVOKED

R = TypeVar("R")
FOR_EVER = datetime.max.replace(tzinfo=UTC)


def standing(user_id: UUID, **others: Any) -> Standing:
    said: dict[str, Any] = {"role": Role.user, "plan": Plan.free, "suspended_until": None, "closing": False}
    return Standing(user_id=user_id, changed_at=datetime.now(UTC), **said | others)


async def announce(stream: Stream, told: Standing) -> None:
    await stream.add(f"user:{told.user_id}", "standing.changed", told.model_dump(mode="json"))


def ended(user_id: UUID, session_id: UUID) -> RevocationsFound:
    """What PostgreSQL answers when that session of theirs has ended."""
    session = RevokedSession(session_id=session_id, user_id=user_id)
    return RevocationsFound(as_of=datetime.now(UTC), sessions=(session,), standings=())


async def refused(live: Live, **fields: Any) -> tuple[str, int | None]:
    """The error and the code a new socket is closed with."""
    socket = await live.open()
    answer = await socket.ask("connect", **fields)
    return answer["err"]["code"], await socket.closed()


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("loggedOut", 4501),
        ("revoked", 4501),
        ("passwordChanged", 4501),
        ("reused", 4501),
        ("closed", 4501),
        ("suspended", 4502),
        ("of a later release", 4501),
    ],
)
async def test_why_a_session_ended_decides_the_code(live: Live, stream: Stream, reason: str, code: int) -> None:
    user_id, session_id = uuid4(), uuid4()
    token = live.token_of(user_id, session_id=session_id)
    gone, stays = await live.connect(user_id, token=token), await live.connect(user_id)
    await stream.add(f"user:{user_id}", "session.revoked", {"session_id": str(session_id), "reason": reason})
    assert await gone.closed() == code
    assert "ok" in await stays.ask("sub", topic="tag:sea")
    assert await refused(live, token=token) == ("unauthorized", code)


async def test_a_suspension_and_a_closing_close_every_socket_of_theirs(live: Live, stream: Stream) -> None:
    suspended, closing, other = uuid4(), uuid4(), uuid4()
    theirs = [await live.connect(suspended) for _ in range(3)]
    leaving, stays = await live.connect(closing), await live.connect(other)
    await announce(stream, standing(suspended, suspended_until=FOR_EVER))
    await announce(stream, standing(closing, closing=True))
    assert [await socket.closed() for socket in theirs] == [4502] * 3
    assert await leaving.closed() == 4501
    assert await refused(live, token=live.token_of(suspended)) == ("unauthorized", 4502)
    assert await refused(live, ticket=await _ticket(live, suspended)) == ("unauthorized", 4502)
    assert "ok" in await stays.ask("sub", topic="tag:sea")
    await announce(stream, standing(suspended, suspended_until=datetime.now(UTC) - timedelta(seconds=1)))
    await until(lambda: live.realtime.log.head.n == 3)
    await live.connect(suspended)


async def _ticket(live: Live, user_id: UUID) -> str:
    """A ticket issued before all this."""
    caller = live.tokens.verify(live.token_of(user_id)).caller
    return await live.realtime.tickets.issue(caller)


async def test_who_loses_a_role_loses_its_topics_and_nothing_else(live: Live, stream: Stream) -> None:
    user_id = uuid4()
    token = live.token_of(user_id, role=Role.admin)
    socket = await live.connect(user_id, token=token, topics={"admin:queue": None, "tag:sea": None})
    await announce(stream, standing(user_id, role=Role.creator))
    assert (await socket.push())["unsubscribed"] == {"topic": "admin:queue", "code": "topic_forbidden"}
    await stream.add("admin:queue", "queue.changed", {"subject": "x"})
    await stream.add("tag:sea", "post.deleted", {"post_id": "x"})
    assert (await socket.push())["topic"] == "tag:sea", "what others may watch is not sent here any more"
    assert (await socket.ask("sub", topic="admin:queue"))["err"]["code"] == "topic_forbidden"
    assert (await live.connect(user_id, token=token)).connected["user"]["role"] == "creator"


async def test_who_is_given_a_role_may_use_it_with_the_token_they_have(live: Live, stream: Stream) -> None:
    user_id = uuid4()
    socket = await live.connect(user_id)
    assert (await socket.ask("sub", topic="admin:queue"))["err"]["code"] == "topic_forbidden"
    await announce(stream, standing(user_id, role=Role.admin))
    await until(lambda: live.realtime.log.head.n == 1)
    assert "ok" in await socket.ask("sub", topic="admin:queue")
    assert not socket.pushed, "a standing is for the edge itself"


async def test_a_topic_may_take_a_plan(live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(topics.NEEDS, "feed:forYou", Needs(plan=Plan.pro))
    user_id = uuid4()
    socket = await live.connect(user_id, topics={"feed:forYou": None})
    assert socket.connected["topics"]["feed:forYou"]["err"]["code"] == "plan_required"
    visitor = await live.connect(topics={"feed:forYou": None})
    assert visitor.connected["topics"]["feed:forYou"]["err"]["code"] == "unauthorized"
    await announce(stream, standing(user_id, plan=Plan.studio))
    await until(lambda: live.realtime.log.head.n == 1)
    assert "ok" in await socket.ask("sub", topic="feed:forYou")
    await announce(stream, standing(user_id, plan=Plan.free))
    assert (await socket.push())["unsubscribed"] == {"topic": "feed:forYou", "code": "plan_required"}


async def test_a_newer_token_with_less_in_it_ends_topics_too(live: Live) -> None:
    user_id = uuid4()
    socket = await live.connect(token=live.token_of(user_id, role=Role.admin), topics={"admin:queue": None})
    assert "ok" in await socket.ask("refresh", token=live.token_of(user_id))
    assert (await socket.push())["unsubscribed"]["topic"] == "admin:queue"


async def test_what_the_log_does_not_say_postgresql_says_within_a_second(
    start_live: Start, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recheck.PERIOD_SECONDS < 0.8, "and the answer takes what is left of the second"
    monkeypatch.setattr(recheck, "PERIOD_SECONDS", 0.05)
    live = await start_live()
    user_id, session_id = uuid4(), uuid4()
    token = live.token_of(user_id, session_id=session_id)
    gone, other = await live.connect(user_id, token=token), await live.connect(user_id)
    await stream.add(f"user:{user_id}", "standing.changed", {"role": "of a later release"})
    began = time.monotonic()
    live.people.revocations = ended(user_id, session_id)
    assert await gone.closed() == 4501
    assert time.monotonic() - began < 1, "and the log is heard all the while"
    assert "ok" in await other.ask("sub", topic="tag:sea")
    assert await refused(live, token=token) == ("unauthorized", 4501)
    questions = [asked.since for asked in live.people.asked if isinstance(asked, RecentRevocations)]
    assert questions[0] is None
    assert set(questions[1:]) <= {NOTHING_REVOKED.as_of, live.people.revocations.as_of}, "then what is new alone"


async def test_a_process_started_afterwards_knows_before_it_serves(live: Live, start_live: Start) -> None:
    user_id, session_id = uuid4(), uuid4()
    token = live.token_of(user_id, session_id=session_id)
    later = await start_live(revocations=ended(user_id, session_id), delay=0.3)
    assert await refused(later, token=token) == ("unauthorized", 4501)
    await live.connect(user_id, token=token)


async def test_a_process_that_cannot_ask_does_not_begin(
    live_settings: Settings, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recheck, "PATIENCE_SECONDS", 0.0)
    cache = open_cache(live_settings)
    other = Realtime(live_settings, cache, _away, Standings())
    with pytest.raises(Unavailable):
        await other.start()
    await other.stop()
    await cache.close()


async def _away(message: Request[R]) -> R:
    raise Unavailable(type(message).__name__)


async def test_an_answer_that_fails_is_asked_for_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recheck, "PERIOD_SECONDS", 0.05)
    user_id, session_id = uuid4(), uuid4()
    gone = await live.connect(user_id, token=live.token_of(user_id, session_id=session_id))
    live.people.is_away, live.people.revocations = True, ended(user_id, session_id)
    await until(lambda: live.people.refusals >= 2)
    live.people.is_away = False
    assert await gone.closed() == 4501


async def test_who_could_not_be_told_for_longer_than_it_is_remembered_shows_their_token_again(live: Live) -> None:
    mine, visitors = await live.connect(uuid4()), await live.connect()
    live.realtime._recheck._asked_at -= HORIZON_SECONDS + 1
    assert await mine.closed() == 4006
    assert "ok" in await visitors.ask("sub", topic="tag:sea")
