"""Pages of *for you*, beside what raw aiohttp and asyncpg give for the same page on the same machine."""

import asyncio
import time
from collections.abc import Sequence

import orjson

from load.bench import Bench
from load.ceiling import running_ceiling
from load.figures import Figure, Outcome, curve, quantile
from load.proc import cpu_seconds
from load.wire import Wire, connect, packed

CONNECTIONS = 32
SHARE = 0.6
FEW = 64
"""People who ask again and again; enough that nobody meets the rate limit."""


async def run(bench: Bench, outcome: Outcome) -> None:
    """Cold: each page for another person than the last. Cached: the same few ask again and again."""
    tokens = [person.token for person in bench.world.people]
    path = "/v1/feed?type=forYou&limit=20"
    seconds = bench.seconds(8, 3)
    async with running_ceiling(bench.database_url, bench.folder) as (ceiling_url, ceiling_pid):
        for name, who in (("cold", tokens), ("cached", tokens[:FEW])):
            raw = cpu_seconds(ceiling_pid)
            ceiling, _, given = await _pages(ceiling_url, [packed("GET", f"/{name}")], seconds / 2, outcome)
            raw, used = cpu_seconds(ceiling_pid) - raw, bench.used()
            rate, times, asked = await _pages(
                bench.url, [packed("GET", path, token) for token in who], seconds, outcome
            )
            ordered = sorted(times)
            outcome.figures += [
                Figure(f"{name}: pages", rate, "pages/s", SHARE * ceiling, is_rate=True),
                Figure(f"{name}: the ceiling", ceiling, "pages/s"),
                Figure(f"{name}: share of the ceiling", rate / ceiling if ceiling else 0, "×", SHARE, is_rate=True),
                Figure(f"{name}: p50", quantile(ordered, 0.5) * 1000, "ms"),
                Figure(f"{name}: p99", quantile(ordered, 0.99) * 1000, "ms"),
                *bench.cost(f"{name}: processor a page", used, asked),
                Figure(f"{name}: the ceiling's processor a page", raw / max(given, 1) * 1e6, "µs"),
            ]
            outcome.curves.append(curve(f"Time of a page, {name}", "ms", [value * 1000 for value in times]))


async def _pages(
    url: str, requests: Sequence[bytes], seconds: float, outcome: Outcome
) -> tuple[float, list[float], int]:
    """Pages a second, the seconds each took, and how many were asked for. Anything but a full page is a fault."""
    wires = [await connect(url) for _ in range(CONNECTIONS)]
    probe = await wires[0].ask(requests[0])
    items = len(orjson.loads(probe.body)["items"]) if probe.status == 200 else 0
    if items != 20:
        outcome.faults.append(f"{url}: {probe.status}, {items} items in the page")
        return 0.0, [], 0
    times: list[float] = []
    failed: list[int] = []
    warm_until = time.monotonic() + seconds / 4
    end = warm_until + seconds
    turn = 0

    async def drive(wire: Wire) -> None:
        nonlocal turn
        while (sent := time.monotonic()) < end:
            turn += 1
            status, _ = await wire.ask(requests[turn % len(requests)])
            if status != 200:
                failed.append(status)
                return
            if sent >= warm_until:
                times.append(time.monotonic() - sent)

    await asyncio.gather(*(drive(wire) for wire in wires))
    for wire in wires:
        wire.close()
    if failed:
        outcome.faults.append(f"{url}: {len(failed)} requests failed, the first with {failed[0]}")
    return len(times) / seconds, times, turn
