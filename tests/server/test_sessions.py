"""Sessions over HTTP: seen, ended, protected by codes, and alive although Redis forgot them."""

import asyncio
import time
from typing import Any

import pyotp
from aiohttp import ClientResponse
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from actors.auth.people import Role
from actors.auth.standing import LiftSuspension, Suspend
from actors.kernel.system import System
from server.keys import STANDINGS, TOKENS
from tests.actors.auth.people import fetch
from tests.server.test_accounts import PASSWORD, Client, problem, register

OTHER = "wandering teapot"


async def sign_in(to: Client, username: str, **fields: Any) -> dict[str, Any]:
    """What somebody who signs in again is told, with their headers."""
    body = {"login": username, "password": PASSWORD, **fields}
    async with to.post("/v1/auth/login", json=body) as response:
        assert response.status == 200, await response.text()
        told: dict[str, Any] = await response.json()
    return {**told, "headers": {"Authorization": f"Bearer {told.get('access_token')}"}}


async def done(response: ClientResponse) -> None:
    """Nothing to tell."""
    assert (response.status, await response.read()) == (204, b"")


async def is_in(to: Client, who: dict[str, Any]) -> bool:
    """Whether the refresh token still works."""
    return (await to.post("/v1/auth/refresh", json={"refresh_token": who["refresh_token"]})).status == 200


async def test_sessions_are_listed_page_by_page_and_ended_one_by_one(client: Client) -> None:
    ana, bea = await register(client, "ana"), await register(client, "bea")
    phone, laptop = await sign_in(client, "ana"), await sign_in(client, "ana")
    response = await client.get("/v1/auth/sessions", params={"limit": 2}, headers=phone["headers"])
    page = await response.json()
    response = await client.get(
        "/v1/auth/sessions", params={"limit": 2, "cursor": page["next"]}, headers=phone["headers"]
    )
    rest = await response.json()
    seen = [*page["items"], *rest["items"]]
    assert rest["next"] is None
    assert [each["current"] for each in seen] == [False, True, False]
    assert set(seen[0]) == {"id", "device", "area", "created_at", "last_used_at", "current"}
    assert seen[0]["area"] == "127.0.0.0/24"
    of_laptop = f"/v1/auth/sessions/{seen[0]['id']}"
    await problem(await client.delete(of_laptop), 401)
    assert (await problem(await client.delete(of_laptop, headers=bea["headers"]), 404))["code"] == "session_not_found"
    await done(await client.delete(of_laptop, headers=phone["headers"]))
    # This process believes its token no more as soon as the answer is out.
    await problem(await client.get("/v1/auth/me", headers=laptop["headers"]), 401)
    assert not await is_in(client, laptop)
    await problem(await client.delete(of_laptop, headers=phone["headers"]), 404)
    await problem(await client.delete("/v1/auth/sessions/none", headers=phone["headers"]), 400)
    await done(await client.delete("/v1/auth/sessions", headers=phone["headers"]))
    assert [await is_in(client, each) for each in (ana, phone, bea)] == [False, True, True]


async def test_a_new_password_signs_everybody_else_out(client: Client) -> None:
    ana = await register(client, "ana")
    phone = await sign_in(client, "ana")
    body = {"current": "not the password", "password": OTHER}
    told = await problem(await client.put("/v1/auth/password", json=body, headers=ana["headers"]), 403)
    assert told["code"] == "wrong_password"
    for password, code in (("password123", "password_common"), ("short", "password_length")):
        body = {"current": PASSWORD, "password": password}
        told = await problem(await client.put("/v1/auth/password", json=body, headers=ana["headers"]), 422)
        assert [(error["field"], error["code"]) for error in told["errors"]] == [("password", code)]
        assert password not in str(told)
    await done(
        await client.put("/v1/auth/password", json={"current": PASSWORD, "password": OTHER}, headers=ana["headers"])
    )
    assert [await is_in(client, each) for each in (ana, phone)] == [True, False]
    await problem(await client.post("/v1/auth/login", json={"login": "ana", "password": PASSWORD}), 401)
    await sign_in(client, "ana", password=OTHER)


async def test_codes_of_an_app_are_set_up_asked_for_and_removed(client: Client) -> None:
    ana = await register(client, "ana")
    offered = await (await client.post("/v1/auth/totp", headers=ana["headers"])).json()
    assert set(offered) == {"otpauth_uri", "secret"}
    codes = pyotp.HOTP(offered["secret"])
    step = int(time.time()) // 30
    wrong = await client.post("/v1/auth/totp/confirm", json={"code": "no"}, headers=ana["headers"])
    assert [error["code"] for error in (await problem(wrong, 422))["errors"]] == ["totp_invalid"]
    confirmed = await client.post("/v1/auth/totp/confirm", json={"code": codes.at(step)}, headers=ana["headers"])
    assert confirmed.headers["Cache-Control"] == "private, no-store"
    recovery_codes = (await confirmed.json())["recovery_codes"]
    assert len(recovery_codes) == 10
    body = {"login": "ana", "password": PASSWORD}
    assert (await problem(await client.post("/v1/auth/login", json=body), 401))["code"] == "totp_required"
    refused = await problem(await client.post("/v1/auth/login", json={**body, "totp": "000000"}), 401)
    nobody = await problem(await client.post("/v1/auth/login", json={"login": "nobody", "password": "x"}), 401)
    assert {**refused, "request_id": ""} == {**nobody, "request_id": ""}
    by_app = await sign_in(client, "ana", totp=codes.at(step + 1))
    assert by_app["user"]["totp_enabled"]
    await sign_in(client, "ana", totp=recovery_codes[0])
    me = await (await client.get("/v1/auth/me", headers=ana["headers"])).json()
    assert me["user"]["totp_enabled"]
    assert (await problem(await client.post("/v1/auth/totp", headers=ana["headers"]), 409))["code"] == "totp_enabled"
    body = {"password": "not the password"}
    await problem(await client.post("/v1/auth/totp/remove", json=body, headers=ana["headers"]), 403)
    await done(await client.post("/v1/auth/totp/remove", json={"password": PASSWORD}, headers=ana["headers"]))
    await sign_in(client, "ana")


