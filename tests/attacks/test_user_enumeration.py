"""Whether somebody has an account is told by no answer, no status, and no clock."""

import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors.auth import actor
from actors.auth.passwords import FULL
from tests.attacks.people import Client, join

CLOSE = 0.05
"""How far the medians may lie apart, of the larger one."""
_PACE_ROUNDS = 8

Body = dict[str, Any]
Pair = tuple[Callable[[int], Body], Callable[[int], Body]]

WAYS: Mapping[str, Pair] = {
    "/v1/auth/login": (
        lambda n: {"login": "ada", "password": f"not the password {n}"},
        lambda n: {"login": "eva", "password": f"not the password {n}"},
    ),
    "/v1/auth/register": (
        lambda n: {"username": f"known_{n}", "email": "ada@example.org", "password": "a lamp of glass 7"},
        lambda n: {"username": f"fresh_{n}", "email": f"eva{n}@example.org", "password": "a lamp of glass 7"},
    ),
    "/v1/auth/password/forgot": (lambda _: {"email": "ada@example.org"}, lambda n: {"email": f"eva{n}@example.org"}),
}
"""For each way of asking a request about somebody there is, and one about nobody, each the n-th of its kind."""


class Clock:
    """Times of requests about somebody and about nobody, in turns that chance decides."""

    def __init__(self, client: Client, path: str) -> None:
        self._client = client
        self._path = path
        self._bodies = dict(zip(("known", "unknown"), WAYS[path], strict=True))
        self._draw = random.Random(7)
        self._n = 0
        self.seconds: dict[str, list[float]] = {"known": [], "unknown": []}

    async def take(self, count: int) -> None:
        """So many more of each. What slows the machine down for a while slows both alike."""
        for _ in range(count):
            turns = ["known", "unknown"]
            self._draw.shuffle(turns)
            for who in turns:
                self._n += 1
                began = time.perf_counter()
                async with self._client.post(self._path, json=self._bodies[who](self._n)) as response:
                    await response.read()
                    assert response.status in {201, 202, 401}, await response.text()
                self.seconds[who].append(time.perf_counter() - began)

    @property
    def apart(self) -> float:
        """How far the medians lie apart, as a share of the larger."""
        known, unknown = (statistics.median(times) for times in self.seconds.values())
        return abs(known - unknown) / max(known, unknown)

    def told(self) -> str:
        """The figures."""
        medians = {who: f"{statistics.median(times) * 1000:.2f} ms" for who, times in self.seconds.items()}
        return f"{self._path}: {medians}, {self.apart:.1%} apart, {len(self.seconds['known'])} of each"


@pytest.mark.parametrize("path", WAYS)
async def test_the_answer_is_the_same_for_somebody_and_nobody(client: Client, path: str) -> None:
    await join(client, "ada")
    shapes = []
    for body_of in WAYS[path]:
        async with client.post(path, json=body_of(0)) as response:
            body = await response.json(content_type=None)
            told = {name: value for name, value in (body or {}).items() if name in {"code", "title", "detail", "type"}}
            headers = {name: "" for name in response.headers if name not in {"Date", "X-Request-ID"}}
            shapes.append((response.status, told, sorted(body or ()), sorted(body.get("user", ())), headers))
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize("path", WAYS)
async def test_it_takes_as_long_for_somebody_as_for_nobody(client: Client, path: str) -> None:
    """With cheap hashes, so that a single statement more would show."""
    await join(client, "ada")
    clock = Clock(client, path)
    await clock.take(10)
    clock.seconds = {"known": [], "unknown": []}
    for _ in range(_PACE_ROUNDS):
        await clock.take(60)
        if clock.apart <= CLOSE:
            break
    print(clock.told())
    assert clock.apart <= CLOSE, clock.told()


@pytest.mark.slow
@pytest.mark.parametrize("path", WAYS)
async def test_it_takes_as_long_with_hashes_as_they_are(
    client: Client, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "CHEAP", FULL)
    await join(client, "ada")
    clock = Clock(client, path)
    await clock.take(5)
    for _ in range(3):
        clock.seconds = {"known": [], "unknown": []}
        await clock.take(200)
        print(clock.told())
        if clock.apart <= CLOSE:
            break
    assert clock.apart <= CLOSE, clock.told()
