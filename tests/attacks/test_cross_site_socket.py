"""A page of another site opens a socket with somebody's cookies: it gets none."""

import aiohttp
import pytest

from actors.settings import Settings
from tests.attacks.people import HERE, Browser, Client, Person, browse, ok
from tests.server.realtime.conftest import Socket

FRIEND = "https://app.example"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """One other site may call with cookies."""
    return settings.model_copy(update={"allowed_origins": (FRIEND,)})


FOREIGN = (
    "null",
    "NULL",
    "",
    "file://",
    "about:blank",
    "https://evil.example",
    # that ours stands somewhere in it makes it no origin of ours
    "https://app.example.evil.example",
    "https://evilapp.example",
    "https://evil.example/https://app.example",
    "https://evil.example?https://app.example",
    "https://evil.example#https://app.example",
    "https://sub.app.example",
    "https://app.example.",
    "https://app.exampl",
    "https://app-example",
    "https://example",
    # another scheme or port is another origin
    "http://app.example",
    "wss://app.example",
    "https://app.example:8443",
    "http://127.0.0.1",
    "http://127.0.0.1:80",
    "http://127.0.0.1:80800",
    "http://localhost:8080",
    "https://127.0.0.1:8080",
    "http://127.0.0.2:8080",
    "http://[::1]:8080",
    "http://2130706433:8080",
    # who is named before an @ is no host
    "https://app.example@evil.example",
    "https://app.example:443@evil.example",
    "http://127.0.0.1:8080@evil.example",
    "https://evil@app.example",
    "https://app.example\\@evil.example",
    "https://app.example%00.evil.example",
    "https://app.example%2eevil.example",
    "https://ａpp.example",
    "https://app.example, https://evil.example",
    "https://evil.example https://app.example",
    "javascript://app.example",
    "//app.example",
    "app.example",
)


async def test_no_origin_but_ours_opens_a_socket_with_cookies(client: Client, ada: Person) -> None:
    page = await browse(client, "ada")
    parts = [page.cookie["Cookie"], *(f"{name}={page.cookies[name]}" for name in ("vitrine_access", "vitrine_session"))]
    for origin in FOREIGN:
        for cookie in parts:
            await _refused(client, origin, cookie)


async def _refused(client: Client, origin: str, cookie: str) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with client.ws_connect("/v1/realtime", headers={"Cookie": cookie, "Origin": origin}):
            pass
    assert refused.value.status == 403, (origin, cookie[:30])


async def test_our_own_pages_and_our_friends_do(client: Client, ada: Person) -> None:
    page = await browse(client, "ada")
    for origin in (HERE, FRIEND, "HTTPS://App.Example", None):
        headers = page.cookie if origin is None else page.cookie | {"Origin": origin}
        socket = Socket(await client.ws_connect("/v1/realtime", headers=headers))
        answer = await socket.ask("connect")
        assert answer["ok"]["user"]["id"] == ada.id, origin
        await socket.ws.close()


async def test_without_cookies_a_foreign_page_is_a_visitor_until_it_shows_a_credential(
    client: Client, ada: Person
) -> None:
    socket = Socket(await client.ws_connect("/v1/realtime", headers={"Origin": "https://evil.example"}))
    answer = await socket.ask("connect", topics={"me": None})
    assert answer["ok"]["user"] is None
    assert answer["ok"]["topics"]["me"]["err"]["code"] == "unauthorized"
    await socket.ws.close()


async def test_a_ticket_serves_one_socket_once_and_nobody_else_s_page_can_fetch_one(
    client: Client, ada: Person
) -> None:
    page = await browse(client, "ada")
    evil = page.cookie | {"Origin": "https://evil.example"}
    async with client.post("/v1/realtime/tickets", headers=evil) as response:
        assert response.status == 403
    ticket = (await ok(client, "POST", "/v1/realtime/tickets", ada))["ticket"]
    for expected in (True, False):
        socket = Socket(await client.ws_connect("/v1/realtime", headers={"Origin": "https://evil.example"}))
        answer = await socket.ask("connect", ticket=ticket)
        assert ("ok" in answer) is expected, answer
        await socket.ws.close()


async def test_a_page_with_two_origins_is_refused(client: Client, ada: Person) -> None:
    page: Browser = await browse(client, "ada")
    headers = [("Cookie", page.cookie["Cookie"]), ("Origin", "https://evil.example"), ("Origin", FRIEND)]
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with client.ws_connect("/v1/realtime", headers=headers):
            pass
    assert refused.value.status in {400, 403}
