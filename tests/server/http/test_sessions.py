"""Web sessions: cookies no script reads, a new id at each sign-in, and proof that our own page asks."""

import secrets
import time
from collections.abc import AsyncIterator, Callable
from http.cookies import SimpleCookie

import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request

from actors.adapters.cache import open_cache
from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings
from server.app import create_app
from server.http.sessions import WebSessions
from server.keys import SESSIONS, TOKENS
from tests.server.http import toys
from tests.server.http.conftest import Client, Head
from tests.servers import OwnValkey


@pytest_asyncio.fixture(loop_scope="module")
async def browser(
    settings: Settings, toy_system: System, outside: Outside, somebody: Callable[..., Caller]
) -> AsyncIterator[Client]:
    """Keeps cookies. Somebody signs in at /in, asks for the kept credential at /kept, signs out at /out."""
    app = create_app(settings, system=toy_system, cache=outside.cache, live_log=Head(), routes=toys.ROUTES)
    caller = somebody()

    async def sign_in(request: web.Request) -> web.Response:
        response = web.Response()
        csrf = await request.app[SESSIONS].sign_in_web(
            request,
            response,
            web_id=secrets.token_urlsafe(32),
            access_token=request.app[TOKENS].issue(caller),
            refresh_token="refresh-1",
            refresh_expires_at=time.time() + 3600,
        )
        response.text = csrf
        return response

    async def kept(request: web.Request) -> web.Response:
        sessions = request.app[SESSIONS]
        return web.Response(text=str(sessions.id_of(request) and await sessions.kept_token(request)))

    async def sign_out(request: web.Request) -> web.Response:
        response = web.Response()
        await request.app[SESSIONS].sign_out_web(request, response)
        return response

    app.router.add_post("/in", sign_in)
    app.router.add_post("/kept", kept)
    app.router.add_post("/out", sign_out)
    async with TestClient(TestServer(app)) as client:
        yield client


async def _sign_in(browser: Client) -> tuple[str, SimpleCookie]:
    async with browser.post("/in") as response:
        return await response.text(), response.cookies


async def test_tokens_are_kept_from_scripts(browser: Client, outside: Outside) -> None:
    csrf, cookies = await _sign_in(browser)
    assert set(cookies) == {"vitrine_session", "vitrine_access", "vitrine_csrf"}
    for name, cookie in cookies.items():
        assert bool(cookie["httponly"]) == (name != "vitrine_csrf")
        assert cookie["samesite"] == "Lax"
        assert cookie["path"] == "/"
        assert not cookie["secure"]
    assert cookies["vitrine_csrf"].value == csrf
    assert int(cookies["vitrine_access"]["max-age"]) == 600
    stored = await outside.cache.redis.get(f"vitrine_session_{cookies['vitrine_session'].value}")
    assert isinstance(stored, bytes)
    assert b"refresh-1" in stored
    assert 3500 < await outside.cache.redis.ttl(f"vitrine_session_{cookies['vitrine_session'].value}") <= 3600


async def test_cookies_are_secure_where_people_come_by_https(settings: Settings, outside: Outside) -> None:
    sessions = WebSessions(settings.model_copy(update={"public_url": "https://vitrine.example"}), outside.cache)
    response = web.Response()
    await sessions.sign_in_web(
        make_mocked_request("POST", "/in"),
        response,
        web_id="w" * 43,
        access_token="a",
        refresh_token="r",
        refresh_expires_at=time.time() + 60,
    )
    assert all(cookie["secure"] for cookie in response.cookies.values())


async def test_an_unsafe_request_by_cookie_must_prove_that_our_page_sent_it(browser: Client) -> None:
    csrf, _ = await _sign_in(browser)
    async with browser.get("/v1/toys/kite") as response:
        assert response.status == 200
        assert (await response.json())["owner"] is not None
        assert response.headers["Cache-Control"] == "private, no-store"
    for wrong in ({}, {"X-CSRF-Token": "x" * 32}, {"X-CSRF-Token": csrf[:-1]}, {"X-CSRF-Token": "é"}):
        async with browser.put("/v1/toys/kite/lend", headers=wrong) as response:
            assert response.status == 403
            assert (await response.json(content_type=None))["code"] == "csrf_failed"
    async with browser.put("/v1/toys/kite/lend", headers={"X-CSRF-Token": csrf}) as response:
        assert response.status == 200


