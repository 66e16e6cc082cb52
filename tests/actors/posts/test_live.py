"""What open sockets hear of posts: within a second, on every topic that shows them."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.auth.people import Caller
from actors.kernel.system import System
from actors.posts.edit_messages import EditPost
from actors.posts.messages import DeletePost, RestorePost, SetBookmark, SetLike, SetRepost
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers
from tests.actors.posts.posting import do, plant
from tests.server.realtime.conftest import Socket

SECONDS = 1.0
"""How long it may take until it is heard, where a request takes milliseconds."""


class Device:
    """A socket of somebody's."""

    def __init__(self, client: "TestClient[web.Request, web.Application]", settings: Settings) -> None:
        self._client = client
        self._settings = settings

    async def watch(self, who: Caller, *topics: str) -> Socket:
        """Connected, and watching."""
        socket = Socket(await self._client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)))
        token = Tokens.of(self._settings).issue(who)
        await socket.ask("connect", token=token, topics=dict.fromkeys(topics))
        return socket


@pytest.fixture
def device(client: "TestClient[web.Request, web.Application]", settings: Settings) -> Device:
    """Opens sockets."""
    return Device(client, settings)


async def heard(socket: Socket, count: int) -> dict[str, tuple[str, Any]]:
    """The next so many events, by topic: type and data."""
    async with asyncio.timeout(30):
        frames = [frame async for frame in _events(socket, count)]
    return {frame["topic"]: (frame["type"], frame["data"]) for frame in frames}


async def _events(socket: Socket, count: int) -> AsyncIterator[dict[str, Any]]:
    while count:
        frame = await socket.push()
        # What a profile counts changes too, in its own time.
        if frame["push"] == "event" and frame["type"] != "profile.updated":
            count -= 1
            yield frame


async def test_an_edit_a_deletion_and_a_restoring_reach_every_open_screen(
    device: Device, system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id], tags=("sea", "sky"))
    topics = {f"post:{post}", "profile:ana", "tag:sea", "tag:sky"}
    socket = await device.watch(bea, *topics)
    loop = asyncio.get_running_loop()
    asked = loop.time()
    edited = await system.ask(EditPost(caller=ana, post_id=post, caption="Dusk", tags=("sea",)))
    slowness = loop.time() - asked
    shown = {"post": edited.model_dump(mode="json")}
    assert await heard(socket, 4) == dict.fromkeys(topics, ("post.updated", shown))
    began = loop.time()
    await system.ask(DeletePost(caller=ana, post_id=post))
    gone = ("post.deleted", {"post_id": str(post)})
    assert await heard(socket, 3) == dict.fromkeys(topics - {"tag:sky"}, gone)
    assert loop.time() - began < SECONDS + 50 * slowness
    await system.ask(RestorePost(caller=ana, post_id=post))
    assert await heard(socket, 3) == dict.fromkeys(topics - {"tag:sky"}, ("post.published", shown))


async def test_what_one_device_marks_shows_on_the_other(device: Device, system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    mine, theirs = await device.watch(bea), await device.watch(ana)
    for wish, kind in ((SetLike, "like"), (SetRepost, "repost"), (SetBookmark, "bookmark")):
        for on in (True, False):
            await do(system, wish, bea, post)
            assert await heard(mine, 1) == {"me": ("mine.changed", {"kind": kind, "subject_id": str(post), "on": on})}
    await system.ask(SetBookmark(caller=ana, post_id=post))
    while True:
        frame = await theirs.push()
        if frame["type"] == "mine.changed":
            assert frame["data"] == {"kind": "bookmark", "subject_id": str(post), "on": True}
            break
