"""One person likes, another watches: from the request's first byte to the frame."""

import asyncio
import time

import orjson

from load.bench import Bench
from load.figures import Figure, Outcome, curve, quantile
from load.sockets import Socket, watch
from load.wire import connect, packed
from load.world import likes_of

PAUSE_SECONDS = 0.05
"""Longer than the 40 ms between two flushes of a topic, so that it is the way that is measured, not the pace."""
PATIENCE_SECONDS = 5.0


async def run(bench: Bench, outcome: Outcome) -> None:
    """Like and unlike in turn, waiting for the frame each time."""
    post = bench.world.posts[2]
    liked = {person_id for _, person_id in await likes_of(bench.database_url, [post])}
    person = next(person for person in bench.world.people if person.id not in liked)
    versions: asyncio.Queue[tuple[int, int, float]] = asyncio.Queue()

    def on_frame(_: Socket, payload: bytes, now: float) -> None:
        frame = orjson.loads(payload)
        for item in frame["items"] if frame.get("push") == "counts" else ():
            versions.put_nowait((item[1], item[2], now))

    socket = await watch(bench.url, [f"post:{post}"], bench.world.people[-1].token, on_frame)
    wire = await connect(bench.url)
    replies, frames = [], []
    for turn in range(int(bench.seconds(400, 100))):
        await asyncio.sleep(PAUSE_SECONDS)
        sent = time.monotonic()
        reply = await wire.ask(packed("DELETE" if turn % 2 else "PUT", f"/v1/posts/{post}/like", person.token))
        replied = time.monotonic()
        if reply.status != 200:
            outcome.faults.append(f"{reply.status} {reply.body[:200].decode(errors='replace')}")
            break
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                _, likes, seen = await versions.get()
        except TimeoutError:
            outcome.faults.append("a like was acknowledged and no frame came")
            break
        if likes != orjson.loads(reply.body)["likes"]:
            outcome.faults.append(f"the frame says {likes} likes, the reply {reply.body!r}")
            break
        if turn >= 10:  # connections and plans are warm from here on
            replies.append((replied - sent) * 1000)
            frames.append((seen - sent) * 1000)
    socket.close()
    wire.close()
    replies.sort()
    frames.sort()
    outcome.figures += [
        Figure("request → watcher's frame, p50", quantile(frames, 0.5), "ms"),
        Figure("request → watcher's frame, p99", quantile(frames, 0.99), "ms"),
        Figure("request → reply, p50", quantile(replies, 0.5), "ms"),
        Figure("request → reply, p99", quantile(replies, 0.99), "ms"),
        Figure("likes", len(frames), "likes"),
    ]
    outcome.curves.append(curve("From the request to the watcher's frame", "ms", frames))
