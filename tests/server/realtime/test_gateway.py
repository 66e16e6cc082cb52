"""Staying within limits, and getting out."""

import asyncio
import time
from types import SimpleNamespace
from uuid import uuid4

import aiohttp
import pytest

from actors.auth.people import Role
from server.realtime import connection
from server.realtime.connection import Connection
from server.realtime.frames import Limits
from tests.server.realtime.conftest import Live, Stream, until
from tests.server.realtime.test_places import room


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


async def test_too_many_errors_close_the_socket(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ERRORS_PER_SECOND", 0.0)
    socket = await live.connect()
    for _ in range(21):
        await socket.ws.send_str("nonsense")
    assert await socket.closed() == 4507


async def test_frames_beyond_the_rate_are_refused_for_now_and_a_flood_closes_the_socket(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However long it takes to send them.
    monkeypatch.setattr(connection, "_LIMITS", Limits(frames_per_second=0))
    socket = await live.connect()
    for _ in range(180):
        await socket.ws.send_str('{"op": "pong"}')
    answers = [await socket.frame() for _ in range(30)]
    assert {(frame["id"], frame["err"]["code"], frame["err"]["temporary"]) for frame in answers} == {
        (None, "rate_limited", True)
    }
    assert await socket.closed() == 4005


async def test_who_asks_for_many_posts_at_once_may_ask_less_often(live: Live) -> None:
    posts = [str(uuid4()) for _ in range(200)]
    socket = await live.connect()
    for number in range(12):
        await socket.ws.send_json({"id": number, "op": "track", "posts": posts})
    answers = [await socket.frame() for _ in range(12)]
    assert [frame["id"] for frame in answers] == list(range(12))
    assert all("ok" in frame for frame in answers[:5])
    assert {frame["err"]["code"] for frame in answers if "err" in frame} == {"rate_limited"}


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
    await room(live, user_id)


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


async def test_a_token_that_runs_out_warns_then_closes_unless_refreshed(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_id = uuid4()
    kept = await live.connect(user_id, token=live.token_of(user_id, lifetime=30))
    lost = await live.connect(user_id, token=live.token_of(user_id, lifetime=30))
    for socket in (kept, lost):
        notice = await socket.push()
        assert notice["push"] == "notice"
        assert 0 < notice["expiring"]["in_ms"] <= 30_000
    stranger = await kept.ask("refresh", token=live.token_of(uuid4()))
    assert stranger["err"]["code"] == "unauthorized"
    answer = await kept.ask("refresh", token=live.token_of(user_id))
    assert answer["ok"]["expires_in_ms"] > 590_000
    half_a_minute_later = SimpleNamespace(time=lambda: time.time() + 31, monotonic=time.monotonic)
    monkeypatch.setattr(connection, "time", half_a_minute_later)
    for server_side in live.realtime.gateway.sockets:
        server_side._wheel.wake_at(server_side, time.monotonic())
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
    await until(lambda: not live.realtime.gateway.sockets)
    assert not live.realtime._audience.topics
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


async def test_a_frame_full_of_wrong_values_is_not_looked_at(live: Live) -> None:
    socket = await live.connect()
    began = time.process_time()
    for _ in range(3):
        assert (await socket.ask("track", posts=[1] * 15_000))["err"]["code"] == "bad_request"
    assert time.process_time() - began < 0.3
