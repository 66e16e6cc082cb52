"""Who gets in, as whom, and what they are told."""

import asyncio
from uuid import uuid4

import aiohttp
import pytest

from actors.posts.sight_messages import SeePosts
from server.realtime import connection
from server.realtime.dispatch import CONNECTING
from tests.server.realtime.conftest import Live, Stream, until


async def test_a_visitor_connects_and_is_told_the_limits(live: Live, stream: Stream) -> None:
    await stream.add("tag:sea", "post.published", {})
    await until(lambda: live.realtime.position() == "5-1")
    socket = await live.connect(topics={"tag:sea": None, "me": None})
    told = socket.connected
    assert told["user"] is None
    assert told["expires_in_ms"] is None
    assert told["position"] == "5-1"
    assert told["ping_ms"] == 25_000
    assert told["limits"]["topics"] == 128
    assert told["topics"]["tag:sea"] == {"position": "5-1", "recovered": False}
    assert told["topics"]["me"]["err"]["code"] == "unauthorized"


async def test_a_token_names_its_bearer_and_me_is_always_on(live: Live, stream: Stream) -> None:
    user_id = uuid4()
    phone, desk = await live.connect(user_id), await live.connect(user_id)
    assert phone.connected["user"] == {"id": str(user_id), "username": "ann", "role": "user", "plan": "free"}
    assert 590_000 < phone.connected["expires_in_ms"] <= 600_000
    await stream.add(f"user:{user_id}", "mine.changed", {"on": True})
    assert [(await socket.push())["topic"] for socket in (phone, desk)] == ["me", "me"]
    assert (await phone.ask("unsub", topic="me"))["err"]["code"] == "not_subscribed"


async def test_a_bearer_token_on_the_upgrade_counts_too_and_a_bad_one_is_401(live: Live) -> None:
    user_id = uuid4()
    socket = await live.open(headers={"Authorization": f"Bearer {live.token_of(user_id)}"})
    assert (await socket.ask("connect"))["ok"]["user"]["id"] == str(user_id)
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.open(headers={"Authorization": "Bearer nonsense"})
    assert refused.value.status == 401


async def test_a_bad_token_in_connect_closes_for_good_and_an_expired_one_does_not(live: Live) -> None:
    socket = await live.open()
    assert (await socket.ask("connect", token="nonsense"))["err"]["code"] == "unauthorized"
    assert await socket.closed() == 4500
    socket = await live.open()
    assert (await socket.ask("connect", token=live.token_of(uuid4(), lifetime=-1)))["err"]["code"] == "token_expired"
    assert await socket.closed() == 4001


async def test_cookies_from_a_foreign_page_are_refused_and_from_an_allowed_one_taken(live: Live) -> None:
    user_id = uuid4()
    cookies = {"Cookie": f"vitrine_access={live.token_of(user_id)}"}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.open(headers={**cookies, "Origin": "https://evil.example"})
    assert refused.value.status == 403
    socket = await live.open(headers={**cookies, "Origin": "https://app.example"})
    told = (await socket.ask("connect"))["ok"]
    assert (told["user"]["id"], told["expires_in_ms"]) == (str(user_id), None)
    visitor = await live.open(headers={"Origin": "https://evil.example"})
    assert (await visitor.ask("connect"))["ok"]["user"] is None


async def test_a_ticket_serves_once(live: Live) -> None:
    user_id = uuid4()
    headers = {"Authorization": f"Bearer {live.token_of(user_id)}"}
    async with live.http.post(f"{live.url}/tickets", headers=headers) as reply:
        assert reply.status == 201
        body = await reply.json()
    assert body["expires_in"] == 30
    first, second = await live.open(), await live.open()
    told = (await first.ask("connect", ticket=body["ticket"]))["ok"]
    assert (told["user"]["id"], told["expires_in_ms"]) == (str(user_id), None)
    assert (await second.ask("connect", ticket=body["ticket"]))["err"]["code"] == "unauthorized"
    assert await second.closed() == 4500
    async with live.http.post(f"{live.url}/tickets", headers=headers, json={"user_id": "another"}) as reply:
        assert (reply.status, (await reply.json())["errors"][0]["code"]) == (422, "unknown_field")
    async with live.http.post(f"{live.url}/tickets") as reply:
        assert reply.status == 401


