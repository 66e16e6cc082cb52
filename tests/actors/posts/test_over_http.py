"""Posts as clients meet them."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers
from tests.actors.media.uploading import uploaded
from tests.actors.posts.posting import plant
from tests.images import photograph

Client = TestClient[web.Request, web.Application]


def signed_in(settings: Settings, who: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {Tokens.of(settings).issue(who)}"}


async def call(client: Client, method: str, path: str, status: int = 200, **options: Any) -> Any:
    """The JSON of a reply that must have this status."""
    async with client.request(method, path, **options) as response:
        assert response.status == status, (method, path, response.status, await response.text())
        return await response.json(content_type=None) if await response.read() else None


@pytest.mark.usefixtures("storage")
async def test_a_post_from_its_upload_to_its_end(client: Client, system: System, settings: Settings) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    ticket = await uploaded(system, ana, photograph())
    wish = {"upload_id": str(ticket.upload_id), "caption": "Dawn", "tags": ["#Sea"], "alt": "the sea"}
    once = {**headers, "Idempotency-Key": "a-post"}
    made = await call(client, "POST", "/v1/posts", 201, json=wish, headers=once)
    assert (made["caption"], made["tags"], made["photo"]["state"]) == ("Dawn", ["sea"], "processing")
    assert await call(client, "POST", "/v1/posts", 201, json=wish, headers=once) == made
    refusal = await call(client, "POST", "/v1/posts", 409, json=wish, headers=headers)
    assert refusal["code"] == "photo_used"
    found = await call(client, "GET", f"/v1/posts/{made['id']}")
    assert (found["post"], found["viewer"]) == (made, None)
    page = await call(client, "GET", f"/v1/posts?ids={made['id']},{uuid7()}", headers=headers)
    assert [item["post"]["id"] for item in page["items"]] == [made["id"]]
    page = await call(client, "GET", "/v1/profiles/ANA/posts")
    assert [item["post"]["id"] for item in page["items"]] == [made["id"]]
    await call(client, "DELETE", f"/v1/posts/{made['id']}", 204, headers=headers)
    for path in (f"/v1/posts/{made['id']}", "/v1/profiles/nobody/posts"):
        await call(client, "GET", path, 404)


async def test_put_and_delete_say_how_it_shall_be_and_post_turns_it_round(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    headers = signed_in(settings, bea)
    for part, on, count in (("like", "liked", "likes"), ("repost", "reposted", "reposts")):
        path = f"/v1/posts/{post}/{part}"
        for method, expected in (("PUT", 1), ("PUT", 1), ("DELETE", 0), ("DELETE", 0), ("POST", 1), ("POST", 0)):
            assert await call(client, method, path, headers=headers) == {on: bool(expected), count: expected}
        once = {**headers, "Idempotency-Key": part}
        for _ in range(2):
            assert await call(client, "POST", path, headers=once) == {on: True, count: 1}
    found = await call(client, "GET", f"/v1/posts/{post}", headers=headers)
    assert found["viewer"] == {"liked": True, "reposted": True, "bookmarked": False, "following": False}
    assert found["post"]["counts"] == {"likes": 1, "reposts": 1, "comments": 0, "v": 10}


async def test_what_cannot_be_is_refused_with_every_reason(client: Client, system: System, settings: Settings) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    wrong = {
        "upload_id": "x",
        "caption": "x" * 2201,
        "tags": ["fine", "not fine"],
        "alt": "\x07",
        "sensitive": "yes",
        "caller": {"id": str(ana.id)},
        "colour": "red",
    }
    refusal = await call(client, "POST", "/v1/posts", 422, json=wrong, headers=headers)
    assert {error["field"].partition(".")[0] for error in refusal["errors"]} == set(wrong)
    await call(client, "POST", "/v1/posts", 422, json={"caption": "nothing to show"}, headers=headers)
    await call(client, "POST", "/v1/posts", 404, json={"upload_id": str(uuid7())}, headers=headers)
    for method, path, status in (
        ("GET", "/v1/posts/not-an-id", 400),
        ("GET", "/v1/posts", 400),
        ("GET", "/v1/posts?ids=", 400),
        ("GET", f"/v1/posts?ids={','.join(str(uuid7()) for _ in range(101))}", 400),
        ("PUT", f"/v1/posts/{uuid7()}/like", 404),
        ("DELETE", f"/v1/posts/{uuid7()}", 404),
    ):
        await call(client, method, path, status, headers=headers)
    await call(client, "PUT", f"/v1/posts/{uuid7()}/like", 401)
    await call(client, "POST", "/v1/posts", 401, json={"upload_id": str(uuid7())})
