"""What is new in a feed is told to whoever watches it."""

import asyncio

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.comments.commenting import settle
from tests.actors.posts.posting import publish

Client = TestClient[web.Request, web.Application]


@pytest.mark.usefixtures("storage")
async def test_a_new_post_that_everybody_may_see_is_told_of_and_no_other(
    client: Client, system: System, database_url: str
) -> None:
    ana, shy, quarrelsome, stranger = await callers(system, "ana", "shy", "quarrelsome", "stranger")
    await fetch(database_url, "INSERT INTO private_accounts VALUES ($1, now())", shy.id)
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", stranger.id, quarrelsome.id)
    async with client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)) as socket:
        await socket.send_json({"id": 1, "op": "connect", "topics": {"feed:forYou": None}})
        assert "ok" in await socket.receive_json()
        for author in (shy, quarrelsome):
            await publish(system, author)
        await publish(system, ana, sensitive=True)
        told = await publish(system, ana)
        async with asyncio.timeout(30):
            frame = await socket.receive_json()
        assert (frame["push"], frame["topic"], frame["type"]) == ("event", "feed:forYou", "feed.new")
        assert frame["data"] == {"count": 1, "newest": [str(told.id)]}
    await settle(database_url)
    assert [fact["newest"] for fact in await facts(database_url, "FeedGrew")] == [[str(told.id)]]
