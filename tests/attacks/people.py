"""People as an attacker meets them: signed in by tokens, or by a browser's cookies."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from tests.server.realtime.conftest import Socket

Client = TestClient[web.Request, web.Application]
Answer = tuple[int, Any]

PASSWORD = "violet otters 83 lamps"
HERE = "http://127.0.0.1:8080"
"""The origin of our own pages, as tests configure it."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in as an app does."""

    id: str
    username: str
    access: str
    refresh: str

    @property
    def headers(self) -> dict[str, str]:
        """What shows who asks."""
        return {"Authorization": f"Bearer {self.access}"}


@dataclass(slots=True)
class Browser:
    """Somebody signed in as a web page does. It keeps its cookies itself, so that a test may change them."""

    id: str
    username: str
    cookies: dict[str, str]

    @property
    def cookie(self) -> dict[str, str]:
        """What a browser sends by itself, whichever page asks."""
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}

    @property
    def headers(self) -> dict[str, str]:
        """What our own page sends."""
        return self.cookie | {"X-CSRF-Token": self.cookies["vitrine_csrf"], "Origin": HERE}


Somebody = Person | Browser


async def ask(client: Client, method: str, path: str, who: Somebody | None = None, **options: Any) -> Answer:
    """Status and JSON (None without a body) of a request; cookies it sets are forgotten."""
    headers = (who.headers if who else {}) | options.pop("headers", {})
    async with client.request(method, path, headers=headers, **options) as response:
        answer = response.status, await response.json(content_type=None) if await response.read() else None
    client.session.cookie_jar.clear()
    return answer


async def ok(client: Client, method: str, path: str, who: Somebody | None = None, **options: Any) -> Any:
    """The JSON of a request that must succeed."""
    status, body = await ask(client, method, path, who, **options)
    assert status < 300, (method, path, status, body)
    return body


async def join(client: Client, username: str, *, email: str | None = None) -> Person:
    """Somebody new with an app."""
    fields = {"username": username, "email": email or f"{username}@example.org", "password": PASSWORD}
    given = await ok(client, "POST", "/v1/auth/register", json=fields)
    return _person(given)


async def sign_in(client: Client, username: str, password: str = PASSWORD, **fields: Any) -> Person:
    """Another session of somebody, with an app."""
    given = await ok(client, "POST", "/v1/auth/login", json={"login": username, "password": password, **fields})
    return _person(given)


async def browse(client: Client, username: str, password: str = PASSWORD, **options: Any) -> Browser:
    """Another session of somebody, in a browser."""
    fields = {"login": username, "password": password, "client": "web"}
    async with client.post("/v1/auth/login", json=fields, **options) as response:
        given = await response.json()
        assert response.status == 200, given
        cookies = {name: morsel.value for name, morsel in response.cookies.items()}
    client.session.cookie_jar.clear()
    return Browser(given["user"]["id"], given["user"]["username"], cookies)


async def open_socket(client: Client, who: Somebody | None = None, **fields: Any) -> Socket:
    """A live socket of somebody's that is connected: by token in the first frame, or by cookies."""
    headers = who.headers if isinstance(who, Browser) else {}
    socket = Socket(await client.ws_connect("/v1/realtime", headers=headers, protocols=("vitrine.v1.json",)))
    if isinstance(who, Person):
        fields.setdefault("token", who.access)
    answer = await socket.ask("connect", **fields)
    assert "ok" in answer, answer
    socket.connected = answer["ok"]
    return socket


def _person(given: Any) -> Person:
    return Person(given["user"]["id"], given["user"]["username"], given["access_token"], given["refresh_token"])
