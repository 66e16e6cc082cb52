"""The live log as this process knows it: a tail on the Redis stream `live`, and the ring of what it read lately."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel.streams import KEPT, LIVE
from actors.kernel.tools import end, keep_running
from server.realtime import metrics
from server.realtime.entries import EPOCH, Entry, Position, read
from server.realtime.ring import Ring

logger = structlog.get_logger(__name__)

AHEAD_SECONDS = 2.0
"""How long somebody is waited for who has seen more of the log than this process."""
_READ_AT_ONCE = 500
_REFILLED_AT_ONCE = 4_000
_BLOCK_MS = 5_000
_SILENCE_SECONDS = 15.0
_BACKOFF = (0.05, 2.0)


class Reader(Protocol):
    """Who is handed what the log says."""

    def receive(self, epoch: int, entries: Sequence[Entry]) -> None:
        """The next entries, in order and without a gap."""

    def reset(self, old: Position, new: Position) -> None:
        """Here the log begins anew: what lay between the two is not known, or is of a log that was lost."""


class LiveLog:
    """Follows the stream by its last concrete id; notices a gap in `n` and a new epoch.

    A Redis that is away delays it and nothing else: it tries again, at most two seconds apart.
    """

    def __init__(self, connect: Callable[[], Redis], reader: Reader, ring: Ring | None = None) -> None:
        self.ring = ring or Ring()
        self.head = Position(0, 0)
        self._read_to = b"0-0"
        """The last entry that was read, be it one that says nothing to us."""
        self._connect = connect
        self._reader = reader
        self._begun = False
        self._kept = 0
        self._refilled = asyncio.Event()
        self._moved = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self, *, patience: float = 10.0) -> None:
        """Begin to follow. Returns when what the stream holds was read, or, with Redis away, after `patience`."""
        self._task = asyncio.create_task(keep_running(self._run, "live log"), name="live log")
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._refilled.wait()

    async def stop(self) -> None:
        """Follow no longer."""
        await end([self._task])

    def recovers(self, position: Position) -> bool:
        """Whether everything since that position is known here."""
        return position.epoch == self.head.epoch and self.ring.floor <= position.n <= self.head.n

    async def reach(self, position: Position, *, seconds: float = AHEAD_SECONDS) -> None:
        """Wait, for a while at most, until this process has read as far as somebody else already had."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while position > self.head:
                    self._moved.clear()
                    await self._moved.wait()

    async def _run(self) -> None:
        wait = _BACKOFF[0]
        while True:
            client = self._connect()
            try:
                async for entries in self._batches(client):
                    wait = _BACKOFF[0]
                    self.take(entries, skips=not self._refilled.is_set())
            except (RedisError, OSError, TimeoutError) as error:
                logger.warning("live log: Redis is away", error=error)
            finally:
                with suppress(RedisError, OSError):
                    await client.aclose()
            await asyncio.sleep(random.uniform(_BACKOFF[0], wait))  # noqa: S311  # jitter, not a secret
            wait = min(wait * 2, _BACKOFF[1])

    async def _batches(self, client: Redis) -> Any:
        """What is kept comes first, so that the window is whole; then the log itself, from there on."""
        stream, block = LIVE if self._refilled.is_set() else KEPT, None
        while True:
            # The reader has no read timeout of its own; a peer that vanished without a word must not hold it.
            async with asyncio.timeout(_SILENCE_SECONDS):
                count = _READ_AT_ONCE if self._refilled.is_set() else _REFILLED_AT_ONCE
                answer = await client.xread({stream: self._read_to}, count=count, block=block)
            entries = _entries_of(answer)
            if entries:
                yield entries
                self._read_to = entries[-1][0]
                # A long backlog must leave room for everybody else.
                await asyncio.sleep(0)
            elif stream == KEPT:
                stream = LIVE
            else:
                self._refilled.set()
                block = _BLOCK_MS

    def take(self, raw: Sequence[tuple[bytes, dict[bytes, bytes]]], *, skips: bool = False) -> None:
        """Read what Redis sent: keep it, move the head, and hand it on, runs between gaps one at a time.

        `skips`: what is ephemeral may be left out of it. Each entry names the last one before it that is not.
        """
        now = time.monotonic()
        run: list[Entry] = []
        for entry_id, fields in raw:
            try:
                epoch, entry = read(entry_id, fields, now)
                before = int(fields.get(b"b", 0))
            except ValueError:
                logger.exception("live log: unreadable; what follows it will look like a gap", id=entry_id)
                continue
            is_next = entry.n == self.head.n + 1 or (skips and b"b" in fields and entry.n > self.head.n)
            if epoch != self.head.epoch or not is_next or before > self._kept:
                self._hand_on(run)
                run = []
                self._start_anew(Position(epoch, entry.n if entry.type == EPOCH else entry.n - 1))
            self.head = Position(epoch, entry.n)
            if not entry.ephemeral:
                self._kept = entry.n
            if entry.type != EPOCH:
                self.ring.add(entry)
                run.append(entry)
        self._hand_on(run)
        self._moved.set()

    def _hand_on(self, run: list[Entry]) -> None:
        if not run:
            return
        metrics.entries_total.inc(len(run))
        if self._refilled.is_set() and run[-1].at:
            delay = time.time() - datetime.fromisoformat(run[-1].at.decode()).timestamp()
            metrics.delay_seconds.observe(max(0.0, delay))
        try:
            self._reader.receive(self.head.epoch, run)
        except Exception:
            # Nobody knows who was told of what: better to tell everybody to look again than to stop following.
            logger.exception("live log: could not hand on", first=run[0].n, last=run[-1].n)
            self._start_anew(self.head, since=Position(self.head.epoch, run[0].n - 1))

    def _start_anew(self, position: Position, *, since: Position | None = None) -> None:
        """Nothing is known of what lies between `since`, or how far this process had read, and that position."""
        old, self.head = since or self.head, position
        self._kept = position.n
        self.ring.clear(position.n)
        if self._begun:
            logger.warning("live log: a gap or a new epoch", old=str(old), new=str(position))
            metrics.resets_total.inc()
        self._begun = True
        self._reader.reset(old, position)


def _entries_of(answer: Any) -> Sequence[tuple[bytes, dict[bytes, bytes]]]:
    """The entries in what XREAD answered: a list of streams, or with RESP3 a mapping, each with its entries."""
    if not answer:
        return ()
    if isinstance(answer, dict):
        (chunks,) = answer.values()
        return [entry for chunk in chunks for entry in chunk]
    ((_, entries),) = answer
    return list(entries)
