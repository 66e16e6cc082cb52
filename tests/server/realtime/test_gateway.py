"""Getting in, staying within limits, getting out."""

import asyncio
import time
from uuid import uuid4

import aiohttp
import pytest

from actors.auth.people import Role
from server.realtime import connection
from server.realtime.connection import Connection
from tests.server.realtime.conftest import Live, Stream, until


async def test_a_visitor_connects_and_is_told_the_limits(live: Live, stream: Stream) -> None:
    await stream.add("tag:sea", "post.published", {})
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


async def test_who_does_not_connect_in_time_is_closed(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    socket = await live.open()
    assert await socket.closed() == 4508


async def test_another_first_frame_than_connect_is_a_protocol_error(live: Live) -> None:
    socket = await live.open()
    assert (await socket.ask("sub", topic="tag:sea"))["err"]["code"] == "bad_request"
    assert await socket.closed() == 4503


@pytest.mark.parametrize(
    ("sent", "code", "answered"),
    [
        ('{"id": 9, "op": "dance"}', "op_unknown", 9),
        ('{"id": 9, "op": "sub"}', "bad_request", 9),
        ('{"id": 9, "op": "sub", "topic": "tag:a", "more": 1}', "bad_request", 9),
        ('{"id": -1, "op": "sub", "topic": "tag:a"}', "bad_request", -1),
        ('{"op": "sub", "topic": "tag:a"}', "bad_request", None),
        ("[1, 2]", "bad_request", None),
        ('{"id": 9, ', "bad_request", None),
    ],
)
async def test_what_makes_no_sense_is_answered_and_the_socket_stays(
    live: Live, sent: str, code: str, answered: int | None
) -> None:
    socket = await live.connect()
    await socket.ws.send_str(sent)
    frame = await socket.frame()
    assert (frame["id"], frame["err"]["code"], frame["err"]["temporary"]) == (answered, code, False)
    assert "ok" in await socket.ask("sub", topic="tag:sea")


async def test_too_many_errors_close_the_socket(live: Live) -> None:
    socket = await live.connect()
    for _ in range(21):
        await socket.ws.send_str("nonsense")
    assert await socket.closed() == 4507


async def test_frames_beyond_the_rate_are_refused_for_now_and_a_flood_closes_the_socket(live: Live) -> None:
    socket = await live.connect()
    for number in range(100):
        await socket.ws.send_json({"id": number, "op": "unsub", "topic": "tag:sea"})
    errors = [(await socket.frame())["err"] for _ in range(21)]
    assert {error["code"] for error in errors} == {"not_subscribed"}
    assert await socket.closed() == 4507


async def test_a_flood_of_frames_closes_the_socket(live: Live) -> None:
    socket = await live.connect()
    for _ in range(180):
        await socket.ws.send_str('{"op": "pong"}')
    answers = [await socket.frame() for _ in range(30)]
    assert {(frame["id"], frame["err"]["code"], frame["err"]["temporary"]) for frame in answers} == {
        (None, "rate_limited", True)
    }
    assert await socket.closed() == 4005


async def test_a_frame_too_big_is_1009_binary_is_1003_and_half_a_character_1007(live: Live) -> None:
    socket = await live.connect()
    await socket.ws.send_str('{"op": "pong"}'.ljust(64 * 1024))
    assert "ok" in await socket.ask("sub", topic="tag:sea")
    await socket.ws.send_str("x" * (64 * 1024 + 1))
    assert await socket.closed() == 1009
    socket = await live.connect()
    await socket.ws.send_bytes(b"{}")
    assert await socket.closed() == 1003
    socket = await live.connect()
    await socket.ws._writer.send_frame(b"\xff", aiohttp.WSMsgType.TEXT)
    assert await socket.closed() == 1007


async def test_the_seventeenth_socket_of_a_person_is_refused(live: Live) -> None:
    user_id = uuid4()
    sockets = [await live.connect(user_id) for _ in range(16)]
    more = await live.open()
    assert (await more.ask("connect", token=live.token_of(user_id)))["err"]["code"] == "limit_exceeded"
    assert await more.closed() == 4505
    await sockets[0].ws.close()
    await asyncio.sleep(0.05)
    await live.connect(user_id)


async def test_pings_carry_the_position_and_silence_after_one_is_closed(live: Live, stream: Stream) -> None:
    socket = await live.connect()
    await stream.add("tag:sea", "post.published", {})
    (server_side,) = live.realtime.gateway.sockets
    await until(lambda: live.realtime.position() == "5-1")
    _due(server_side)
    assert await socket.frame() == {"push": "ping", "position": "5-1"}
    pinged = server_side.heard_at
    await socket.ws.send_json({"op": "pong"})
    await until(lambda: server_side.heard_at > pinged)
    _pong_due(server_side)
    await asyncio.sleep(0.3)
    assert server_side.closing_at is None
    _due(server_side)
    assert (await socket.frame())["push"] == "ping"
    _pong_due(server_side)
    assert await socket.closed() == 4002


def _due(server_side: Connection) -> None:
    server_side.ping_at = 0.0
    server_side._wheel.wake_at(server_side, time.monotonic())


def _pong_due(server_side: Connection) -> None:
    assert server_side.pong_by is not None
    # Ten seconds pass for the ping and for what was heard alike.
    server_side.pong_by -= 10
    server_side.heard_at -= 10
    server_side._wheel.wake_at(server_side, time.monotonic())


async def test_a_token_that_runs_out_warns_then_closes_unless_refreshed(live: Live) -> None:
    user_id = uuid4()
    kept = await live.connect(user_id, token=live.token_of(user_id, lifetime=2))
    lost = await live.connect(user_id, token=live.token_of(user_id, lifetime=2))
    for socket in (kept, lost):
        notice = await socket.push()
        assert notice["push"] == "notice"
        assert 0 < notice["expiring"]["in_ms"] <= 2000
    stranger = await kept.ask("refresh", token=live.token_of(uuid4()))
    assert stranger["err"]["code"] == "unauthorized"
    answer = await kept.ask("refresh", token=live.token_of(user_id))
    assert answer["ok"]["expires_in_ms"] > 590_000
    assert await lost.closed() == 4001
    assert "ok" in await kept.ask("sub", topic="tag:sea")


async def test_a_revoked_session_closes_its_sockets_and_no_others(live: Live, stream: Stream) -> None:
    user_id, session_id = uuid4(), uuid4()
    token = live.token_of(user_id, session_id=session_id)
    ended, other = await live.connect(user_id, token=token), await live.connect(user_id)
    await stream.add(f"user:{user_id}", "session.revoked", {"session_id": str(session_id)})
    assert (await other.push())["data"] == {"session_id": str(session_id)}
    assert await ended.closed() == 4501
    again = await live.open()
    assert (await again.ask("connect", token=token))["err"]["code"] == "unauthorized"
    assert await again.closed() == 4501


async def test_a_session_revoked_while_it_connects_is_closed(live: Live, stream: Stream) -> None:
    user_id, session_id, post_id = uuid4(), uuid4(), uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)

    async def revoke() -> None:
        await stream.add(f"user:{user_id}", "session.revoked", {"session_id": str(session_id)})
        await asyncio.sleep(0.1)

    live.people.during = revoke
    token = live.token_of(user_id, session_id=session_id)
    socket = await live.connect(user_id, token=token, topics={f"post:{post_id}": None})
    assert await socket.closed() == 4501


