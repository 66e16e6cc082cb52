"""People sign in by password, as fast as the server lets them, while somebody else only wants a quick answer."""

import asyncio
import time
from collections.abc import Sequence

import orjson

from load.bench import Bench
from load.figures import Figure, Outcome, curve, quantile
from load.wire import Wire, connect, packed
from load.world import Person
from server.demo.words import PASSWORD

CONCURRENT = (1, 16, 64)
PACE_SECONDS = 0.004
"""Between two probes: a stall is seen to this exactness."""
RETRY_SECONDS = 1.0
"""What `Retry-After` says."""
WORST_MS = 100.0
"""A hash takes a third of this: were it made in the loop, the probe would wait for all that stand in front of it."""


class Probe:
    """Asks one server for the cheapest reply there is, all the time: what it waits is what the loop was held up."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._request = packed("GET", "/healthz")
        self.ms: list[float] = []

    async def run(self, seconds: float) -> None:
        """Probe for so long."""
        end = time.monotonic() + seconds
        while (sent := time.monotonic()) < end:
            await self._wire.ask(self._request)
            self.ms.append((time.monotonic() - sent) * 1000)
            await asyncio.sleep(PACE_SECONDS)
        self._wire.close()


async def run(bench: Bench, outcome: Outcome) -> None:
    """So many at once, then more. Nobody signs in more often than the limit of an account allows."""
    seconds = bench.seconds(8, 2)
    idle = Probe(await connect(bench.url))
    await idle.run(seconds / 2)
    outcome.figures += _stalls("nobody signs in", idle)
    people = bench.world.people
    share = len(people) // len(CONCURRENT)
    for place, concurrent in enumerate(CONCURRENT):
        some = people[place * share : (place + 1) * share]
        probe = Probe(await connect(bench.url))
        probing = asyncio.create_task(probe.run(seconds))
        times, put_off = await _sign_in(bench.url, some, concurrent, seconds, outcome)
        times.sort()
        await probing
        name = f"{concurrent} at once"
        outcome.figures += [
            Figure(f"{name}: sign-ins", len(times) / seconds, "sign-ins/s"),
            Figure(f"{name}: put off by 503", put_off, "replies"),
            Figure(f"{name}: p50", quantile(times, 0.5), "ms"),
            Figure(f"{name}: p99", quantile(times, 0.99), "ms"),
            *_stalls(name, probe, WORST_MS),
        ]
        outcome.curves.append(curve(f"A probe while {name} sign in", "ms", probe.ms))


def _stalls(name: str, probe: Probe, worst: float | None = None) -> list[Figure]:
    ordered = sorted(probe.ms)
    return [
        Figure(f"{name}: a probe's p99", quantile(ordered, 0.99), "ms"),
        Figure(f"{name}: a probe's worst", ordered[-1], "ms", worst),
    ]


async def _sign_in(
    url: str, people: Sequence[Person], concurrent: int, seconds: float, outcome: Outcome
) -> tuple[list[float], int]:
    """Milliseconds of each sign-in that was done in time, and how many were put off. Each comes from an address of
    its own."""
    end = time.monotonic() + seconds
    times: list[float] = []
    turn = put_off = 0

    async def drive(wire: Wire) -> None:
        nonlocal turn, put_off
        while (sent := time.monotonic()) < end:
            person = people[turn % len(people)]
            address = f"10.{turn >> 16 & 255}.{turn >> 8 & 255}.{turn & 255}"
            turn += 1
            reply = await wire.ask(packed("POST", "/v1/auth/login", body=_body(person), address=address))
            if reply.status == 503:
                # Too many wait for a hash: whoever comes now is told when to come again, and does.
                put_off += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if reply.status != 200:
                outcome.faults.append(f"{reply.status} {reply.body[:200].decode(errors='replace')}")
                break
            if time.monotonic() <= end:
                times.append((time.monotonic() - sent) * 1000)
        wire.close()

    wires = [await connect(url) for _ in range(concurrent)]
    await asyncio.gather(*(drive(wire) for wire in wires))
    return times, put_off


def _body(person: Person) -> bytes:
    return orjson.dumps({"login": person.username, "password": PASSWORD})
