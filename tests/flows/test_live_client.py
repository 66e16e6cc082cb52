"""State before + events = state after, by random deeds through the Python client, whatever breaks meanwhile."""

import asyncio
import random

import pytest
from redis.asyncio import Redis

from load.client import LiveClient
from load.processes import Served
from tests.flows.deeds import Deeds
from tests.flows.shown import Shown
from tests.flows.stack import Stack, eventually


async def keep_right(stack: Stack, *, first: Served, second: Served, kill: bool) -> None:
    """The client is at the first server, everything is done at the second."""
    people = await stack.people(5)
    author = people[0]
    (post_id,) = await stack.posts(author)
    shown = Shown(stack, second, author, post_id)
    deeds = Deeds(stack, second, people, post_id, random.Random(20261122))

    async def token() -> str:
        return author.token

    async def refetch(topic: str) -> str:
        return await shown.fetch(topic)

    live = LiveClient(stack.http, f"{first.url}/v1/realtime", token=token, refetch=refetch, backoff=(0.05, 1.0))
    for topic in shown.topics:
        live.watch(topic, await shown.fetch(topic))
    # These come between the pages and the socket: only the positions close that gap.
    await deeds.do(10)

    async def keep() -> None:
        async for event in live.events():
            shown.event(event["type"], event["data"])

    async def differs() -> bool:
        if post_id in live.memory.counts:
            shown.counts(dict(zip(("v", "likes", "reposts", "comments"), live.memory.counts[post_id], strict=True)))
        return shown.state != await shown.fresh()

    async def is_right() -> None:
        await eventually(differs, wanted=False, what="what is shown differs from what is there", seconds=60)

    keeping = asyncio.create_task(keep())
    await deeds.do(30)
    await is_right()
    fetched = shown.refetches
    assert fetched == len(shown.topics), "nothing was fetched again"
    for _ in range(3):
        await live.close()
        await deeds.do(10)
    await is_right()
    assert shown.refetches == fetched, "what was missed came back by itself"
    await deeds.delete_and_restore()
    await is_right()
    if kill:
        first.kill()
        await deeds.do(10)
        await stack.serve(port=first.port)
        await is_right()
    async with Redis.from_url(stack.settings.redis_url) as redis:
        await redis.flushdb()
    await deeds.do(20)
    await is_right()
    assert shown.refetches > fetched
    keeping.cancel()
    await asyncio.wait([keeping])


async def test_what_the_python_client_keeps_is_what_a_fresh_request_says(stack: Stack) -> None:
    served = await stack.serve()
    await keep_right(stack, first=served, second=served, kill=False)


@pytest.mark.slow
async def test_it_is_right_too_when_its_server_was_killed_and_another_went_on(stack: Stack) -> None:
    await keep_right(stack, first=await stack.serve(), second=await stack.serve(), kill=True)
