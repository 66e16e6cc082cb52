"""How old the count on a screen is: from a like's request to each socket that holds a count which includes it."""

import asyncio
import time
from collections.abc import Sequence
from uuid import UUID

import orjson

from load.aftermath import settle_and_count
from load.bench import Bench
from load.figures import QUANTILES, Curve, Figure, Outcome
from load.sockets import Socket, SocketClosed, close_all, watch_many
from load.wire import Wire, connect, packed
from load.world import Person, likes_of

SENDERS = 64
SETTLE_SECONDS = 3.0
_SLOT = 0.0001
_SLOTS = 600_000
"""Slots of a tenth of a millisecond, a minute in all."""


class Staleness:
    """A histogram of (like, socket) pairs."""

    def __init__(self) -> None:
        self._slots = [0] * _SLOTS
        self.pairs = 0
        self.missed = 0

    def add(self, likes: Sequence[tuple[int, float]], seen: Sequence[tuple[float, int]]) -> None:
        """Count every like, (count that includes it, when it was sent) in order of counts, for one socket."""
        place = 0
        for at, count in seen:
            while place < len(likes) and likes[place][0] <= count:
                self._slots[min(_SLOTS - 1, max(0, int((at - likes[place][1]) / _SLOT)))] += 1
                place += 1
        self.pairs += place
        self.missed += len(likes) - place

    def quantile(self, share: float) -> float:
        """Milliseconds."""
        left = self.pairs * share
        for slot, count in enumerate(self._slots):
            left -= count
            if left <= 0 and count:
                return (slot + 1) * _SLOT * 1000
        return 0.0


class Watchers:
    """What the sockets see: each frame is parsed once, however many get the same bytes."""

    def __init__(self, post: UUID) -> None:
        self._post = str(post)
        self._last = b""
        self._count = -1

    def on_frame(self, socket: Socket, payload: bytes, now: float) -> None:
        """Note a count that grew."""
        if payload != self._last:
            frame = orjson.loads(payload)
            if frame.get("push") != "counts":
                return
            self._last = payload
            self._count = max((item[2] for item in frame["items"] if item[0] == self._post), default=-1)
        if self._count >= 0 and (not socket.seen or socket.seen[-1][1] < self._count):
            socket.seen.append((now, self._count))


async def send_likes(
    url: str, post: UUID, people: Sequence[Person], rate: float
) -> tuple[list[tuple[int, float]], list[str]]:
    """One like of each person at an even pace: (count in the reply, when sent), and what failed."""
    idle: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(min(SENDERS, len(people))):
        idle.put_nowait(await connect(url))
    likes: list[tuple[int, float]] = []
    failures: list[str] = []

    async def like(wire: Wire, person: Person) -> None:
        sent = time.monotonic()
        reply = await wire.ask(packed("PUT", f"/v1/posts/{post}/like", person.token))
        if reply.status == 200:
            likes.append((orjson.loads(reply.body)["likes"], sent))
        else:
            failures.append(f"{reply.status} {reply.body[:200].decode(errors='replace')}")
        idle.put_nowait(wire)

    began = time.monotonic()
    tasks = []
    for place, person in enumerate(people):
        wire = await idle.get()
        await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
        tasks.append(asyncio.ensure_future(like(wire, person)))
    await asyncio.gather(*tasks)
    while not idle.empty():
        idle.get_nowait().close()
    return sorted(likes), failures


async def measure(bench: Bench, outcome: Outcome, sockets: int, rate: int, goals: tuple[float | None, float]) -> None:
    """So many sockets on one post, the least liked, so many likes a second."""
    name = f"{sockets:,} sockets, {rate} likes/s"
    likes_by_post: dict[UUID, set[UUID]] = {post: set() for post in bench.world.posts}
    for post, person_id in await likes_of(bench.database_url, bench.world.posts):
        likes_by_post[post].add(person_id)
    post, liked = min(likes_by_post.items(), key=lambda item: len(item[1]))
    fresh = [person for person in bench.world.people if person.id not in liked]
    senders = fresh[: int(rate * bench.seconds(12, 4))]
    watchers = Watchers(post)
    tokens = [bench.world.people[index % len(bench.world.people)].token for index in range(sockets)]
    try:
        held = await watch_many(bench.url, [f"post:{post}"], tokens, watchers.on_frame)
    except (SocketClosed, OSError, TimeoutError) as error:
        outcome.faults.append(f"{name}: not every socket opened: {error!r}")
        return
    # Who came is told, too; what is measured begins when all are at rest.
    await asyncio.sleep(bench.seconds(SETTLE_SECONDS, 0.5))
    began = time.monotonic()
    likes, failures = await send_likes(bench.url, post, senders, rate)
    took = time.monotonic() - began
    last = likes[-1][0] if likes else 0
    for _ in range(60):
        if all(socket.seen and socket.seen[-1][1] >= last for socket in held):
            break
        await asyncio.sleep(SETTLE_SECONDS / 60)
    staleness = Staleness()
    for socket in held:
        staleness.add(likes, socket.seen)
    closed = sum(socket.close_code is not None for socket in held)
    frames = sum(socket.frames for socket in held)
    close_all(held)
    outcome.figures += [
        Figure(f"{name}: staleness p50", staleness.quantile(0.5), "ms", goals[0]),
        Figure(f"{name}: staleness p99", staleness.quantile(0.99), "ms", goals[1]),
        Figure(f"{name}: failed", len(failures) + staleness.missed + closed, "of all", 0),
        Figure(f"{name}: likes sent", len(likes) / took, "likes/s"),
        Figure(f"{name}: frames read by the generator", frames / took, "frames/s"),
        Figure(f"{name}: likes seen by sockets", staleness.pairs, "pairs"),
    ]
    values = tuple(staleness.quantile(share) for share in QUANTILES)
    outcome.curves.append(Curve(f"Staleness, {name}", "ms", values))
    outcome.faults += [f"{name}: {failure}" for failure in failures[:3]]
    await settle_and_count(bench.database_url, outcome, name)


async def run(bench: Bench, outcome: Outcome) -> None:
    """M1, then M1b, each on a post of its own."""
    await measure(bench, outcome, 400 if bench.short else 2_000, 300, (None, 120))
    await measure(bench, outcome, 200 if bench.short else 1_000, 20, (12, 25))
