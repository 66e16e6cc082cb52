"""Comments as clients meet them."""

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.auth.people import callers, fetch
from tests.actors.posts.posting import plant
from tests.actors.posts.test_over_http import call, signed_in

Client = TestClient[web.Request, web.Application]


async def test_requests_with_one_key_at_once_and_again_make_one_comment_and_get_one_reply(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    path, headers = f"/v1/posts/{post}/comments", {**signed_in(settings, bea), "Idempotency-Key": "a-comment"}

    async def say() -> tuple[int, str | None, Any]:
        async with client.post(path, json={"body": "Once."}, headers=headers) as response:
            return response.status, response.headers.get("Idempotency-Replayed"), await response.json()

    answers = [*await asyncio.gather(*(say() for _ in range(12))), await say()]
    assert {status for status, _, _ in answers} == {201}
    assert len({body["id"] for _, _, body in answers}) == 1
    assert [replayed for _, replayed, _ in answers].count(None) == 1
    assert answers[-1][1] == "true"
    assert len(await fetch(database_url, "SELECT FROM comments")) == 1
    refusal = await call(client, "POST", path, 422, json={"body": "Twice."}, headers=headers)
    assert refusal["code"] == "idempotency_key_reused"
    # The key is its owner's alone.
    headers |= signed_in(settings, ana)
    await call(client, "POST", path, 201, json={"body": "Once."}, headers=headers)


async def test_what_is_wrong_with_a_comment_is_named_field_by_field(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    path, headers = f"/v1/posts/{post}/comments", signed_in(settings, ana)
    wish = {"body": " \n ", "parent_id": "no id", "author_id": str(ana.id)}
    refusal = await call(client, "POST", path, 422, json=wish, headers=headers)
    assert {(error["field"], error["code"]) for error in refusal["errors"]} == {
        ("body", "string_too_short"),
        ("parent_id", "uuid_parsing"),
        ("author_id", "unknown_field"),
    }
    for body, code in (("x" * 2_001, "string_too_long"), (None, "string_type")):
        refusal = await call(client, "POST", path, 422, json={"body": body}, headers=headers)
        assert [(error["field"], error["code"]) for error in refusal["errors"]] == [("body", code)]
    comment = await call(client, "POST", path, 201, json={"body": "x" * 2_000}, headers=headers)
    refusal = await call(client, "PATCH", f"/v1/comments/{comment['id']}", 422, json={}, headers=headers)
    assert [error["field"] for error in refusal["errors"]] == ["body"]


async def test_a_cursor_leads_on_in_its_list_as_it_was_given_and_nowhere_else(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    path, headers = f"/v1/posts/{post}/comments", signed_in(settings, ana)
    made = [await call(client, "POST", path, 201, json={"body": f"{n}"}, headers=headers) for n in range(3)]
    first = await call(client, "GET", f"{path}?limit=2")
    last = await call(client, "GET", f"{path}?limit=2&cursor={first['next']}")
    assert [one["body"] for one in (*first["items"], *last["items"])] == ["2", "1", "0"]
    assert last["next"] is None
    cursor = first["next"]
    tampered = ("A" if cursor[5] != "A" else "B").join((cursor[:5], cursor[6:]))
    for bad in (tampered, cursor[:-2], cursor + "A", made[0]["id"]):
        refusal = await call(client, "GET", f"{path}?cursor={bad}", 400)
        assert refusal["code"] == "cursor_invalid"


async def test_replies_of_replies_and_closed_comments(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    path, by_ana, by_bea = f"/v1/posts/{post}/comments", signed_in(settings, ana), signed_in(settings, bea)
    top = await call(client, "POST", path, 201, json={"body": "top"}, headers=by_bea)
    reply = await call(client, "POST", path, 201, json={"body": "reply", "parent_id": top["id"]}, headers=by_ana)
    wish = {"body": "further", "parent_id": reply["id"]}
    further = await call(client, "POST", path, 201, json=wish, headers=by_bea)
    assert (reply["parent_id"], further["parent_id"]) == (top["id"], top["id"])
    listed = await call(client, "GET", f"{path}?parent_id={top['id']}")
    assert [one["id"] for one in listed["items"]] == [reply["id"], further["id"]]
    await call(client, "PATCH", f"/v1/posts/{post}", json={"comments_closed": True}, headers=by_ana)
    for headers in (by_ana, by_bea):
        refusal = await call(client, "POST", path, 403, json=wish, headers=headers)
        assert refusal["code"] == "comments_closed"
    # What was said stays, is changed and taken back.
    await call(client, "PATCH", f"/v1/comments/{further['id']}", json={"body": "changed"}, headers=by_bea)
    await call(client, "DELETE", f"/v1/comments/{top['id']}", 204, headers=by_bea)
    assert (await call(client, "GET", path))["items"] == []
