"""The reference client, over lost sockets, restarts and losses: nothing missed, nothing twice."""

import asyncio
import random
import time
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import pytest

from load import memory, patience
from load.client import LiveClient, Stopped
from server.realtime.codes import CloseCode
from server.realtime.encoding import text_frame
from server.realtime.frames import NoticePush, Reconnect
from tests.server.realtime.conftest import Live, Stream, until


async def read(client: LiveClient, into: list[Any], until: Any) -> None:
    async with aclosing(client.events()) as events:
        async for event in events:
            into.append(event["data"]["number"])
            if into[-1] == until:
                return


async def another_connection(client: LiveClient) -> None:
    """Wait until it has connected once more."""
    before = client.connections
    await until(lambda: client.connections > before)


async def test_it_misses_nothing_and_repeats_nothing_while_its_sockets_are_cut(live: Live, stream: Stream) -> None:
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    client.watch("tag:sea")
    client.watch("tag:hill")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected)
    for number in range(150):
        await stream.add("tag:sea tag:mud" if number % 3 else "tag:hill", "post.published", {"number": number})
        if number % 25 == 24:
            for server_side in tuple(live.realtime.gateway.sockets):
                server_side._transport.abort()
            if number % 50 == 24:
                await another_connection(client)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert seen == [*range(150), "end"]
    assert client.connections > 3


async def test_connected_long_with_nothing_received_it_resumes_from_the_ping(live: Live, stream: Stream) -> None:
    live.realtime.log.ring._max_bytes = 5_000
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    client.watch("tag:sea")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected)
    for _ in range(40):
        await stream.add("tag:other", "post.published", {})
    await until(lambda: live.realtime.position() == "5-40")
    (server_side,) = live.realtime.gateway.sockets
    server_side.ping_at = 0.0
    server_side.tick(1e12)
    await until(lambda: client.position == "5-40")
    server_side._transport.abort()
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert client.connected is not None
    assert client.connected["topics"]["tag:sea"]["recovered"] is True


async def test_counts_only_grow_whatever_order_they_come_in(live: Live, stream: Stream) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (3, 3, 0, 0)
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    seen: list[Any] = []
    client.watch("tag:sea")
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected)
    await client.track([str(post_id)])
    assert client.memory.counts == {str(post_id): (3, 3, 0, 0)}
    await stream.counts(post_id, 2, 2)
    await stream.counts(post_id, 4, 4)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert client.memory.counts[str(post_id)][0] in {3, 4}


async def test_it_stops_where_trying_again_cannot_help(live: Live) -> None:
    async def token() -> str:
        return "nonsense"

    client = LiveClient(live.http, live.url, token=token)
    with pytest.raises(Stopped) as stopped:
        await read(client, [], "end")
    assert stopped.value.code == CloseCode.unauthorized


async def test_it_shows_a_newer_token_before_the_old_one_runs_out(live: Live, stream: Stream) -> None:
    user_id = uuid4()
    shown: list[str] = []

    async def token() -> str:
        # The first is about to run out from the beginning.
        shown.append(live.token_of(user_id, lifetime=20 if not shown else 600))
        return shown[-1]

    client = LiveClient(live.http, live.url, token=token, backoff=(0.01, 0.05))
    client.watch("tag:sea")
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: len(shown) == 2, 30)
    (server_side,) = live.realtime.gateway.sockets
    await until(lambda: (server_side.expires_in_ms or 0) > 30_000, 30)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert client.connections == 1


async def test_a_server_that_is_silent_is_left(live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("load.client.SILENCE_SECONDS", 1.0)
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    client.watch("tag:sea")
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: client.connections > 1, 30)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading


async def test_what_is_pushed_before_connect_is_answered_is_no_answer(live: Live, stream: Stream) -> None:
    async def notice() -> None:
        for server_side in live.realtime.gateway.sockets:
            server_side.send(text_frame(NoticePush(reconnect=Reconnect(after_ms=1))))

    post_id = uuid4()
    live.people.posts[post_id], live.people.during = (0, 0, 0, 0), notice
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    client.watch(f"post:{post_id}")
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: client.connected)
    await stream.add(f"post:{post_id}", "post.updated", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert client.connections == 1


def test_only_a_connection_that_lasts_ends_the_growth_of_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    monkeypatch.setattr(random, "uniform", lambda _, most: most)
    waits = patience.Patience((1.0, 3.0))
    for expected in (1.0, 1.5, 2.25, 3.0, 3.0):
        waits.opened()
        assert waits.next() == expected
    waits.opened()
    now = 4.0
    assert waits.next() == 1.0


def test_counts_are_remembered_of_so_many_posts_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "POSTS", 2)
    remembered = memory.Memory()
    remembered.count([["a", 1, 0, 0, 0], ["b", 1, 0, 0, 0], ["a", 2, 0, 0, 0], ["c", 1, 0, 0, 0]])
    assert set(remembered.counts) == {"a", "c"}
