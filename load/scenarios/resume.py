"""A server is killed with all its sockets open and started again: who has caught up when, and what they missed."""

import asyncio
import signal
import time
from contextlib import suppress
from itertools import cycle, islice
from pathlib import Path
from uuid import UUID

import orjson

from load.aftermath import settle_and_count
from load.bench import Bench
from load.figures import Figure, Outcome, curve, quantile
from load.patience import BACKOFF, GROWTH, Patience
from load.proc import family_cpu_seconds
from load.processes import Served
from load.sockets import Socket, SocketClosed, watch
from load.wire import connect, packed

SOCKETS, SHORT_SOCKETS = 5_000, 400
POSTS = 20
"""A crowd on one post would measure how fast its comments are written to everybody, which `delivery` does."""
WRITERS = 30
PAUSE_SECONDS = 0.1
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 8.0
PATIENCE_SECONDS = 40.0
GOAL_SECONDS = 4.0
_ID, _POSITION = b'"id":"', b'"position":"'
_COMMENT = b'"type":"comment.created"'


class Post:
    """A post that sockets watch, and what was written under it."""

    def __init__(self, post_id: UUID) -> None:
        self.topic = f"post:{post_id}"
        self.address = f"/v1/posts/{post_id}/comments"
        self.written = 0
        """Comments that were acknowledged."""
        self.known: set[bytes] = set()
        """Comments that anybody heard of."""


class Client:
    """What the reference client does, as cheap as it can be done: remember the position, come back with full jitter."""

    def __init__(self, url: str, post: Post, token: str) -> None:
        self.post = post
        self._url, self._token = url, token
        self._position: str | None = None
        self._socket: Socket | None = None
        self._due: int | None = None
        """How many comments there were when it came back."""
        self.heard: set[bytes] = set()
        self.back_at: float | None = None
        self.caught_up_at: float | None = None
        self.unrecovered = 0

    async def open(self) -> None:
        """Connect, from the last position on if there is one. Raises `SocketClosed` and `OSError`."""
        self._socket = await watch(self._url, {self.post.topic: self._position}, self._token, self._on_frame)
        began = self._socket.connected["topics"][self.post.topic]
        if self._position is not None:
            self.unrecovered += not began["recovered"]
            self._due = self.post.written
            self.back_at = time.monotonic()
            self._look(self.back_at)
        self._position = self._position or began["position"]

    async def come_back(self) -> None:
        """When the socket is lost, connect again."""
        assert self._socket is not None
        await self._socket.closed
        patience = Patience()
        while True:
            await asyncio.sleep(patience.next())
            with suppress(SocketClosed, OSError, TimeoutError):
                return await self.open()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()

    def _on_frame(self, _: Socket, payload: bytes, now: float) -> None:
        if _COMMENT not in payload:
            return
        at = payload.index(_ID) + len(_ID)
        self.heard.add(payload[at : at + 36])
        self.post.known.add(payload[at : at + 36])
        at = payload.index(_POSITION) + len(_POSITION)
        self._position = payload[at : payload.index(b'"', at)].decode()
        self._look(now)

    def _look(self, now: float) -> None:
        if self.caught_up_at is None and self._due is not None and len(self.heard) >= self._due:
            self.caught_up_at = now


async def run(bench: Bench, outcome: Outcome) -> None:
    """All sockets are at a server of their own; another one goes on writing comments while that one is down."""
    if bench.environment is None:
        outcome.faults.append("a second server is needed, which --url does not name: leave it out")
        return
    log = Path(bench.folder) / "killed.log"
    own = Served(bench.environment, log)
    posts = [Post(post_id) for post_id in bench.world.posts[:POSTS]]
    count = SHORT_SOCKETS if bench.short else SOCKETS
    tokens = islice(cycle(person.token for person in bench.world.people), count)
    clients = [Client(own.url, post, token) for post, token in zip(cycle(posts), tokens, strict=False)]
    gate = asyncio.Semaphore(64)

    async def first(client: Client) -> None:
        async with gate:
            await client.open()

    try:
        await own.ready(60)
        await asyncio.gather(*map(first, clients))
        writing = asyncio.create_task(_write(bench, posts, outcome))
        await asyncio.sleep(BEFORE_SECONDS)
        coming_back = [asyncio.create_task(client.come_back()) for client in clients]
        await asyncio.sleep(0)
        own.send(signal.SIGKILL)
        killed_at = time.monotonic()
        await own.ended()
        own = Served(bench.environment, log, port=own.port)
        await own.ready(60)
        said_so_at = time.monotonic()
        await asyncio.wait(coming_back, timeout=PATIENCE_SECONDS)
        used = family_cpu_seconds(own.pid)
        await asyncio.sleep(AFTER_SECONDS if not bench.short else 1.0)
        writing.cancel()
        await asyncio.wait([writing])
        await _all_heard(clients)
    except (SocketClosed, OSError, TimeoutError) as error:
        outcome.faults.append(f"not every socket opened: {error!r}")
        return
    finally:
        for client in clients:
            client.close()
        own.kill()
    # Whoever is let in before we could ask whether it is ready knows better.
    ready_at = min([said_so_at, *(client.back_at for client in clients if client.back_at is not None)])
    written = sum(post.written for post in posts)
    known = sum(len(post.known) for post in posts)
    since_ready = sorted(max(0.0, (client.caught_up_at or float("inf")) - ready_at) for client in clients)
    outcome.figures += [
        Figure(
            "share caught up within 4 s of the server being ready", 100 * _share(since_ready), "%", 99.0, is_rate=True
        ),
        Figure("caught up, p50, from the server being ready", quantile(since_ready, 0.5), "s"),
        Figure("caught up, p99", quantile(since_ready, 0.99), "s"),
        Figure("caught up, p99, from the kill", quantile(since_ready, 0.99) + ready_at - killed_at, "s"),
        Figure("the server was away", ready_at - killed_at, "s"),
        Figure("processor a socket, from the server's start to the last socket", 1e6 * used / count, "µs"),
        Figure("events missed", sum(len(client.post.known) - len(client.heard) for client in clients), "events", 0),
        Figure("sockets told to fetch again", sum(client.unrecovered for client in clients), "sockets", 0),
        Figure("events written", written, "events"),
    ]
    outcome.curves.append(curve("From the server being ready to having caught up", "s", since_ready))
    outcome.conditions.append(
        f"{count:,} signed-in sockets at {POSTS} posts; clients wait with full jitter, {BACKOFF[0]:g} s × {GROWTH:g}ⁿ"
    )
    await settle_and_count(bench.database_url, outcome)
    if known < written:
        outcome.faults.append(f"{written} comments were acknowledged, {known} were heard of by anybody")


def _share(seconds: list[float]) -> float:
    return sum(each <= GOAL_SECONDS for each in seconds) / len(seconds)


async def _all_heard(clients: list[Client]) -> None:
    for _ in range(200):
        if all(len(client.heard) >= client.post.written for client in clients):
            return
        await asyncio.sleep(0.05)


async def _write(bench: Bench, posts: list[Post], outcome: Outcome) -> None:
    """Ten comments a second, under one post after the other, until cancelled."""
    wire = await connect(bench.url)
    body = orjson.dumps({"body": "Here while you were away."})
    for person, post in zip(cycle(bench.world.people[:WRITERS]), cycle(posts), strict=False):
        reply = await asyncio.shield(wire.ask(packed("POST", post.address, person.token, body)))
        if reply.status == 201:
            post.written += 1
        else:
            outcome.faults.append(f"{reply.status} {reply.body[:200].decode(errors='replace')}")
        await asyncio.sleep(PAUSE_SECONDS)
