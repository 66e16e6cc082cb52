"""Durable likes over HTTP: each request changes a row, each change is counted, and counted again in the database.

Beside them stands what raw aiohttp answers to the same requests of the same generator and keeps nothing: rates of two
machines compare by their share of that.
"""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

from load.aftermath import settle_and_count
from load.bench import Bench
from load.ceiling import running_ceiling
from load.figures import Figure, Outcome, curve, quantile
from load.proc import cpu_seconds
from load.wire import Wire, connect, tail
from load.world import Person, likes_of, moves_of

CONNECTIONS = 256
GOALS = {(1, "one hot post"): 6_000, (1, "spread"): 4_000, (2, "one hot post"): 9_000, (2, "spread"): 5_000}
MOVES = {"one hot post": 0.1}
"""A batch moves the row of a post once, however many like it."""
_SHOWN_FAILURES = 3


class Storm:
    """Connections that like and unlike in turn; a person stays with one connection, so that order is known."""

    def __init__(self, people: Sequence[Person], posts: Sequence[UUID], liked: set[tuple[UUID, UUID]]) -> None:
        self._people = people
        self._tails = [tail(person.token) for person in people]
        self.posts = posts
        self._paths = [f" /v1/posts/{post}/like HTTP/1.1\r\n".encode() for post in posts]
        self.liked = liked
        """What the database must hold when all is answered: (post id, person id)."""
        self.seconds: list[float] = []
        self.failures: list[str] = []
        self.failed = 0
        self.answered = 0
        self.is_measuring = False
        self.is_over = False

    async def run(self, url: str, *, warm: float, measured: float) -> float:
        """Drive all connections; returns the seconds that were measured, the last replies included."""
        wires = [await connect(url) for _ in range(CONNECTIONS)]
        drivers = [asyncio.ensure_future(self._drive(wire, place)) for place, wire in enumerate(wires)]
        await asyncio.sleep(warm)
        while self.answered < 2 * len(self._people):  # noqa: ASYNC110  every token was verified, every limit leased
            await asyncio.sleep(0.05)
        self.is_measuring, began = True, time.monotonic()
        await asyncio.sleep(measured)
        self.is_measuring, ended = False, time.monotonic()
        self.is_over = True
        await asyncio.gather(*drivers)
        for wire in wires:
            wire.close()
        return ended - began

    async def _drive(self, wire: Wire, place: int) -> None:
        """One request after the other; callbacks rather than tasks keep the generator cheap."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        mine = range(place, len(self._people), CONNECTIONS)
        step, sent, pair, on = place * 17, 0.0, (self.posts[0], self._people[0].id), True

        def go_on() -> None:
            nonlocal step, sent, pair, on
            if self.is_over:
                done.set_result(None)
                return
            step += 1
            who, what = mine[step % len(mine)], (step * 7919) % len(self.posts)
            pair = (self.posts[what], self._people[who].id)
            on = pair not in self.liked
            sent = time.monotonic()
            wire.send((b"PUT" if on else b"DELETE") + self._paths[what] + self._tails[who], replied)

        def replied(status: int, body: bytes) -> None:
            self.answered += 1
            if status == 200 and body.startswith(b'{"liked":true' if on else b'{"liked":false'):
                (self.liked.add if on else self.liked.discard)(pair)
                if self.is_measuring:
                    self.seconds.append(time.monotonic() - sent)
                go_on()
                return
            self.failed += 1
            if len(self.failures) < _SHOWN_FAILURES:
                self.failures.append(f"{status} {body[:200].decode(errors='replace')}")
            if status == 0:
                done.set_result(None)
            else:
                asyncio.get_running_loop().call_later(0.01, go_on)

        go_on()
        await done


async def run(bench: Bench, outcome: Outcome) -> None:
    """The ceiling, then one hot post, then spread over all posts."""
    ceiling = await _ceiling(bench, outcome)
    for name, posts in (("one hot post", bench.world.posts[:1]), ("spread", bench.world.posts)):
        storm = Storm(bench.world.people, posts, await likes_of(bench.database_url, posts))
        measured = bench.seconds(12, 4)
        moved_before, used = await moves_of(bench.database_url, posts), bench.used()
        seconds = await storm.run(bench.url, warm=2 if not bench.short else 1, measured=measured)
        rate = len(storm.seconds) / seconds
        ordered = sorted(storm.seconds)
        goal = GOALS.get((bench.processes, name))
        outcome.figures += [
            Figure(f"{name}: durable likes", rate, "likes/s", goal, is_rate=True),
            Figure(f"{name}: share of the ceiling", rate / ceiling, "×"),
            Figure(f"{name}: failed", storm.failed, "requests", 0),
            Figure(f"{name}: p50", quantile(ordered, 0.5) * 1000, "ms"),
            Figure(f"{name}: p99", quantile(ordered, 0.99) * 1000, "ms"),
        ]
        moves = (await moves_of(bench.database_url, posts) - moved_before) / max(1, storm.answered)
        outcome.figures.append(Figure(f"{name}: moves of a post's row a like", moves, "", MOVES.get(name)))
        outcome.curves.append(curve(f"Time of a like, {name}", "ms", [value * 1000 for value in ordered]))
        outcome.faults += [f"{name}: {failure}" for failure in storm.failures]
        await _compare(bench, outcome, name, storm)
        await settle_and_count(bench.database_url, outcome, name)
        outcome.figures += bench.cost(f"{name}: processor a like, reactions included", used, storm.answered)


async def _ceiling(bench: Bench, outcome: Outcome) -> float:
    """Likes a second that are answered and not kept."""
    storm = Storm(bench.world.people, bench.world.posts[:1], set())
    async with running_ceiling(bench.database_url, bench.folder) as (url, pid):
        used = cpu_seconds(pid)
        seconds = await storm.run(url, warm=1, measured=bench.seconds(6, 2))
        used = cpu_seconds(pid) - used
    rate = len(storm.seconds) / seconds
    outcome.figures += [
        Figure("the ceiling: likes answered, none kept", rate, "likes/s"),
        Figure("the ceiling: processor a like", used / storm.answered * 1e6, "µs"),
    ]
    return rate


async def _compare(bench: Bench, outcome: Outcome, name: str, storm: Storm) -> None:
    """Rows with what was acknowledged."""
    if not storm.failed:
        rows = await likes_of(bench.database_url, storm.posts)
        lost = len(storm.liked ^ rows)
        outcome.figures.append(Figure(f"{name}: acknowledged writes not found", lost, "likes", 0))
