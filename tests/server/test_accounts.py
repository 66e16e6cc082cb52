"""Accounts over HTTP: what a client, a browser and somebody hostile get."""

import asyncio
from typing import Any

import pytest
import structlog
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient

from tests.actors.auth.people import prove

Client = TestClient[web.Request, web.Application]
PASSWORD = "correct horse battery"


async def register(to: Client, username: str, **fields: Any) -> dict[str, Any]:
    """What a new person is told, with the headers that make them a caller as `headers`."""
    body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD, **fields}
    async with to.post("/v1/auth/register", json=body) as response:
        assert response.status == 201, await response.text()
        told: dict[str, Any] = await response.json()
    return {**told, "headers": {"Authorization": f"Bearer {told.get('access_token')}"}}


async def problem(response: ClientResponse, status: int) -> dict[str, Any]:
    """The problem in a refusal of that status."""
    assert response.status == status, await response.text()
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = await response.json()
    assert (body["status"], body["request_id"]) == (status, response.headers["X-Request-ID"])
    return body


async def test_a_native_client_gets_tokens_that_work(client: Client) -> None:
    ana = await register(client, "Ana")
    assert set(ana) == {"user", "access_token", "refresh_token", "expires_in", "headers"}
    assert ana["expires_in"] == 600
    response = await client.get("/v1/auth/me", headers=ana["headers"])
    user = (await response.json())["user"]
    assert user["id"] == ana["user"]["id"]
    assert (user["username"], user["email"], user["role"], user["plan"]) == (
        "Ana",
        "ana@example.org",
        "user",
        "free",
    )
    assert user["entitlements"] == {"uploads_per_day": 500}
    assert user["counts"] == {"posts": 0, "followers": 0, "following": 0, "likes": 0}
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Set-Cookie" not in response.headers


async def test_every_wrong_field_is_named_at_once(client: Client) -> None:
    body = {"username": "admin", "email": "no", "password": "short", "role": "admin", "client_address": "::1"}
    told = await problem(await client.post("/v1/auth/register", json=body), 422)
    assert {(error["field"], error["code"]) for error in told["errors"]} == {
        ("username", "username_reserved"),
        ("email", "email_invalid"),
        ("password", "password_length"),
        ("role", "unknown_field"),
        ("client_address", "unknown_field"),
    }
    assert "short" not in str(told)


@pytest.mark.parametrize(
    "body",
    [{}, {"username": 5}, {"username": None, "email": [], "password": {}}, {"client": "tv"}, {"username": "a\x00b"}],
)
@pytest.mark.parametrize("path", ["register", "login", "refresh"])
async def test_wrong_bodies_are_422(client: Client, path: str, body: dict[str, Any]) -> None:
    await problem(await client.post(f"/v1/auth/{path}", json=body), 422)


async def test_a_taken_name_is_409_whatever_its_case(client: Client) -> None:
    await register(client, "ana")
    body = {"username": "ANA", "email": "other@example.org", "password": PASSWORD}
    told = await problem(await client.post("/v1/auth/register", json=body), 409)
    assert told["code"] == "username_taken"


async def test_signing_in_fails_alike_for_known_and_unknown(client: Client) -> None:
    await register(client, "ana")
    answers = []
    for login in ("ana", "nobody_here", "ana@example.org", "é\U0001f98a"):
        body = {"login": login, "password": "not the password"}
        told = await problem(await client.post("/v1/auth/login", json=body), 401)
        answers.append({**told, "request_id": ""})
    assert answers == [answers[0]] * 4
    assert answers[0]["code"] == "invalid_credentials"


async def test_the_right_password_signs_in(client: Client, database_url: str) -> None:
    ana = await register(client, "ana")
    await prove(database_url)
    for login in ("Ana", "ANA@example.org"):
        response = await client.post("/v1/auth/login", json={"login": login, "password": PASSWORD})
        assert response.status == 200
        assert (await response.json())["user"] == ana["user"] | {"email_verified": True}


async def test_racing_refreshes_both_get_in_and_the_session_goes_on(client: Client, client_elsewhere: Client) -> None:
    ana = await register(client, "ana")
    body = {"refresh_token": ana["refresh_token"]}
    responses = await asyncio.gather(
        *(where.post("/v1/auth/refresh", json=body) for where in (client, client_elsewhere))
    )
    assert [response.status for response in responses] == [200, 200]
    first, second = [await response.json() for response in responses]
    assert first["refresh_token"] == second["refresh_token"] != ana["refresh_token"]
    for told in (first, second):
        headers = {"Authorization": f"Bearer {told['access_token']}"}
        assert (await client.get("/v1/auth/me", headers=headers)).status == 200