async def test_who_is_suspended_is_told_so_after_the_right_password_alone(client: Client, system: System) -> None:
    ana = await register(client, "ana")
    await system.ask(Suspend(user_id=ana["user"]["id"], until=None, reason="spam"))
    wrong = await problem(await client.post("/v1/auth/login", json={"login": "ana", "password": "x"}), 401)
    nobody = await problem(await client.post("/v1/auth/login", json={"login": "nobody", "password": "x"}), 401)
    assert {**wrong, "request_id": ""} == {**nobody, "request_id": ""}
    told = await problem(await client.post("/v1/auth/login", json={"login": "ana", "password": PASSWORD}), 403)
    assert told["code"] == "account_suspended"
    assert "until somebody lifts it: spam" in told["detail"]
    assert not await is_in(client, ana)
    await system.ask(LiftSuspension(user_id=ana["user"]["id"]))
    back = await sign_in(client, "ana")
    assert (await client.get("/v1/auth/me", headers=back["headers"])).status == 200


async def test_a_creator_is_one_for_the_token_that_is_there_already(client: Client, database_url: str) -> None:
    ana = await register(client, "ana")
    become = "/v1/profiles/me/creator"
    assert (await problem(await client.post(become, headers=ana["headers"]), 403))["code"] == "email_unverified"
    await fetch(database_url, "UPDATE users SET email_verified_at = now()")
    response = await client.post(become, headers=ana["headers"])
    assert isinstance(client.server, TestServer)
    known = client.server.app[STANDINGS].current(client.server.app[TOKENS].verify(ana["access_token"]).caller)
    assert known.role is Role.creator
    assert (response.status, (await response.json())["role"]) == (200, "creator")
    me = await (await client.get("/v1/auth/me", headers=ana["headers"])).json()
    assert (me["user"]["role"], me["user"]["email_verified"]) == ("creator", True)
    await problem(await client.post(become), 401)


async def test_browsers_go_on_although_redis_forgot_everything(client: Client, redis_url: str) -> None:
    told = await register(client, "ana", client="web")
    csrf = {"X-CSRF-Token": told["csrf_token"]}
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
    tabs = await asyncio.gather(*(client.post("/v1/auth/refresh", headers=csrf) for _ in range(3)))
    assert [response.status for response in tabs] == [200, 200, 200]
    told_again = [await response.json() for response in tabs]
    assert [set(each) for each in told_again] == [{"user", "csrf_token"}] * 3
    assert {each["csrf_token"] for each in told_again} == {told["csrf_token"]}
    for _ in range(3):
        assert (await client.post("/v1/auth/refresh", headers=csrf)).status == 200
    assert (await client.get("/v1/auth/me")).status == 200
    # What was signed out is not brought back by forgetting that it was.
    cookies = {cookie.key: cookie.value for cookie in client.session.cookie_jar}
    await done(await client.post("/v1/auth/logout", headers=csrf))
    async with Redis.from_url(redis_url) as redis:
        await redis.flushall()
    again = "; ".join(f"{name}={value}" for name, value in cookies.items())
    refused = await client.post("/v1/auth/refresh", headers={**csrf, "Cookie": again})
    assert (await problem(refused, 401))["code"] == "invalid_refresh_token"


async def test_a_browser_signs_out_although_its_access_token_has_expired(client: Client) -> None:
    told = await register(client, "ana", client="web")
    csrf = {"X-CSRF-Token": told["csrf_token"]}
    # As browsers do when its ten minutes are over.
    client.session.cookie_jar.clear(lambda cookie: cookie.key == "vitrine_access")
    assert (await problem(await client.post("/v1/auth/logout"), 403))["code"] == "csrf_failed"
    kept = {cookie.key: cookie.value for cookie in client.session.cookie_jar}
    assert set(kept) == {"vitrine_session", "vitrine_csrf"}
    await done(await client.post("/v1/auth/logout", headers=csrf))
    assert not list(client.session.cookie_jar)
    cookie = "; ".join(f"{name}={value}" for name, value in kept.items())
    await problem(await client.post("/v1/auth/refresh", headers={**csrf, "Cookie": cookie}), 401)
    await problem(await client.post("/v1/auth/logout"), 401)
