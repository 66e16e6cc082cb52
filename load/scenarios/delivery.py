"""How many events a second of a server's processor delivers: one write for each, and in bursts that share one."""

import asyncio
import signal
from collections.abc import Sequence
from itertools import cycle, islice
from uuid import UUID

import orjson

from load.aftermath import settle_and_count
from load.bench import Bench
from load.ceiling import running_ceiling
from load.figures import Figure, Outcome
from load.proc import cpu_seconds
from load.processes import Served
from load.sockets import Socket, SocketClosed, close_all, watch_many
from load.stack import serving
from load.wire import Wire, connect, packed
from load.world import Person

SOCKETS, SHORT_SOCKETS = 1_000, 200
WRITERS = 40
SINGLE, SHORT_SINGLE = 200, 40
BURSTS, SHORT_BURSTS = 3_000, 400
PAUSE_SECONDS, RELAYED_SECONDS = 0.05, 0.1
GOAL_SINGLE, GOAL_BURSTS = 100_000.0, 600_000.0
_COMMENT, _COUNTS = b'"type":"comment.created"', b'{"push":"counts"'
RAW_ROUNDS, SHORT_RAW_ROUNDS = 100, 20


class Heard:
    """Counts what sockets read: comments, and all events together with the counts that come with them."""

    def __init__(self) -> None:
        self.comments = 0
        self.events = 0
        self.bytes = 0

    def on_frame(self, _: Socket, payload: bytes, __: float) -> None:
        """One more."""
        is_comment = _COMMENT in payload
        self.comments += is_comment
        self.events += is_comment or payload.startswith(_COUNTS)
        self.bytes += len(payload)

    async def becomes(self, comments: int, seconds: float) -> bool:
        """Wait until so many were read; False when that takes longer."""
        for _ in range(int(seconds / 0.02)):
            if self.comments >= comments:
                return True
            await asyncio.sleep(0.02)
        return False


async def run(bench: Bench, outcome: Outcome) -> None:
    """Comments are written at one server; all sockets are at another, whose processor is watched. Beside it: what the
    same writes cost a process that does nothing else."""
    if bench.environment is None:
        outcome.faults.append("a second server is needed, which --url does not name: leave it out")
        return
    sockets = SHORT_SOCKETS if bench.short else SOCKETS
    post, writers = bench.world.posts[1], bench.world.people[:WRITERS]
    single = SHORT_SINGLE if bench.short else SINGLE
    bursts = SHORT_BURSTS if bench.short else BURSTS
    heard = Heard()
    async with serving(bench.environment, processes=1) as own:
        try:
            tokens = list(islice(cycle(person.token for person in bench.world.people), sockets))
            held = await watch_many(own.url, [f"post:{post}"], tokens, heard.on_frame)
        except (SocketClosed, OSError, TimeoutError) as error:
            outcome.faults.append(f"not every socket opened: {error!r}")
            return
        wires = [await connect(bench.url) for _ in writers]
        # Whoever writes for the first time is asked about.
        await _write(wires, writers, post, WRITERS, outcome)
        written = WRITERS
        for name, count, held_back, goal in (
            ("one per flush", single, None, GOAL_SINGLE),
            ("in bursts", bursts, own, GOAL_BURSTS),
        ):
            if not await heard.becomes(written * sockets, 20):
                outcome.faults.append(f"{name}: {heard.comments:,} of {written * sockets:,} comments came before it")
                break
            comments, events, used = heard.comments, heard.events, cpu_seconds(own.pid)
            await _write(wires, writers, post, count, outcome, held_back)
            written += count
            if not await heard.becomes(written * sockets, 60):
                outcome.faults.append(f"{name}: {heard.comments - comments:,} of {count * sockets:,} comments came")
            events = heard.events - events
            used = max(cpu_seconds(own.pid) - used, 0.01)
            aim = None if bench.short else goal
            outcome.figures += [
                Figure(f"{name}: events delivered", events / used, "/CPU second", aim, is_rate=True),
                Figure(f"{name}: events read by the generator", events, "events"),
                Figure(f"{name}: processor", used, "s"),
            ]
        for wire in wires:
            wire.close()
        outcome.figures.append(Figure("sockets that closed", sum(s.close_code is not None for s in held), "of all", 0))
        close_all(held)
    raw = await _raw(bench, sockets, heard.bytes // max(heard.events, 1))
    outcome.figures.append(Figure("one per flush: the ceiling", raw, "/CPU second"))
    outcome.conditions.append(f"{sockets:,} sockets, all read; {WRITERS} people write at another server")
    outcome.conditions.append(f"a burst: {WRITERS} comments that the server finds in the log at once, held till then")
    await settle_and_count(bench.database_url, outcome)


async def _raw(bench: Bench, sockets: int, size: int) -> float:
    """Writes of so many bytes a second of the processor, by a process that only writes."""
    rounds = SHORT_RAW_ROUNDS if bench.short else RAW_ROUNDS
    async with running_ceiling(bench.database_url, bench.folder) as (url, pid):
        held = await watch_many(url, [], [""] * sockets, lambda *_: None)
        used = cpu_seconds(pid)
        await (await connect(url)).ask(packed("POST", f"/push/{rounds}/{size}"))
        used = max(cpu_seconds(pid) - used, 0.01)
        close_all(held)
    return rounds * sockets / used


async def _write(
    wires: Sequence[Wire],
    writers: Sequence[Person],
    post: UUID,
    count: int,
    outcome: Outcome,
    held_back: Served | None = None,
) -> None:
    """So many comments: one after the other with a pause, or everybody's at once while that server is held back."""

    async def one(place: int) -> None:
        body = orjson.dumps({"body": "A comment of middling length, as people write them."})
        token = writers[place % len(writers)].token
        reply = await wires[place % len(wires)].ask(packed("POST", f"/v1/posts/{post}/comments", token, body))
        if reply.status != 201:
            outcome.faults.append(f"{reply.status} {reply.body[:200].decode(errors='replace')}")

    for start in range(0, count, len(wires)):
        places = range(start, min(start + len(wires), count))
        if held_back is None:
            for place in places:
                await one(place)
                await asyncio.sleep(PAUSE_SECONDS)
        else:
            held_back.send(signal.SIGSTOP)
            await asyncio.gather(*map(one, places))
            await asyncio.sleep(RELAYED_SECONDS)
            held_back.send(signal.SIGCONT)
            await asyncio.sleep(RELAYED_SECONDS)