async def test_signing_out_ends_both_tokens_at_once(client: Client) -> None:
    ana = await register(client, "ana")
    response = await client.post("/v1/auth/logout", headers=ana["headers"])
    assert (response.status, await response.read()) == (204, b"")
    await problem(await client.get("/v1/auth/me", headers=ana["headers"]), 401)
    told = await problem(await client.post("/v1/auth/refresh", json={"refresh_token": ana["refresh_token"]}), 401)
    assert told["code"] == "invalid_refresh_token"


async def test_a_browser_gets_cookies_and_no_token_in_the_body(client: Client) -> None:
    body = {"username": "ana", "email": "ana@example.org", "password": PASSWORD, "client": "web"}
    response = await client.post("/v1/auth/register", json=body)
    assert response.status == 201
    assert set(await response.json()) == {"user", "csrf_token"}
    cookies = response.cookies
    assert set(cookies) == {"vitrine_session", "vitrine_access", "vitrine_csrf"}
    assert all(cookie["samesite"] for cookie in cookies.values())
    assert [bool(cookies[f"vitrine_{name}"]["httponly"]) for name in ("session", "access", "csrf")] == [
        True,
        True,
        False,
    ]
    assert (await client.get("/v1/auth/me")).status == 200


async def test_a_browser_refreshes_and_leaves_only_with_the_csrf_token(client: Client) -> None:
    told = await register(client, "ana", client="web")
    for path in ("refresh", "logout"):
        refused = await problem(await client.post(f"/v1/auth/{path}"), 403)
        assert refused["code"] == "csrf_failed"
    response = await client.post("/v1/auth/refresh", headers={"X-CSRF-Token": told["csrf_token"]})
    assert response.status == 200, await response.text()
    told = await response.json()
    assert set(told) == {"user", "csrf_token"}
    session = client.session.cookie_jar.filter_cookies(client.make_url("/"))["vitrine_session"].value
    headers = {"X-CSRF-Token": told["csrf_token"]}
    response = await client.post("/v1/auth/logout", headers=headers)
    assert response.status == 204
    await problem(await client.get("/v1/auth/me"), 401)
    stolen = {"Cookie": f"vitrine_session={session}; vitrine_csrf={told['csrf_token']}", **headers}
    await problem(await client.post("/v1/auth/refresh", headers=stolen), 401)


async def test_signing_in_again_gives_a_new_session_id_and_ends_the_old(client: Client) -> None:
    ids = []
    await register(client, "ana", client="web")
    for _ in range(2):
        body = {"login": "ana", "password": PASSWORD, "client": "web"}
        response = await client.post("/v1/auth/login", json=body)
        ids.append((response.cookies["vitrine_session"].value, (await response.json())["csrf_token"]))
    (old, csrf), (new, _) = ids
    assert old != new
    client.session.cookie_jar.clear()
    stolen = {"Cookie": f"vitrine_session={old}; vitrine_csrf={csrf}", "X-CSRF-Token": csrf}
    await problem(await client.post("/v1/auth/refresh", headers=stolen), 401)


async def test_following_is_a_state_that_put_and_delete_set(client: Client) -> None:
    ana, bea = await register(client, "ana"), await register(client, "bea")
    for method, following in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False), ("PUT", True)):
        response = await client.request(method, "/v1/profiles/Bea/follow", headers=ana["headers"])
        assert response.status == 200
        state = {"following": following, "requested": False, "blocking": False, "muting": False}
        assert await response.json() == state
    me, other = ana["user"]["id"], bea["user"]["id"]
    response = await client.get(f"/v1/relationships?ids={other},{me}", headers=ana["headers"])
    assert [item["following"] for item in (await response.json())["items"]] == [True, False]
    own = await client.put("/v1/profiles/ana/follow", headers=ana["headers"])
    assert (await problem(own, 409))["code"] == "cannot_follow_yourself"
    await problem(await client.put("/v1/profiles/nobody/follow", headers=ana["headers"]), 404)
    await problem(await client.put("/v1/profiles/bea/follow"), 401)


