"""The reference client has pages fetched anew, and goes on from where they were made."""

import asyncio
from typing import Any

import aiohttp
import pytest

from load.client import LiveClient
from tests.server.realtime.conftest import Live, Stream, until
from tests.server.realtime.test_client import read


async def test_it_asks_to_refetch_what_was_not_recovered_and_what_lags(live: Live, stream: Stream) -> None:
    asked: list[str] = []

    async def refetch(topic: str) -> None:
        asked.append(topic)

    client = LiveClient(live.http, live.url, refetch=refetch, backoff=(0.01, 0.05))
    client.watch("tag:sea", since="4-1")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected)
    assert asked == ["tag:sea"]
    await stream.add("tag:sea", "post.published", {"number": "end"}, skip=3)
    async with asyncio.timeout(30):
        await reading
    assert asked == ["tag:sea", "tag:sea"]


async def test_a_page_that_somebody_kept_is_caught_up_with(live: Live, stream: Stream) -> None:
    pages: list[str] = []

    async def refetch(topic: str) -> str:
        pages.append("5-1")
        return pages[-1]

    for number in (1, 2, 3):
        await stream.add("tag:sea", "post.published", {"number": number})
    client = LiveClient(live.http, live.url, refetch=refetch, backoff=(0.01, 0.05))
    client.watch("tag:sea", since="4-1")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: pages)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert (seen, len(pages)) == ([2, 3, "end"], 1)


async def test_a_page_that_shows_less_than_was_seen_is_caught_up_with_too_once_it_can_be(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("load.client.AGAIN_SECONDS", 0.05)
    pages: list[str] = []

    async def refetch(topic: str) -> str:
        # One of before the log began anew, then one that shows everything but the last.
        pages.append("5-1" if not pages else "5-4")
        return pages[-1]

    client = LiveClient(live.http, live.url, refetch=refetch, backoff=(0.01, 0.05))
    client.watch("tag:sea", since="5-0")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.connected)
    await stream.add("tag:sea", "post.published", {"number": 1})
    await stream.add("tag:sea", "post.published", {"number": 3}, skip=2)
    await until(lambda: len(pages) == 2)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert seen == [1, "end"]


async def test_a_refetch_that_fails_is_made_up_for_before_anything_goes_on(live: Live, stream: Stream) -> None:
    asked: list[str] = []

    async def refetch(topic: str) -> None:
        asked.append(topic)
        if len(asked) in {1, 3}:
            raise aiohttp.ClientError("a 503, say")

    client = LiveClient(live.http, live.url, refetch=refetch, backoff=(0.01, 0.05))
    client.watch("tag:sea", since="4-1")
    seen: list[Any] = []
    reading = asyncio.create_task(read(client, seen, "end"))
    await until(lambda: client.position)
    assert (asked, client.connections) == (["tag:sea"] * 2, 2)
    # Here the log begins anew, which is told by a `lag`.
    await stream.add("tag:sea", "post.published", {"number": 1}, skip=3)
    await until(lambda: len(asked) == 4)
    await stream.add("tag:sea", "post.published", {"number": "end"})
    async with asyncio.timeout(30):
        await reading
    assert (seen, client.connections) == (["end"], 3), "the page that was fetched at last holds the first"
