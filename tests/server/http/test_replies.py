"""What replies carry: caching, headers, other origins, idempotency."""

import time
from collections.abc import Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings
from server.app import create_app
from server.keys import SESSIONS
from tests.server.http import toys
from tests.server.http.conftest import Client, Head, SignIn


async def test_a_visitor_s_reply_may_be_kept_and_is_not_sent_twice(client: Client) -> None:
    async with client.get("/v1/toys/kite") as response:
        etag = response.headers["ETag"]
        assert response.headers["Cache-Control"] == "public, max-age=5"
        assert "Authorization" in response.headers["Vary"]
        assert "Cookie" in response.headers["Vary"]
    for held in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        async with client.get("/v1/toys/kite", headers={"If-None-Match": held}) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == etag
            assert response.headers["Stream-Position"] == "7-42"
    async with client.get("/v1/toys/ball", headers={"If-None-Match": etag}) as response:
        assert response.status == 200


async def test_a_reply_to_somebody_is_kept_by_nobody(client: Client, bearer: SignIn) -> None:
    async with client.get("/v1/toys/kite", headers=bearer()) as response:
        assert response.headers["Cache-Control"] == "private, no-store"
        assert "ETag" not in response.headers


async def test_a_public_page_asked_with_a_cookie_that_does_not_stand_is_kept_by_nobody(client: Client) -> None:
    async with client.get("/v1/toys/kite", headers={"Cookie": "vitrine_access=expired"}) as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "private, no-store"


async def test_head_answers_as_get_does_without_a_body(client: Client) -> None:
    async with client.get("/v1/toys/kite") as response:
        length = response.headers["Content-Length"]
    async with client.head("/v1/toys/kite") as response:
        assert (response.status, await response.read()) == (200, b"")
        assert response.headers["Content-Length"] == length


CAREFUL = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "vitrine",
}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/toys/kite", 200),
        ("GET", "/v1/toys?cursor=x", 400),
        ("POST", "/v1/toys", 401),
        ("GET", "/v1/nothing", 404),
        ("DELETE", "/v1/toys", 405),
        ("GET", "/v1/broken/x", 500),
        ("GET", "/v1/broken/busy", 503),
        ("GET", "/", 200),
        ("GET", "/web/vitrine.js", 200),
        ("GET", "/docs", 200),
        ("GET", "/metrics", 200),
    ],
)
async def test_browsers_are_told_to_be_careful_with_every_reply(
    client: Client, method: str, path: str, status: int
) -> None:
    async with client.request(method, path) as response:
        assert response.status == status
        assert {name: response.headers.get(name) for name in CAREFUL} == CAREFUL
        policy = response.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "Strict-Transport-Security" not in response.headers


async def test_over_https_browsers_are_told_to_stay_there_and_every_cookie_is_secure(
    settings: Settings, toy_system: System, outside: Outside
) -> None:
    secure = settings.model_copy(update={"public_url": "https://vitrine.example"})
    app = create_app(secure, system=toy_system, cache=outside.cache, live_log=Head(), routes=toys.ROUTES)

    async def sign_in(request: web.Request) -> web.Response:
        response = web.Response()
        await request.app[SESSIONS].sign_in_web(
            request, response, web_id="w" * 43, access_token="a", refresh_token="r", refresh_expires_at=time.time() + 60
        )
        return response

    app.router.add_post("/in", sign_in)
    async with TestClient(TestServer(app)) as client:
        for path in ("/", "/v1/nothing", "/v1/toys"):
            async with client.get(path) as response:
                assert response.headers["Strict-Transport-Security"].startswith("max-age=31536000")
        async with client.post("/in") as response:
            cookies = dict(response.cookies)
    assert set(cookies) == {"vitrine_session", "vitrine_access", "vitrine_csrf"}
    for name, cookie in cookies.items():
        assert (cookie["secure"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/"), name
        assert bool(cookie["httponly"]) is (name != "vitrine_csrf")
        assert not cookie["domain"]


async def test_only_pages_of_configured_origins_may_read(client: Client, bearer: SignIn) -> None:
    async with client.get("/v1/toys/kite", headers={"Origin": "https://friend.example"}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "https://friend.example"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == {
            "Stream-Position",
            "ETag",
            "Link",
            "RateLimit",
            "RateLimit-Policy",
            "Retry-After",
            "X-Request-ID",
            "Idempotency-Replayed",
        }
        assert "Origin" in response.headers["Vary"]
    for stranger in ("https://evil.example", "null", "https://friend.example.evil.example"):
        async with client.get("/v1/toys/kite", headers={"Origin": stranger}) as response:
            assert "Access-Control-Allow-Origin" not in response.headers
    asking = {"Origin": "https://friend.example", "Access-Control-Request-Method": "PUT"}
    async with client.options("/v1/toys/kite/lend", headers=asking) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "https://friend.example"
        assert response.headers["Access-Control-Allow-Credentials"] == "true"
        assert "PUT" in response.headers["Access-Control-Allow-Methods"]
        assert "Idempotency-Key" in response.headers["Access-Control-Allow-Headers"]
    async with client.options("/v1/toys/kite/lend", headers={**asking, "Origin": "https://evil.example"}) as response:
        assert "Access-Control-Allow-Methods" not in response.headers


async def test_an_error_can_be_read_by_a_configured_origin_too(client: Client) -> None:
    async with client.get("/v1/nothing", headers={"Origin": "https://friend.example"}) as response:
        assert response.status == 404
        assert response.headers["Access-Control-Allow-Origin"] == "https://friend.example"


async def test_the_same_key_gives_the_stored_reply(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    headers = {**bearer(somebody()), "Idempotency-Key": "one"}
    async with client.post("/v1/toys", json={"name": "kite", "pieces": 2}, headers=headers) as response:
        first = await response.json()
        assert (response.status, "Idempotency-Replayed" in response.headers) == (201, False)
    async with client.post("/v1/toys", json={"pieces": 2, "name": "kite"}, headers=headers) as response:
        assert (response.status, response.headers["Idempotency-Replayed"]) == (201, "true")
        assert await response.json() == first
    async with client.post("/v1/toys", json={"name": "kite", "pieces": 3}, headers=headers) as response:
        assert response.status == 422
        assert (await response.json(content_type=None))["code"] == "idempotency_key_reused"


async def test_a_key_is_its_caller_s_own(client: Client, bearer: SignIn) -> None:
    made = set()
    for _ in range(2):
        headers = {**bearer(), "Idempotency-Key": "shared"}
        async with client.post("/v1/toys", json={"name": "kite"}, headers=headers) as response:
            assert "Idempotency-Replayed" not in response.headers
            made.add((await response.json())["made"])
    assert len(made) == 2


@pytest.mark.parametrize("key", ["", "a" * 256, "tab\tinside", "é"])
async def test_a_key_that_is_no_key_is_malformed(client: Client, bearer: SignIn, key: str) -> None:
    headers = {**bearer(), "Idempotency-Key": key}
    async with client.post("/v1/toys", json={"name": "kite"}, headers=headers) as response:
        assert response.status == 400
        assert (await response.json(content_type=None))["code"] == "idempotency_key_malformed"