async def test_a_profile_is_public_and_shows_the_viewer_only_to_who_is_signed_in(client: Client) -> None:
    ana, _ = await register(client, "ana"), await register(client, "bea")
    await client.put("/v1/profiles/bea/follow", headers=ana["headers"])
    public = await client.get("/v1/profiles/BEA")
    told = await public.json()
    assert (told["profile"]["username"], told["viewer"]) == ("bea", None)
    assert public.headers["Cache-Control"].startswith("public, max-age=")
    private = await client.get("/v1/profiles/bea", headers=ana["headers"])
    assert (await private.json())["viewer"]["following"] is True
    assert private.headers["Cache-Control"] == "private, no-store"
    assert "Stream-Position" in private.headers
    assert (await problem(await client.get("/v1/profiles/nobody"), 404))["code"] == "user_not_found"


async def test_a_visitor_who_has_the_profile_gets_it_again_only_when_it_changed(client: Client) -> None:
    ana = await register(client, "ana")
    first = await client.get("/v1/profiles/ana")
    known = {"If-None-Match": first.headers["ETag"]}
    assert (await client.get("/v1/profiles/ana", headers=known)).status == 304
    await client.patch("/v1/profiles/me", json={"bio": "Light."}, headers=ana["headers"])
    changed = await client.get("/v1/profiles/ana", headers=known)
    assert (await changed.json())["profile"]["bio"] == "Light."


async def test_a_profile_is_edited_by_its_owner_with_checked_links(client: Client) -> None:
    ana = await register(client, "ana")
    good = {"display_name": "Ana", "links": [{"label": "Work", "url": "https://example.org"}]}
    response = await client.patch("/v1/profiles/me", json=good, headers=ana["headers"])
    assert response.status == 200, await response.text()
    assert (await response.json())["links"] == good["links"]
    bad = {
        "display_name": "x" * 51,
        "links": [{"label": "", "url": "javascript:alert(1)"}],
        "socials": {"x": "ftp://x.example"},
        "role": "admin",
    }
    told = await problem(await client.patch("/v1/profiles/me", json=bad, headers=ana["headers"]), 422)
    fields = {error["field"] for error in told["errors"]}
    assert fields == {"display_name", "links.0.label", "links.0.url", "socials.x", "role"}
    await problem(await client.patch("/v1/profiles/me", json=good), 401)


async def test_a_list_is_walked_by_its_cursor_and_a_tampered_one_is_400(client: Client) -> None:
    await register(client, "star")
    for n in range(3):
        fan = await register(client, f"fan{n}")
        await client.put("/v1/profiles/star/follow", headers=fan["headers"])
    response = await client.get("/v1/profiles/star/followers?limit=2")
    page = await response.json()
    assert [item["username"] for item in page["items"]] == ["fan2", "fan1"]
    assert 'rel="next"' in response.headers["Link"]
    response = await client.get("/v1/profiles/star/followers", params={"limit": 2, "cursor": page["next"]})
    last = await response.json()
    assert ([item["username"] for item in last["items"]], last["next"]) == (["fan0"], None)
    tampered = page["next"][:-2] + ("AA" if page["next"][-2:] != "AA" else "BB")
    for cursor in (tampered, "x", ""):
        await problem(await client.get("/v1/profiles/star/followers", params={"cursor": cursor}), 400)
    borrowed = await client.get("/v1/profiles/star/following", params={"cursor": page["next"]})
    await problem(borrowed, 400)


@pytest.mark.parametrize("ids", ["", "x", ",".join(["01920000-0000-7000-8000-000000000000"] * 101)])
async def test_relationships_to_nobody_or_too_many_are_400(client: Client, ids: str) -> None:
    ana = await register(client, "ana")
    await problem(await client.get("/v1/relationships", params={"ids": ids}, headers=ana["headers"]), 400)


async def test_a_token_in_a_path_is_not_logged(client: Client) -> None:
    with structlog.testing.capture_logs() as lines:
        await client.post("/v1/notifications/unsubscribe/what-only-its-owner-knows")
        await client.get("/v1/profiles/ana")
    paths = [line["path"] for line in lines if line["event"] == "request"]
    assert paths == ["/v1/notifications/unsubscribe/{token}", "/v1/profiles/ana"]
