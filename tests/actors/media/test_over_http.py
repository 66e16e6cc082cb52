"""Uploads as clients meet them."""

import hashlib
from typing import Any

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestClient
from yarl import URL

from actors.adapters.outside import Outside
from actors.kernel.system import System
from actors.media.jobs import process
from actors.settings import Settings
from tests.actors.auth.people import callers, fetch
from tests.actors.media.uploading import perform
from tests.actors.posts.test_over_http import call, signed_in
from tests.images import photograph

Client = TestClient[web.Request, web.Application]


async def put(ticket: dict[str, Any], data: bytes) -> int:
    """The storage's answer."""
    url = URL(ticket["url"], encoded=True)
    async with ClientSession() as http, http.put(url, data=data, headers=ticket["headers"]) as response:
        return response.status


async def test_an_upload_from_its_ticket_to_a_photograph_with_all_that_its_owner_says_of_it(
    client: Client, system: System, outside: Outside, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    mine, hers = signed_in(settings, ana), signed_in(settings, bea)
    data = photograph(64, 48)
    before = await call(client, "GET", "/v1/uploads/limits", headers=mine)
    assert (before["used_today"], before["remaining"], before["resets_at"]) == (0, before["per_day"], None)

    wish = {"content_type": "image/jpeg", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    once = {**mine, "Idempotency-Key": "an-upload"}
    ticket = await call(client, "POST", "/v1/uploads/sign", 201, json=wish, headers=once)
    assert await call(client, "POST", "/v1/uploads/sign", 201, json=wish, headers=once) == ticket
    after = await call(client, "GET", "/v1/uploads/limits", headers=mine)
    assert (after["used_today"], after["remaining"]) == (1, before["remaining"] - 1), "a repeat is no second upload"

    path = f"/v1/uploads/{ticket['upload_id']}"
    assert (await call(client, "GET", path, headers=mine))["state"] == "reserved"
    assert await put(ticket, data + b"x") >= 400, "more bytes than were signed"
    assert (await call(client, "GET", path, headers=mine))["state"] == "reserved"
    assert await put(ticket, data) == 200
    assert (await call(client, "GET", path, headers=mine))["state"] == "uploaded"
    await call(client, "GET", path, 404, headers=hers)
    await call(client, "GET", path, 401)

    said = {"alt": "a red square", "focus": {"x": 0.25, "y": 1}, "show_camera": True, "sensitive": True}
    refusal = await call(
        client, "POST", "/v1/posts", 422, headers=mine, json={"upload_id": ticket["upload_id"], "focus": {"x": 2}}
    )
    assert {error["field"] for error in refusal["errors"]} == {"focus.x", "focus.y"}
    post = await call(client, "POST", "/v1/posts", 201, headers=mine, json={"upload_id": ticket["upload_id"], **said})
    assert (post["sensitive"], post["photo"]["state"], post["photo"]["variants"]) == (True, "processing", [])
    waiting = await call(client, "GET", path, headers=mine)
    assert (waiting["state"], waiting["progress"]) == ("processing", 0)
    await fetch(database_url, "UPDATE photos SET progress = 0.25")
    assert (await call(client, "GET", path, headers=mine))["progress"] == 0.25

    await perform(outside, process, photo_id=ticket["upload_id"])
    ready = await call(client, "GET", path, headers=mine)
    assert (ready["state"], ready["progress"]) == ("ready", None)
    shown = (await call(client, "GET", f"/v1/posts/{post['id']}"))["post"]["photo"]
    photo = ready["photo"]
    assert shown == photo | {"alt": "a red square", "focus": {"x": 0.25, "y": 1.0}}
    assert (photo["width"], photo["height"]) == (64, 48)
    assert (photo["meta"]["camera"], photo["meta"]["artist"]) == ("Spy Cam 3", "Ada Lovelace")
    assert photo["placeholder"]
    async with ClientSession() as http:
        async with http.get(URL(ready["original_url"], encoded=True)) as response:
            assert await response.read() == data
        for variant in photo["variants"]:
            async with http.get(variant["url"]) as response:
                assert (response.status, response.content_type) == (200, variant["content_type"])
                assert response.headers["Cache-Control"] == "public, max-age=31536000, immutable"
