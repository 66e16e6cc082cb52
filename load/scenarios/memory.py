"""What a signed-in socket with three topics costs a server in memory, and what remains after a million frames."""

import asyncio
import resource
from itertools import cycle, islice

import asyncpg

from load.aftermath import settle_and_count
from load.bench import Bench
from load.figures import Figure, Outcome
from load.proc import resident_bytes
from load.sockets import Socket, SocketClosed, close_all, watch
from load.stack import serving
from load.wire import Wire, connect, packed
from load.world import World

SOCKETS, SHORT_SOCKETS = 10_000, 600
PER_PERSON = 5
FOLLOWEES = 200
POSTS = 20
"""Each is watched by a twentieth of all sockets."""
FRAMES, SHORT_FRAMES = 1_000_000, 60_000
LIKES_PER_SECOND = 200
WARM = 200
GOAL_KB, GROWTH_KB = 18.0, 1.0
SETTLE_SECONDS = 3.0

_FOLLOW = """
INSERT INTO follows (follower_id, followee_id, created_at)
SELECT who.id, followee.id, now()
FROM unnest($1::uuid[]) WITH ORDINALITY AS who(id, place)
CROSS JOIN LATERAL (
    SELECT id FROM unnest($1::uuid[]) WITH ORDINALITY AS one(id, place)
    WHERE (one.place - who.place + cardinality($1)) % cardinality($1) BETWEEN 1 AND $2
) AS followee ON CONFLICT DO NOTHING
"""


async def run(bench: Bench, outcome: Outcome) -> None:
    """Sockets at a server of their own, likes at the other one, so that nothing else grows beside them."""
    if bench.environment is None:
        outcome.faults.append("a second server is needed, which --url does not name: leave it out")
        return
    sockets = SHORT_SOCKETS if bench.short else SOCKETS
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    people = bench.world.people[: max(1, sockets // PER_PERSON)]
    followees = min(FOLLOWEES, len(people) - 1)
    connection = await asyncpg.connect(bench.database_url)
    try:
        await connection.execute(_FOLLOW, [person.id for person in people], followees)
    finally:
        await connection.close()
    tokens = list(islice(cycle(person.token for person in people), sockets))
    async with serving(bench.environment, processes=1) as own:
        try:
            # What is made once and lazily is no socket's.
            close_all(await _open(own.url, bench.world, tokens[:WARM]))
            await asyncio.sleep(SETTLE_SECONDS)
            before = resident_bytes(own.pid)
            held = await _open(own.url, bench.world, tokens)
        except (SocketClosed, OSError, TimeoutError) as error:
            outcome.faults.append(f"not every socket opened: {error!r}")
            return
        await asyncio.sleep(SETTLE_SECONDS)
        opened = resident_bytes(own.pid)
        frames = SHORT_FRAMES if bench.short else FRAMES
        failures = await _like_until(bench, held, frames)
        await asyncio.sleep(SETTLE_SECONDS)
        after = resident_bytes(own.pid)
        read = sum(socket.frames for socket in held)
        closed = sum(socket.close_code is not None for socket in held)
        close_all(held)
    outcome.conditions.append(f"{sockets:,} sockets of {len(people):,} people, {followees} followees each, 3 topics")
    outcome.figures += [
        Figure("memory per socket", (opened - before) / sockets / 1024, "KB", None if bench.short else GOAL_KB),
        Figure(
            f"growth per socket after {read:,} frames",
            (after - opened) / sockets / 1024,
            "KB",
            None if bench.short else GROWTH_KB,
        ),
        Figure("server with all sockets", after / 2**20, "MB"),
        Figure("sockets that closed, likes that failed", closed + failures, "of all", 0),
    ]
    if read < frames:
        outcome.faults.append(f"only {read:,} of {frames:,} frames were read")
    await settle_and_count(bench.database_url, outcome)


async def _open(url: str, world: World, tokens: list[str]) -> list[Socket]:
    """`me` is always on; with the feed and a post that makes three."""
    gate = asyncio.Semaphore(64)

    async def one(place: int, token: str) -> Socket:
        async with gate:
            return await watch(url, ["feed:following", f"post:{world.posts[place % POSTS]}"], token, _ignore)

    return list(await asyncio.gather(*(one(place, token) for place, token in enumerate(tokens))))


async def _like_until(bench: Bench, held: list[Socket], frames: int) -> int:
    """Like and unlike until so many frames were read; returns how many of those failed."""
    people = bench.world.people
    wires: asyncio.Queue[Wire] = asyncio.Queue()
    for _ in range(16):
        wires.put_nowait(await connect(bench.url))
    failures, running, turn = 0, set(), 0

    async def like(wire: Wire, token: str, post: str, method: str) -> None:
        nonlocal failures
        failures += (await wire.ask(packed(method, f"/v1/posts/{post}/like", token))).status != 200
        wires.put_nowait(wire)

    crowd = POSTS * len(people)
    most = 40 * frames * POSTS // len(held)
    while turn < most and sum(socket.frames for socket in held) < frames:
        for _ in range(POSTS):
            method = "DELETE" if turn // crowd % 2 else "PUT"
            person, post = people[turn // POSTS % len(people)], str(bench.world.posts[turn % POSTS])
            task = asyncio.ensure_future(like(await wires.get(), person.token, post, method))
            running.add(task)
            task.add_done_callback(running.discard)
            turn += 1
        await asyncio.sleep(POSTS / LIKES_PER_SECOND)
    await asyncio.gather(*running)
    while not wires.empty():
        wires.get_nowait().close()
    return failures


def _ignore(_: Socket, __: bytes, ___: float) -> None:
    """Only how many frames came matters."""
