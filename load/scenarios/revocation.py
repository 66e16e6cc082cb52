"""Somebody ends one of their sessions at one server; its sockets are open at that one and at another."""

import asyncio
import time

import orjson

from load.bench import Bench
from load.figures import Figure, Outcome, curve, quantile
from load.sockets import Socket, watch
from load.stack import serving
from load.wire import Reply, Wire, connect, packed
from load.world import Person
from server.demo.words import PASSWORD

REVOKED = 4501
GOAL_MS = 1_000.0


async def run(bench: Bench, outcome: Outcome) -> None:
    """For each person: sign in once more, open sockets, end that session from the first one, wait for the ends."""
    if bench.environment is None:
        outcome.faults.append("a second server is needed, which --url does not name: leave it out")
        return
    here: list[float] = []
    there: list[float] = []
    async with serving(bench.environment, processes=1) as second:
        wire = await connect(bench.url)
        for place, person in enumerate(bench.world.people[: int(bench.seconds(100, 20))]):
            try:
                same, other = await _end_one(wire, bench.url, second.url, person, f"10.9.{place >> 8}.{place & 255}")
            except (TimeoutError, UnexpectedReply) as error:
                outcome.faults.append(f"{type(error).__name__}: {error}")
                break
            here.append(same)
            there.append(other)
        wire.close()
    for name, times in (("the same server", here), ("another server", there)):
        ordered = sorted(times)
        outcome.figures += [
            Figure(f"{name}: p50", quantile(ordered, 0.5), "ms"),
            Figure(f"{name}: p99", quantile(ordered, 0.99), "ms"),
            Figure(f"{name}: worst", quantile(ordered, 1.0), "ms", GOAL_MS),
        ]
        outcome.curves.append(curve(f"From the reply to the end of a socket at {name}", "ms", times))
    outcome.figures.append(Figure("revocations", len(there), "revocations"))


class UnexpectedReply(Exception):
    """The server answered otherwise than it must."""


async def _end_one(wire: Wire, url: str, other_url: str, person: Person, address: str) -> tuple[float, float]:
    """Milliseconds from the reply until the socket here and the one at the other server were closed."""
    body = orjson.dumps({"login": person.username, "password": PASSWORD})
    given = orjson.loads(_checked(await wire.ask(packed("POST", "/v1/auth/login", body=body, address=address)), 200))
    sockets = [await watch(each, [], given["access_token"], _ignore) for each in (url, other_url)]
    listed = orjson.loads(_checked(await wire.ask(packed("GET", "/v1/auth/sessions", given["access_token"])), 200))
    (session,) = [each["id"] for each in listed["items"] if each["current"]]
    request = packed("DELETE", f"/v1/auth/sessions/{session}", person.token, address=address)
    _checked(await wire.ask(request), 204)
    replied = time.monotonic()
    async with asyncio.timeout(10):
        ended = [await socket.closed for socket in sockets]
    if codes := {socket.close_code for socket in sockets} - {REVOKED}:
        raise UnexpectedReply(f"sockets were closed with {codes}")
    # One that is closed before the reply arrives has waited for nothing.
    same, other = (max(0.0, at - replied) * 1000 for at in ended)
    return same, other


def _checked(reply: Reply, status: int) -> bytes:
    if reply.status != status:
        raise UnexpectedReply(f"{reply.status} {reply.body[:200].decode(errors='replace')}")
    return reply.body


def _ignore(_: Socket, __: bytes, ___: float) -> None:
    """What is pushed meanwhile does not matter."""
