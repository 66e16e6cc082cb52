"""Blocks, privacy and mutes as clients meet them: in replies, on open sockets, in addresses of photographs."""

import asyncio
from typing import Any
from urllib.parse import parse_qs, urlsplit

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.auth.people import Caller
from actors.kernel.system import System
from server.keys import TOKENS
from tests.actors.auth.people import callers, fetch
from tests.actors.graph.standing import follow, go_private
from tests.actors.posts.posting import plant

Client = TestClient[web.Request, web.Application]


def of(client: Client, who: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {client.app[TOKENS].issue(who)}"}


async def test_standing_is_put_and_deleted_and_says_what_is_wrong(client: Client, system: System) -> None:
    ana, _ = await callers(system, "ana", "bea")
    steps: list[tuple[str, str, Any, set[str]]] = [
        ("PUT", "follow", None, {"following"}),
        ("PUT", "mute", None, {"following", "muting"}),
        ("PUT", "mute", {"until": "2999-01-01T00:00:00Z"}, {"following", "muting"}),
        ("PUT", "block", None, {"blocking", "muting"}),
        ("DELETE", "mute", None, {"blocking"}),
        ("DELETE", "block", None, set()),
    ]
    for method, what, body, so in steps:
        state = {name: name in so for name in ("following", "requested", "blocking", "muting")}
        path = f"/v1/profiles/Bea/{what}"
        async with client.request(method, path, json=body, headers=of(client, ana)) as response:
            assert (response.status, await response.json()) == (200, state), (method, what)
    for until in ("2020-01-01T00:00:00Z", "2999-01-01T00:00:00", "never", 7):
        async with client.put("/v1/profiles/bea/mute", json={"until": until}, headers=of(client, ana)) as response:
            problem = await response.json()
            assert (response.status, [error["field"] for error in problem["errors"]]) == (422, ["until"]), until


async def test_a_block_takes_a_post_off_an_open_socket_within_a_second(
    client: Client, system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    topics = {f"post:{post}": None, "profile:ana": None}
    async with client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",), headers=of(client, bea)) as socket:
        await socket.send_json({"id": 1, "op": "connect", "topics": topics})
        assert "ok" in await socket.receive_json()
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with client.get(f"/v1/posts/{post}", headers=of(client, bea)) as response:
            assert response.status == 200
        slowness = loop.time() - began
        async with client.put("/v1/profiles/bea/block", headers=of(client, ana)) as response:
            assert response.status == 200
        committed = loop.time()
        told: set[tuple[str, str]] = set()
        async with asyncio.timeout(30):
            while len(told) < 2:
                frame = await socket.receive_json()
                if frame.get("type") == "watchers":
                    continue
                assert frame["push"] == "notice", frame
                told.add((frame["unsubscribed"]["topic"], frame["unsubscribed"]["code"]))
        assert told == {(name, "topic_forbidden") for name in topics}
        # A request takes milliseconds; where it takes longer, so does this.
        assert loop.time() - committed < 1.0 + 50 * slowness
    async with client.get(f"/v1/posts/{post}", headers=of(client, bea)) as response:
        assert response.status == 404
    async with client.get(f"/v1/posts/{post}") as response:
        assert response.status == 200


async def test_photographs_of_a_private_account_have_signed_addresses_that_stay_a_while(
    client: Client, system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    variant = {"name": "thumb", "key": "v/secret/thumb.webp", "width": 4, "height": 3, "content_type": "image/webp"}
    await fetch(database_url, "UPDATE photos SET variants = $1::text::jsonb", orjson.dumps([variant]).decode())

    async def address() -> str:
        async with client.get(f"/v1/posts/{post}", headers=of(client, bea)) as response:
            assert response.status == 200
            url: str = (await response.json())["post"]["photo"]["variants"][0]["url"]
            return url

    assert urlsplit(await address()).query == ""
    await follow(system, bea, ana)
    await go_private(system, ana)
    signed = await address()
    assert urlsplit(signed).path.endswith("/v/secret/thumb.webp")
    assert parse_qs(urlsplit(signed).query).keys() >= {"X-Amz-Signature", "X-Amz-Expires"}
    assert await address() == signed
    async with client.get("/v1/profiles/ana") as response:
        assert (response.status, (await response.json())["profile"]["private"]) == (200, True)
    async with client.get("/v1/profiles/ana/posts") as response:
        assert (response.status, (await response.json())["items"]) == (200, [])
        assert response.headers["Cache-Control"] == "public, max-age=1"
