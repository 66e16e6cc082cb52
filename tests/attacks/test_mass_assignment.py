"""Fields that are not the client's to choose: named in a body they are refused, and nothing happens."""

from dataclasses import replace

import orjson

from server.http.routing import Route
from server.routes import table
from tests.attacks.operations import Operations, allowed, send
from tests.attacks.people import Client
from tests.attacks.rows import changed, everything, settled
from tests.attacks.world import World

_SET_BY_US = {
    "id": "01900000-0000-7000-8000-000000000000",
    "user_id": "01900000-0000-7000-8000-000000000000",
    "owner_id": "01900000-0000-7000-8000-000000000000",
    "author_id": "01900000-0000-7000-8000-000000000000",
    "session_id": "01900000-0000-7000-8000-000000000000",
    "sub": "01900000-0000-7000-8000-000000000000",
    "role": "admin",
    "plan": "studio",
    "is_admin": True,
    "entitlements": {"uploads_per_day": 1_000_000},
    "email_verified": True,
    "email_verified_at": "2026-01-01T00:00:00Z",
    "password_hash": "x",
    "suspended_until": None,
    "closing_at": None,
    "deleted_at": None,
    "created_at": "2026-01-01T00:00:00Z",
    "edited_at": None,
    "expires_at": "2099-01-01T00:00:00Z",
    "state": "ready",
    "likes": 1_000_000,
    "counts": {"likes": 1_000_000},
    "v": 10**9,
    "liked_by": [],
    "__proto__": {"role": "admin"},
}
_MOST_NAMED = 50
_LOOKS_AT_NO_BODY = {"POST /v1/notifications/unsubscribe/{token}"}
"""A mailbox sends it a form, by RFC 8058; the token in its address says whose it is."""


def trusted() -> set[str]:
    """The fields of all messages that only the edge fills."""
    return {field for route in table() if isinstance(route, Route) for field in route.message.trusted_fields()}


async def test_no_operation_takes_a_field_that_is_not_the_client_s_to_choose(client: Client, world: World) -> None:
    operations = await Operations.of(client)
    fields = _SET_BY_US | {field: {"role": "admin"} for field in trusted()}
    assert "caller" in fields
    assert len(fields) < _MOST_NAMED, "more would not all be named"
    for name in operations.with_body():
        if name in _LOOKS_AT_NO_BODY:
            continue
        caller, call = await allowed(world, name)
        await settled(world.database)
        before = await everything(world.database)
        extra = {field: value for field, value in fields.items() if field not in operations.fields(name)}
        for tried in (extra, {"role": "admin"} if "role" in extra else extra):
            status, text = await send(client, name, call, caller, json={**(call.json or {}), **tried})
            if name == "POST /v1/realtime/tickets":
                assert status in {201, 422}, (name, text)
                continue
            assert status == 422, (name, status, text)
            named = {error["field"]: error["code"] for error in orjson.loads(text)["errors"]}
            assert named == dict.fromkeys(tried, "unknown_field"), name
        assert not changed(before, await everything(world.database)), name


async def test_no_operation_takes_them_from_its_address_either(client: Client, world: World) -> None:
    operations = await Operations.of(client)
    chosen = dict.fromkeys(trusted() - {"after"}, "x") | {"role": "admin", "user_id": "x"}
    for name in operations.by_name:
        if name in operations.with_body() or "404" not in operations.by_name[name]["responses"]:
            continue
        caller, call = await allowed(world, name)
        await settled(world.database)
        before = await everything(world.database)
        for field, value in chosen.items():
            query = {**(call.query or {}), field: value}
            status, text = await send(client, name, replace(call, query=query), caller)
            assert status == 400, (name, field, status, text)
        assert not changed(before, await everything(world.database)), name


async def test_a_request_does_what_its_method_says_whatever_a_header_claims(client: Client, world: World) -> None:
    owner = await world.person()
    post = await world.thing("post", owner)
    for header in ("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override", "_method"):
        async with client.post(f"/v1/posts/{post}", headers=owner.headers | {header: "DELETE"}) as response:
            assert response.status == 405
    assert await world.rows("SELECT FROM posts WHERE deleted_at IS NULL")
