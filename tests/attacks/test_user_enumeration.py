"""Whether somebody has an account, or verified an address, is told by no answer, no status, and no clock."""

import random
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr

from actors.auth import actor
from actors.auth.passwords import FULL
from actors.auth.standing import CloseAccount, Suspend
from server.keys import SYSTEM, TOKENS
from tests.actors.auth.people import prove
from tests.attacks.people import PASSWORD, Client, Person, ask, join, ok, sign_in

CLOSE = 0.05
"""How far the medians may lie apart, of the larger one."""
SAMPLES = 200
ROUNDS = 6

Body = dict[str, Any]
Asked = Callable[[int], Body]


def _login(name: str) -> Asked:
    return lambda n: {"login": name, "password": f"not the password {n}"}


def _register(email: str) -> Asked:
    username = "taken" if "{n}" not in email else "fresh"
    return lambda n: {"username": f"{username}_{n}", "email": email.format(n=n), "password": "a lamp of glass 7"}


def _forgot(email: str) -> Asked:
    return lambda n: {"email": email.format(n=n)}


def _move(email: str) -> Asked:
    return lambda n: {"email": email.format(n=n), "password": PASSWORD}


WAYS: Mapping[str, tuple[str, str, Mapping[str, Asked]]] = {
    "signing in by name": (
        "POST",
        "/v1/auth/login",
        {
            "nobody": _login("eva"),
            "verified": _login("ada"),
            "unverified": _login("una"),
            "suspended": _login("sue"),
            "closing": _login("leo"),
        },
    ),
    "signing in by address": (
        "POST",
        "/v1/auth/login",
        {
            "nobody": _login("eva@example.org"),
            "verified": _login("ada@example.org"),
            "unverified": _login("una@example.org"),
        },
    ),
    "registering": (
        "POST",
        "/v1/auth/register",
        {"nobody": _register("eva{n}@example.org"), "verified": _register("ada@example.org")},
    ),
    "forgetting a password": (
        "POST",
        "/v1/auth/password/forgot",
        {"nobody": _forgot("eva{n}@example.org"), "verified": _forgot("ada@example.org")},
    ),
    "moving to an address": (
        "PUT",
        "/v1/auth/email",
        {"nobody": _move("eva{n}@example.org"), "verified": _move("ada@example.org")},
    ),
}
"""For each way of asking: method, path, and for nobody and each kind of somebody the body of the n-th request.

The first two are timed: nothing before the password fits looks at what else sets people apart.
"""


@pytest.fixture
async def mallory(client: Client, database_url: str) -> Person:
    """Who wants to know, where there is somebody of each kind."""
    assert client.app is not None
    system, tokens = client.app[SYSTEM], client.app[TOKENS]
    for name in ("ada", "una", "sue", "leo"):
        somebody = await join(client, name)
        if name == "sue":
            await system.ask(Suspend(user_id=UUID(somebody.id), until=None, reason="Spam."))
        elif name == "leo":
            caller = tokens.verify(somebody.access).caller
            await system.ask(CloseAccount(caller=caller, password=SecretStr(PASSWORD)))
    await prove(database_url, "ada", "sue", "leo")
    return await join(client, "mallory")


class Clock:
    """Times of requests about nobody and about somebody, in turns that chance decides."""

    def __init__(self, client: Client, mallory: Person, way: str) -> None:
        self._client = client
        self._method, self._path, bodies = WAYS[way]
        self._bodies = dict(islice(bodies.items(), 2))
        self._headers = mallory.headers if self._method == "PUT" else {}
        self._way = way
        self._draw = random.Random(7)
        self._n = 0
        self.seconds: dict[str, list[float]] = {who: [] for who in self._bodies}

    async def take(self, count: int) -> None:
        """So many more of each. What slows the machine down for a while slows both alike."""
        for _ in range(count):
            turns = list(self._bodies)
            self._draw.shuffle(turns)
            for who in turns:
                self._n += 1
                body = self._bodies[who](self._n)
                began = time.perf_counter()
                async with self._client.request(self._method, self._path, json=body, headers=self._headers) as response:
                    await response.read()
                self.seconds[who].append(time.perf_counter() - began)
                assert response.status in {201, 202, 401}, await response.text()

    async def judge(self) -> None:
        """Medians of so many of each lie close in one of several rounds: noise may pass for a difference in some, only
        a difference in all."""
        await self.take(5)
        for _ in range(ROUNDS):
            self.seconds = {who: [] for who in self._bodies}
            await self.take(SAMPLES)
            if self.apart <= CLOSE:
                break
        print(self.told())
        assert self.apart <= CLOSE, self.told()

    @property
    def apart(self) -> float:
        """How far the medians lie apart, as a share of the larger."""
        nobody, somebody = (statistics.median(times) for times in self.seconds.values())
        return abs(nobody - somebody) / max(nobody, somebody)

    def told(self) -> str:
        """The figures."""
        medians = {who: f"{statistics.median(times) * 1000:.2f} ms" for who, times in self.seconds.items()}
        return f"{self._way}: {medians}, {self.apart:.1%} apart, {len(self.seconds['nobody'])} of each"


async def _shape(client: Client, mallory: Person, way: str, asked: Asked) -> Sequence[Any]:
    method, path, _ = WAYS[way]
    headers = mallory.headers if method == "PUT" else {}
    async with client.request(method, path, json=asked(0), headers=headers) as response:
        body = await response.json(content_type=None)
        told = {name: value for name, value in (body or {}).items() if name in {"code", "title", "detail", "type"}}
        headers = {name: "" for name in response.headers if name not in {"Date", "X-Request-ID"}}
        return response.status, told, sorted(body or ()), sorted(body.get("user", ())), headers


@pytest.mark.parametrize("way", WAYS)
async def test_the_answer_is_the_same_and_takes_as_long(client: Client, mallory: Person, way: str) -> None:
    """With cheap hashes, so that a single statement more would show."""
    nobody, *others = [await _shape(client, mallory, way, asked) for asked in WAYS[way][2].values()]
    assert all(other == nobody for other in others)
    await Clock(client, mallory, way).judge()


@pytest.mark.usefixtures("mallory")
async def test_who_registers_with_an_address_learns_by_no_sign_in_whether_somebody_had_it(client: Client) -> None:
    password = "a lamp of glass 7"
    for n, email in enumerate(("ada@example.org", "una@example.org", "eva@example.org")):
        probe = {"username": f"probe{n}", "email": email, "password": password}
        await ok(client, "POST", "/v1/auth/register", json=probe)
        assert (await sign_in(client, f"probe{n}", password)).username == f"probe{n}"
        status, problem = await ask(client, "POST", "/v1/auth/login", json={"login": email, "password": password})
        assert (status, (problem or {}).get("code")) == (401, "invalid_credentials"), email


@pytest.fixture
def hashes_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked for before there is anybody, so that everybody's password is hashed so."""
    monkeypatch.setattr(actor, "CHEAP", FULL)


@pytest.mark.slow
@pytest.mark.usefixtures("hashes_as_they_are")
@pytest.mark.parametrize("way", ["signing in by name", "signing in by address"])
async def test_it_takes_as_long_with_hashes_as_they_are(client: Client, mallory: Person, way: str) -> None:
    await Clock(client, mallory, way).judge()
