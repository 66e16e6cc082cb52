"""The reference client asks: what is refused for now, and what nobody answers any more."""

import asyncio
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from load.client import LiveClient
from server.realtime import refusals
from tests.server.realtime.conftest import Live, Stream, until
from tests.server.realtime.test_client import read


async def test_what_is_refused_for_now_is_asked_for_again_from_where_it_stood(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_RETRY_MS", 100)
    post_id = uuid4()
    start = await stream.add(f"post:{post_id}", "post.updated", {"number": 0})
    await stream.add(f"post:{post_id}", "post.updated", {"number": 1})
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    client.watch("tag:sea")
    client.watch(f"post:{post_id}", since=start)
    seen: list[Any] = []
    live.people.posts[post_id] = (0, 0, 0, 0)
    live.people.is_away = True
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected, 30)
    # The position of the socket moves on; the topic's own must not.
    await stream.add("tag:sea", "post.published", {"number": 2})
    await until(lambda: seen == [2], 30)
    live.people.is_away = False
    await until(lambda: 1 in seen, 30)
    await stream.add(f"post:{post_id}", "post.updated", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert seen == [2, 1, "end"]


async def test_who_waits_for_a_topic_whose_page_cannot_be_fetched_is_told_that_the_connection_is_lost(
    live: Live, stream: Stream
) -> None:
    async def refetch(topic: str) -> None:
        raise aiohttp.ClientError("a 503, say")

    client = LiveClient(live.http, live.url, refetch=refetch, backoff=(0.01, 0.05))
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: client.connected)
    with pytest.raises(ConnectionError):
        async with asyncio.timeout(5):
            await client.sub("tag:sea", since="4-1")
    await until(lambda: client.connections > 1)
    reading.cancel()
    await asyncio.wait([reading])


async def test_posts_that_left_the_screen_are_tracked_no_longer_nor_after_a_reconnect(
    live: Live, stream: Stream
) -> None:
    gone, stays = uuid4(), uuid4()
    live.people.posts = {gone: (1, 1, 0, 0), stays: (1, 1, 0, 0)}
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: client.connected)
    await client.track(map(str, (gone, stays)))
    await client.untrack([str(gone)])
    assert live.realtime._audience.topics.keys() == {f"post:{stays}"}
    await client.close()
    await until(lambda: client.connections > 1 and live.realtime._audience.topics)
    assert live.realtime._audience.topics.keys() == {f"post:{stays}"}
    reading.cancel()
    await asyncio.wait([reading])


async def test_posts_it_tracks_are_tracked_again_although_that_is_refused_for_now(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "_RETRY_MS", 20)
    post_id = uuid4()
    live.people.posts[post_id] = (1, 1, 0, 0)
    client = LiveClient(live.http, live.url, backoff=(0.01, 0.05))
    reading = asyncio.create_task(read(client, [], "end"))
    await until(lambda: client.connected)
    await client.track([str(post_id)])
    live.people.is_away = True
    live.people.posts[post_id] = (2, 2, 0, 0)
    for server_side in tuple(live.realtime.gateway.sockets):
        server_side._transport.abort()
    await until(lambda: live.people.refusals)
    live.people.is_away = False
    await until(lambda: client.memory.counts[str(post_id)] == (2, 2, 0, 0))
    reading.cancel()
    await asyncio.wait([reading])