async def test_a_token_planted_in_cookie_and_header_alike_does_not_pass(browser: Client) -> None:
    _, cookies = await _sign_in(browser)
    planted = "; ".join(
        f"{name}={'planted' if name == 'vitrine_csrf' else cookie.value}" for name, cookie in cookies.items()
    )
    browser.session.cookie_jar.clear()
    headers = {"Cookie": planted, "X-CSRF-Token": "planted"}
    async with browser.put("/v1/toys/kite/lend", headers=headers) as response:
        assert response.status == 403


async def test_a_bearer_needs_no_csrf_token(browser: Client, bearer: Callable[..., dict[str, str]]) -> None:
    await _sign_in(browser)
    async with browser.put("/v1/toys/kite/lend", headers=bearer()) as response:
        assert response.status == 200


async def test_signing_in_ends_the_session_the_browser_came_with(browser: Client, outside: Outside) -> None:
    _, before = await _sign_in(browser)
    _, after = await _sign_in(browser)
    assert before["vitrine_session"].value != after["vitrine_session"].value
    assert not await outside.cache.redis.exists(f"vitrine_session_{before['vitrine_session'].value}")


async def test_a_session_id_of_somebody_s_choice_is_not_taken(browser: Client, outside: Outside) -> None:
    fixed = "f" * 43
    async with browser.post("/in", headers={"Cookie": f"vitrine_session={fixed}"}) as response:
        assert response.cookies["vitrine_session"].value != fixed
    assert not await outside.cache.redis.exists(f"vitrine_session_{fixed}")


async def test_the_kept_credential_is_given_to_our_own_page_only(browser: Client) -> None:
    csrf, _ = await _sign_in(browser)
    async with browser.post("/kept") as response:
        assert response.status == 403
    async with browser.post("/kept", headers={"X-CSRF-Token": csrf}) as response:
        assert await response.text() == "refresh-1"
    browser.session.cookie_jar.clear()
    for cookie in ("", "vitrine_session=" + "x" * 43, "vitrine_session=../../etc"):
        async with browser.post("/kept", headers={"Cookie": cookie}) as response:
            assert response.status == 403 or await response.text() == "None"


async def test_signing_out_leaves_nothing_behind(browser: Client, outside: Outside) -> None:
    _, cookies = await _sign_in(browser)
    async with browser.post("/out") as response:
        assert response.status == 200
    assert not await outside.cache.redis.exists(f"vitrine_session_{cookies['vitrine_session'].value}")
    assert {cookie.key for cookie in browser.session.cookie_jar} == set()


async def test_without_redis_a_browser_still_signs_in_and_out(settings: Settings, own_valkey: OwnValkey) -> None:
    cache = open_cache(settings.model_copy(update={"redis_url": own_valkey.url}))
    own_valkey.kill()
    sessions, response = WebSessions(settings, cache), web.Response()
    csrf = await sessions.sign_in_web(
        make_mocked_request("POST", "/in"),
        response,
        web_id="w" * 43,
        access_token="a",
        refresh_token="r",
        refresh_expires_at=time.time() + 60,
    )
    assert {name: cookie.value for name, cookie in response.cookies.items()} == {
        "vitrine_session": "w" * 43,
        "vitrine_access": "a",
        "vitrine_csrf": csrf,
    }
    back = make_mocked_request(
        "POST", "/kept", headers={"Cookie": f"vitrine_session={'w' * 43}; vitrine_csrf={csrf}", "X-CSRF-Token": csrf}
    )
    assert sessions.id_of(back) == "w" * 43
    assert await sessions.kept_token(back) is None
    await sessions.sign_out_web(back, web.Response())
    await cache.close()