async def test_an_unknown_subprotocol_is_closed_with_4504_and_none_is_accepted(live: Live) -> None:
    socket = await live.open(protocols=("vitrine.v9",))
    assert await socket.closed() == 4504
    socket = await live.open(protocols=())
    assert "ok" in await socket.ask("connect")


async def test_an_ordinary_get_is_told_to_upgrade(live: Live) -> None:
    async with live.http.get(live.url) as reply:
        assert (reply.status, (await reply.json())["code"]) == (400, "upgrade_needed")


@pytest.mark.parametrize("origin", ["http://[::1", "null", "nonsense"])
async def test_cookies_from_an_origin_that_is_none_are_refused(live: Live, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.open(headers={"Cookie": f"vitrine_access={live.token_of(uuid4())}", "Origin": origin})
    assert refused.value.status == 403


async def test_a_connect_that_breaks_half_way_closes_the_socket(live: Live) -> None:
    async def breaks() -> None:
        raise RuntimeError("unforeseen")

    socket = await live.open()
    live.people.during = breaks
    assert (await socket.ask("connect", topics={f"post:{uuid4()}": None}))["err"]["code"] == "internal"
    assert await socket.closed() == 1011


async def test_a_token_about_to_run_out_is_spoken_of_after_the_answer_to_connect(live: Live) -> None:
    user_id = uuid4()

    async def ticks() -> None:
        (server_side,) = live.realtime.gateway.sockets
        server_side.tick(asyncio.get_running_loop().time())

    live.people.during = ticks
    token = live.token_of(user_id, lifetime=20)
    socket = await live.connect(user_id, token=token, topics={f"post:{uuid4()}": None})
    assert socket.pushed == []
    assert "expiring" in await socket.push()


async def test_a_crowd_gets_in_by_turns_and_who_left_meanwhile_takes_none(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = asyncio.Semaphore(0)
    monkeypatch.setattr(live.realtime.gateway._dispatch, "_turns", turns)
    sockets = [await live.open() for _ in range(3)]
    for socket in sockets:
        await socket.ws.send_json({"id": 1, "op": "connect", "topics": {f"post:{uuid4()}": None}})
    waiting = live.realtime.gateway.sockets
    await until(lambda: len(waiting) == 3 and all(one.has_asked for one in waiting))
    next(iter(waiting))._transport.abort()
    turns.release()
    await until(lambda: len(waiting) == 2)
    await until(lambda: not turns.locked())
    assert all(one.opened for one in waiting)
    assert len([message for message in live.people.asked if isinstance(message, SeePosts)]) == 2


async def test_who_waited_too_long_for_a_turn_may_come_again(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    monkeypatch.setattr(live.realtime.gateway._dispatch, "_turns", asyncio.Semaphore(0))
    socket = await live.open()
    await socket.ws.send_json({"id": 1, "op": "connect", "topics": {}})
    assert await socket.closed() == 4007


async def test_a_crowd_is_granted_its_places_by_few_calls(live: Live, stream: Stream) -> None:
    async def calls() -> int:
        return sum(one["calls"] for name, one in (await stream.redis.info("commandstats")).items() if "evalsha" in name)

    before, sockets = await calls(), [await live.open() for _ in range(40)]
    turns = live.realtime.gateway._dispatch._turns
    for _ in range(CONNECTING):
        await turns.acquire()
    for socket in sockets:
        await socket.ws.send_json({"id": 1, "op": "connect", "token": live.token_of(uuid4()), "topics": {}})
    waiting = live.realtime.gateway.sockets
    await until(lambda: len(waiting) == 40 and all(one.has_asked for one in waiting))
    for _ in range(CONNECTING):
        turns.release()
    for socket in sockets:
        assert "ok" in await socket.frame()
    assert await calls() - before < 10
