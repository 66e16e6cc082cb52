"""Readers that are slow or stop: bounded, told, and nobody else's problem."""

import asyncio
import socket as sockets
from uuid import uuid4

import aiohttp
import pytest

from server.realtime import wire
from server.realtime.entries import Entry
from tests.server.realtime.conftest import Live, Socket, Stream, until


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BLOCKED_SECONDS", 0.5)


@pytest.fixture
def long_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "BLOCKED_SECONDS", 60.0)


async def _narrow(live: Live, **fields: object) -> Socket:
    """A socket with small buffers at its reader's end, which reads only when asked to."""

    def narrow(address: object) -> sockets.socket:
        made = sockets.socket(sockets.AF_INET, sockets.SOCK_STREAM)
        made.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 8192)
        made.setblocking(False)
        return made

    http = aiohttp.ClientSession(connector=aiohttp.TCPConnector(socket_factory=narrow), read_bufsize=4096)
    live._stack.push_async_callback(http.close)
    timeout = aiohttp.ClientWSTimeout(ws_close=0.1)
    ws = await live._stack.enter_async_context(http.ws_connect(live.url, max_msg_size=0, timeout=timeout))
    slow = Socket(ws)
    await slow.ask("connect", **fields)
    return slow


def _transport(socket: Socket) -> asyncio.Transport:
    """What a client that stalls no longer reads from."""
    connection = socket.ws._response.connection
    assert connection is not None
    assert connection.transport is not None
    return connection.transport


async def test_who_stops_reading_is_cut_off_and_others_are_not_delayed(
    live: Live, stream: Stream, short_patience: None
) -> None:
    slow = await _narrow(live, topics={"tag:sea": None})
    _transport(slow).pause_reading()
    quick = await live.connect(topics={"tag:sea": None})
    waits = []
    loop = asyncio.get_running_loop()
    text = "x" * 20_000
    for number in range(300):
        began = loop.time()
        await stream.add("tag:sea", "post.published", {"number": number, "text": text})
        assert (await quick.push())["data"]["number"] == number
        waits.append(loop.time() - began)
    for server_side in live.realtime.gateway.sockets:
        assert server_side._outbox is None or server_side._outbox._bytes <= 1024 * 1024
    await until(lambda: len(live.realtime.gateway.sockets) == 1)
    assert sorted(waits)[-10] < 0.5, "who reads was sent what came, while the other one was waited for"


async def test_who_is_slow_is_told_what_was_dropped_and_gets_it_by_subscribing_again(
    live: Live, stream: Stream, long_patience: None
) -> None:
    slow = await _narrow(live, topics={"tag:sea": None, "tag:hill": None})
    transport = _transport(slow)
    transport.pause_reading()
    text = "x" * 50_000
    for number in range(100):
        await stream.add("tag:sea", "post.published", {"number": number, "text": text})
    await stream.add("tag:hill", "post.published", {"number": "hill"})
    await until(lambda: live.realtime.position() == "5-101")
    transport.resume_reading()
    numbers, lag = [], None
    while "hill" not in numbers:
        frame = await slow.push()
        if frame["push"] == "lag":
            assert lag is None
            lag = frame
        else:
            numbers.append(frame["data"]["number"])
    assert lag is not None
    numbers.remove("hill")
    first_lost, last_lost = int(lag["from"].partition("-")[2]), int(lag["to"].partition("-")[2])
    # n is number + 1: up to `from` all came, and after `to` again.
    assert numbers == [*range(first_lost), *range(last_lost, 100)]
    assert last_lost > first_lost
    answer = await slow.ask("sub", topic="tag:sea", since=lag["from"])
    assert answer["ok"] == {"position": lag["from"], "recovered": True}
    again = [(await slow.push())["data"]["number"] for _ in range(100 - first_lost)]
    assert again == list(range(first_lost, 100))


async def test_what_the_log_brings_in_one_go_is_bounded_too(live: Live, long_patience: None) -> None:
    slow = await _narrow(live, topics={"tag:sea": None})
    _transport(slow).pause_reading()
    data = b'{"text": "%b"}' % (b"x" * 50_000)
    live.realtime._fanout.receive(5, [Entry(n, ("tag:sea",), b"post.published", data=data) for n in range(1, 101)])
    (server_side,) = live.realtime.gateway.sockets
    assert server_side._transport.get_write_buffer_size() < 4 * wire.HIGH_WATER
    assert server_side._outbox is not None
    assert server_side._outbox._bytes <= 1024 * 1024


async def test_counts_for_a_blocked_reader_are_merged_to_the_latest(
    live: Live, stream: Stream, long_patience: None
) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)
    slow = await _narrow(live, topics={"tag:sea": None, f"post:{post_id}": None})
    transport = _transport(slow)
    transport.pause_reading()
    for number in range(20):
        await stream.add("tag:sea", "post.published", {"number": number, "text": "x" * 30_000})
    await until(lambda: live.realtime.position() == "5-20")
    for v in range(1, 200):
        await stream.counts(post_id, v, v)
        await asyncio.sleep(0.002)
    await until(lambda: live.realtime.position() == "5-219")
    transport.resume_reading()
    versions: list[int] = []
    while not versions or versions[-1] < 199:
        frame = await slow.push()
        if frame["push"] == "counts":
            versions.append(frame["items"][0][1])
    assert len(versions) <= 3


async def test_a_large_resume_is_replayed_whole_to_a_reader_that_reads(live: Live, stream: Stream) -> None:
    for number in range(300):
        await stream.add("tag:sea", "post.published", {"number": number, "text": "x" * 20_000})
    await until(lambda: live.realtime.position() == "5-300")
    socket = await live.connect(topics={"tag:sea": "5-0"})
    await stream.add("tag:sea", "post.published", {"number": 300})
    assert [(await socket.push())["data"]["number"] for _ in range(301)] == list(range(301))


async def test_events_that_are_still_to_be_replayed_count_as_queued(live: Live, stream: Stream) -> None:
    text = "x" * 20_000
    for number in range(100):
        await stream.add("tag:sea", "post.published", {"number": number, "text": text})
    await until(lambda: live.realtime.position() == "5-100")
    slow = await _narrow(live)
    _transport(slow).pause_reading()
    await slow.ws.send_json({"id": 2, "op": "sub", "topic": "tag:sea", "since": "5-0"})
    (server_side,) = live.realtime.gateway.sockets
    await until(lambda: server_side._outbox is not None)
    assert server_side._outbox is not None
    assert 0 < server_side._outbox._bytes <= 100 * 128
