"""Posts as clients meet them."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers, fetch
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
    path = f"/v1/posts/{post}/bookmark"
    for method, kept in (("PUT", True), ("PUT", True), ("DELETE", False), ("POST", True), ("POST", False)):
        assert await call(client, method, path, headers=headers) == {"bookmarked": kept}
    found = await call(client, "GET", f"/v1/posts/{post}", headers=headers)
    assert found["viewer"] == {"liked": True, "reposted": True, "bookmarked": False, "following": False}
    assert found["post"]["counts"] == {"likes": 1, "reposts": 1, "comments": 0, "v": 10}


@pytest.mark.usefixtures("storage")
async def test_twenty_requests_with_one_key_make_one_post_and_get_one_reply(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    headers = {**signed_in(settings, ana), "Idempotency-Key": "a-post"}
    replies: set[str] = set()

    async def attempt() -> None:
        while True:
            async with client.post("/v1/posts", json={"upload_id": str(ticket.upload_id)}, headers=headers) as response:
                if response.status == 201:
                    replies.add(await response.text())
                    return
                assert (await response.json())["code"] == "idempotency_in_progress"

    async with asyncio.timeout(20):
        await asyncio.gather(*(attempt() for _ in range(20)))
    assert len(replies) == 1
    assert len(await fetch(database_url, "SELECT 1 FROM posts")) == 1


async def test_a_post_is_edited_deleted_and_restored_and_found_by_its_tag(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id], tags=("sea",))
    mine, theirs, path = signed_in(settings, ana), signed_in(settings, bea), f"/v1/posts/{post}"
    edit = {"caption": "Dusk", "tags": ["#Dusk", "sea"], "alt": "a harbour", "focus": {"x": 0.5, "y": 0}}
    edited = await call(client, "PATCH", path, json=edit, headers=mine)
    assert (edited["caption"], edited["tags"], edited["photo"]["alt"]) == ("Dusk", ["dusk", "sea"], "a harbour")
    assert edited["photo"]["focus"] == {"x": 0.5, "y": 0.0}
    assert edited["edited_at"] is not None
    history = await call(client, "GET", f"{path}/history")
    assert [(one["number"], one["caption"], one["tags"]) for one in history["items"]] == [(1, "", ["sea"])]
    await call(client, "PATCH", path, 404, json=edit, headers=theirs)
    await call(client, "PATCH", path, 401, json=edit)
    wrong = {"caption": 5, "tags": ["a b"], "focus": {"x": 2, "y": 0}, "likes": 9}
    refusal = await call(client, "PATCH", path, 422, json=wrong, headers=mine)
    assert {error["field"].partition(".")[0] for error in refusal["errors"]} == set(wrong)

    await call(client, "PUT", f"{path}/like", headers=theirs)
    await call(client, "PUT", f"{path}/bookmark", headers=theirs)
    lists = {
        "/v1/tags/%23DUSK/posts": None,
        "/v1/bookmarks": theirs,
        "/v1/profiles/ana/posts": None,
        f"{path}/likes": None,
    }
    for where, headers in lists.items():
        assert len((await call(client, "GET", where, headers=headers))["items"]) == 1
    await call(client, "GET", "/v1/bookmarks", 401)
    await call(client, "GET", "/v1/tags/a%20b/posts", 400)
    await call(client, "DELETE", path, 204, headers=mine)
    await call(client, "POST", f"{path}/restore", 404, headers=theirs)
    assert (await call(client, "GET", "/v1/tags/dusk/posts"))["items"] == []
    restored = await call(client, "POST", f"{path}/restore", headers=mine)
    assert restored == {**edited, "counts": {"likes": 1, "reposts": 0, "comments": 0, "v": 1}}
    for where, headers in lists.items():
        assert len((await call(client, "GET", where, headers=headers))["items"]) == 1


async def test_tags_are_followed(client: Client, system: System, settings: Settings) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    for method, following in (("PUT", True), ("PUT", True), ("DELETE", False), ("PUT", True)):
        assert await call(client, method, "/v1/tags/Sea/follow", headers=headers) == {"following": following}
    page = await call(client, "GET", "/v1/tags/followed", headers=headers)
    assert page == {"items": [{"tag": "sea"}], "next": None}
    await call(client, "PUT", "/v1/tags/sea/follow", 401)


async def test_what_is_deleted_is_kept_by_nobody_for_longer_than_a_second(
    client: Client, system: System, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id], tags=("sea",))
    for path in (f"/v1/posts/{post}", f"/v1/posts?ids={post}", "/v1/tags/sea/posts", "/v1/profiles/ana/posts"):
        async with client.get(path) as response:
            assert response.headers["Cache-Control"] == "public, max-age=1"


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