async def test_admin_topics_take_the_role(live: Live) -> None:
    user_id = uuid4()
    socket = await live.connect(user_id, token=live.token_of(user_id, role=Role.admin))
    assert "ok" in await socket.ask("sub", topic="admin:queue")


async def test_draining_asks_everybody_to_leave_within_the_time_and_lets_nobody_in(live: Live) -> None:
    sockets = [await live.connect() for _ in range(10)]
    draining = asyncio.create_task(live.realtime.drain(0.5))
    delays = [(await socket.push())["reconnect"]["after_ms"] for socket in sockets]
    assert len(set(delays)) > 5
    assert max(delays) <= 500
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.open()
    assert refused.value.status == 503
    assert [await socket.closed() for socket in sockets] == [4000] * 10
    await draining
    assert not live.realtime.gateway.sockets


async def test_a_closed_socket_leaves_nothing_behind(live: Live, stream: Stream) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)
    socket = await live.connect(uuid4(), topics={f"post:{post_id}": None, "feed:following": None, "profile:Ann": None})
    await socket.ask("sub", topic="profile:ann")
    await socket.ask("track", posts=[str(post_id)])
    assert len(live.realtime._audience.topics) == 4
    await socket.ws.close()
    await asyncio.sleep(0.05)
    assert not live.realtime._audience.topics
    assert not live.realtime.gateway.sockets
    await stream.add(f"post:{post_id}", "post.deleted", {})


async def test_a_protocol_ping_is_answered(live: Live) -> None:
    async with aiohttp.ClientSession() as http, http.ws_connect(live.url, autoping=False) as ws:
        await ws.ping(b"are you there")
        message = await ws.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"are you there")


async def test_a_revoked_session_closes_a_socket_that_names_every_topic_it_may(live: Live, stream: Stream) -> None:
    user_id, session_id = uuid4(), uuid4()
    token = live.token_of(user_id, session_id=session_id)
    socket = await live.connect(token=token, topics={f"tag:t{i}": None for i in range(128)})
    assert sum("err" in outcome for outcome in socket.connected["topics"].values()) == 1, "`me` is one of the 128"
    await stream.add(f"user:{user_id}", "session.revoked", {"session_id": str(session_id)})
    assert await socket.closed() == 4501


async def test_sockets_that_connect_at_once_are_counted_too(live: Live) -> None:
    token = live.token_of(uuid4())
    sockets = [await live.open() for _ in range(40)]
    posts: dict[str, None] = {f"post:{uuid4()}": None for _ in range(5)}
    answers = await asyncio.gather(*(socket.ask("connect", token=token, topics=posts) for socket in sockets))
    assert sum("ok" in answer for answer in answers) == 16
    assert {answer["err"]["code"] for answer in answers if "err" in answer} == {"limit_exceeded"}


@pytest.mark.parametrize("origin", ["http://[::1", "null", "nonsense"])
async def test_cookies_from_an_origin_that_is_none_are_refused(live: Live, origin: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await live.open(headers={"Cookie": f"vitrine_access={live.token_of(uuid4())}", "Origin": origin})
    assert refused.value.status == 403


async def test_a_frame_full_of_wrong_values_is_not_looked_at(live: Live) -> None:
    socket = await live.connect()
    began = time.process_time()
    for _ in range(3):
        assert (await socket.ask("track", posts=[1] * 15_000))["err"]["code"] == "bad_request"
    assert time.process_time() - began < 0.3
