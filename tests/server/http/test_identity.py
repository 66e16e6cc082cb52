"""Who a request is from, and what a forged proof of it is worth."""

import hashlib
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp.test_utils import TestServer
from jose import jwt

from actors.auth.people import Caller, Plan, Role
from actors.settings import Settings
from server.http.tokens import AUDIENCE, ISSUER, Tokens
from server.keys import STANDINGS
from tests.server.http.conftest import Client, SignIn


def _kid(settings: Settings) -> str:
    return hashlib.sha256(b"kid:" + settings.jwt_secret.get_secret_value().encode()).hexdigest()[:12]


def _claims(**others: Any) -> dict[str, Any]:
    now = int(time.time())
    claims: dict[str, Any] = {"sub": str(uuid4()), "name": "ada", "role": "user", "plan": "free", "sid": str(uuid4())}
    claims |= {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600} | others
    return {name: value for name, value in claims.items() if value is not None}


def _sign(settings: Settings, claims: dict[str, Any], *, key: str | None = None) -> str:
    headers = {"kid": _kid(settings), "typ": "at+jwt"}
    token: str = jwt.encode(claims, key or settings.jwt_secret.get_secret_value(), headers=headers)
    return token


async def test_a_forged_token_is_refused_with_what_to_bring_instead(client: Client, settings: Settings) -> None:
    """What forgers try is in `tests/attacks/test_forged_tokens.py`."""
    for forged in (_sign(settings, _claims(), key="k" * 32), "no.token.atall", "", "a" * 6000):
        headers = {"Authorization": f"Bearer {forged}"}
        for method, path in (("GET", "/v1/toys/kite"), ("PUT", "/v1/toys/kite/lend")):
            async with client.request(method, path, headers=headers) as response:
                assert response.status == 401
                assert (await response.json(content_type=None))["code"] == "unauthorized"
                assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_an_expired_token_says_so(client: Client, settings: Settings) -> None:
    past = int(time.time()) - 1000
    token = _sign(settings, _claims(iat=past, exp=past + 600))
    async with client.get("/v1/toys/kite", headers={"Authorization": f"Bearer {token}"}) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (401, "token_expired")


async def test_a_token_that_was_good_before_expires(
    client: Client, settings: Settings, somebody: Callable[..., Caller], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {Tokens.of(settings).issue(somebody())}"}
    async with client.get("/v1/toys/kite", headers=headers) as response:
        assert response.status == 200
    now = time.time()
    monkeypatch.setattr("server.http.identity.time.time", lambda: now + 601)
    async with client.get("/v1/toys/kite", headers=headers) as response:
        assert (await response.json(content_type=None))["code"] == "token_expired"


async def test_a_visitor_may_look_but_not_act(client: Client, bearer: SignIn) -> None:
    async with client.get("/v1/toys/kite") as response:
        assert (response.status, (await response.json())["owner"]) == (200, None)
    async with client.put("/v1/toys/kite/lend") as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (401, "unauthorized")
    async with client.get("/v1/toys/kite", headers={"Authorization": "Basic YTpi"}) as response:
        assert response.status == 401


async def test_the_caller_is_who_the_token_names(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    caller = somebody()
    async with client.get("/v1/toys/kite", headers=bearer(caller)) as response:
        assert (await response.json())["owner"] == str(caller.id)
    async with client.post("/v1/toys", json={"name": "kite"}, headers=bearer(caller)) as response:
        assert (await response.json())["owner"] == str(caller.id)


@pytest.mark.parametrize(("role", "status"), [(Role.user, 403), (Role.creator, 200), (Role.admin, 200)])
async def test_a_route_takes_its_least_role(client: Client, bearer: SignIn, role: Role, status: int) -> None:
    async with client.patch("/v1/workshop/kite", headers=bearer(role=role)) as response:
        assert response.status == status
        if status == 403:
            assert (await response.json(content_type=None))["code"] == "role_required"


@pytest.mark.parametrize(("plan", "status"), [(Plan.free, 403), (Plan.pro, 200), (Plan.studio, 200)])
async def test_a_route_takes_its_least_plan_of_whatever_role(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller], plan: Plan, status: int
) -> None:
    for role in Role:
        async with client.get("/v1/museum/kite", headers=bearer(somebody(role, plan))) as response:
            assert response.status == status
            if status == 403:
                assert (await response.json(content_type=None))["code"] == "plan_required"


async def test_a_plan_does_not_stand_in_for_a_role_nor_being_signed_in(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    async with client.get("/v1/museum/kite") as response:
        assert response.status == 401
    for role, plan, code in (
        (Role.user, Plan.studio, "role_required"),
        (Role.admin, Plan.pro, "plan_required"),
        (Role.creator, Plan.studio, None),
    ):
        async with client.patch("/v1/studio/kite", headers=bearer(somebody(role, plan))) as response:
            assert (await response.json(content_type=None)).get("code") == code


async def test_a_revoked_session_is_over_at_once(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    caller = somebody()
    headers = bearer(caller)
    async with client.get("/v1/toys/kite", headers=headers) as response:
        assert response.status == 200
    server = client.server
    assert isinstance(server, TestServer)
    server.app[STANDINGS].end(caller.session_id)
    async with client.get("/v1/toys/kite", headers=headers) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (401, "session_revoked")
    async with client.get("/v1/toys/kite", headers=bearer()) as response:
        assert response.status == 200
