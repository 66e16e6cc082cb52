"""One socket: what is written to it, how slow it may be, how long it may live."""

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from actors.auth.messages import Caller
from server.realtime import metrics
from server.realtime.encoding import close_frame, ping_frame, text_frame
from server.realtime.entries import Position
from server.realtime.frames import PING_MS, CloseCode, Expiring, Limits, NoticePush
from server.realtime.outbox import Burst, Outbox, Replay
from server.realtime.wheel import Wheel

if TYPE_CHECKING:
    from server.realtime.audience import Topic

HIGH_WATER = 64 * 1024
"""Bytes in a transport's buffer from which on frames wait in the outbox, where they can be merged or dropped."""
CONNECT_SECONDS = 10.0
PONG_SECONDS = 10.0
BLOCKED_SECONDS = 5.0
"""Unable to write for so long, the fattest topic is dropped; for as long again, the socket is closed."""
WARNING_SECONDS = 60.0
CLOSING_SECONDS = 2.0
ERRORS_BURST, ERRORS_PER_SECOND = 20.0, 0.5
_LIMITS = Limits()


class Drain(Protocol):
    """The writer of the response, which can wait until the transport takes more."""

    async def drain(self) -> None:
        """Return when the transport's buffer has room."""


class Connection:
    """Writes frames in the order they are given.

    While the transport takes them they go straight to it, shared bytes and no task. From the moment it is full they
    wait in an `Outbox`, which a task empties as the reader lets it.
    """

    __slots__ = (
        "__weakref__",
        "_errors_left",
        "_frames_left",
        "_outbox",
        "_position",
        "_pump",
        "_transport",
        "_wheel",
        "_writer",
        "caller",
        "closing_at",
        "expires_at",
        "heard_at",
        "opened",
        "ping_at",
        "pong_by",
        "session",
        "topics",
        "tracked",
        "wake",
        "warned",
    )

    def __init__(
        self,
        session: str,
        transport: asyncio.Transport,
        writer: Drain,
        wheel: Wheel,
        position: Callable[[], Position],
    ) -> None:
        now = time.monotonic()
        self.session = session
        self.caller: Caller | None = None
        """Whose socket it is; None for a visitor's."""
        self.opened = False
        self.expires_at: float | None = None
        """Unix seconds; None lives as long as its session."""
        self.topics: list[Topic] = []
        self.tracked: dict[UUID, Topic] | None = None
        self.closing_at: float | None = None
        self.heard_at = now
        self.ping_at = now + CONNECT_SECONDS
        self.pong_by: float | None = None
        self.wake = 0.0
        self.warned = False
        self._frames_left = float(_LIMITS.frames_burst)
        self._errors_left = ERRORS_BURST
        self._transport = transport
        self._writer = writer
        self._wheel = wheel
        self._position = position
        self._outbox: Outbox | None = None
        self._pump: asyncio.Task[None] | None = None
        # Paused exactly when frames would wait here, so that waiting for the one is waiting for the other.
        transport.set_write_buffer_limits(high=HIGH_WATER - 1)
        wheel.wake_at(self, self.ping_at)

    def send(self, frame: bytes) -> None:
        """Write an answer or a notice, after everything before it."""
        if self._is_clear():
            self._transport.write(frame)
        elif self.closing_at is None:
            self._wait_with().put(frame)

    def push(self, burst: Burst) -> None:
        """Write events of a topic."""
        if self._is_clear():
            self._transport.write(burst.frame)
        elif self.closing_at is None:
            self._wait_with().put(burst)

    def hint(self, label: bytes, kind: bytes, frame: bytes) -> None:
        """Write the latest state of something, or let it replace what still waits."""
        if self._is_clear():
            self._transport.write(frame)
        elif self.closing_at is None:
            self._wait_with().hint(label, kind, frame)

    def replay(self, answer: bytes, items: Iterable[Replay]) -> None:
        """Write an answer and the events it promises, before whatever comes after."""
        self.send(answer)
        for item in items:
            if self.closing_at is None:
                self._wait_with().put(item)

    def hear(self) -> bool:
        """Note that a frame came; whether its client keeps to the rate."""
        now = time.monotonic()
        passed, self.heard_at = now - self.heard_at, now
        left = self._frames_left + passed * _LIMITS.frames_per_second
        self._frames_left = min(left, _LIMITS.frames_burst) - 1
        self._errors_left = min(self._errors_left + passed * ERRORS_PER_SECOND, ERRORS_BURST)
        return self._frames_left >= 0

    def may_err_again(self) -> bool:
        """Note that a request was refused; whether that happens rarely enough."""
        self._errors_left -= 1
        return self._errors_left >= 0

    def open(self, caller: Caller | None, expires_at: float | None) -> None:
        """It belongs to somebody now, or to a visitor; from here on it is pinged."""
        self.caller = caller
        self.opened = True
        self.ping_at = time.monotonic() + _ping_seconds()
        self.live_until(expires_at)

    def live_until(self, expires_at: float | None) -> None:
        """Close it then (Unix seconds); None keeps it as long as its session."""
        self.expires_at = expires_at
        self.warned = False
        self._wheel.wake_at(self, time.monotonic())

    @property
    def expires_in_ms(self) -> int | None:
        """How long it may live; None for as long as its session."""
        return None if self.expires_at is None else max(0, int((self.expires_at - time.time()) * 1000))

    async def drained(self) -> None:
        """Wait until the reader keeps up, so that who does not read is not read from."""
        if self._pump is not None:
            await asyncio.wait({self._pump})

    def close(self, code: CloseCode) -> None:
        """Say why and write no more. A peer that does not answer is cut off after two seconds."""
        if self.closing_at is not None:
            return
        self._close_by_and_by()
        metrics.closes_total.labels(code.value).inc()
        if not self._transport.is_closing():
            self._transport.write(close_frame(code, code.name))

    def end(self) -> None:
        """Let go of the transport; what was written is still flushed."""
        if self.closing_at is None:
            self._close_by_and_by()
        self._transport.close()

    def tick(self, now: float) -> float | None:
        """Do what is due: ping, warn, or close."""
        if self.closing_at is not None:
            self._transport.abort()
            return None
        if not self.opened:
            self.close(CloseCode.connect_timeout)
            return None
        if self.pong_by is not None and self.heard_at > self.pong_by - PONG_SECONDS:
            self.pong_by = None
        left = None if self.expires_at is None else self.expires_at - time.time()
        if self.pong_by is not None and now >= self.pong_by:
            if self._outbox is None:
                self.close(CloseCode.no_pong)
                return None
            # Who has a backlog is not read from either, and is watched by what empties it.
            self.pong_by = now + PONG_SECONDS
        if left is not None and left <= 0:
            self.close(CloseCode.token_expired)
            return None
        if left is not None and left <= WARNING_SECONDS and not self.warned:
            self.warned = True
            self.send(text_frame(NoticePush(expiring=Expiring(in_ms=int(left * 1000)))))
        if now >= self.ping_at:
            self.send(ping_frame(str(self._position())))
            self.pong_by = now + PONG_SECONDS
            self.ping_at = now + _ping_seconds()
        return self._next_deadline(now)

    def _next_deadline(self, now: float) -> float:
        deadlines = [self.ping_at]
        if self.pong_by is not None:
            deadlines.append(self.pong_by)
        if self.expires_at is not None:
            left = self.expires_at - time.time()
            deadlines.append(now + (left if self.warned else max(0.0, left - WARNING_SECONDS)))
        return min(deadlines)

    def _close_by_and_by(self) -> None:
        self.closing_at = time.monotonic()
        self._wheel.wake_at(self, self.closing_at + CLOSING_SECONDS)
        self._end_queue()

    def _is_clear(self) -> bool:
        transport = self._transport
        return (
            self._outbox is None
            and self.closing_at is None
            and not transport.is_closing()
            and transport.get_write_buffer_size() < HIGH_WATER
        )

    def _wait_with(self) -> Outbox:
        if self._outbox is None:
            self._outbox = Outbox()
            metrics.slow_sockets.inc()
            self._pump = asyncio.get_running_loop().create_task(self._empty(self._outbox))
        return self._outbox

    async def _empty(self, outbox: Outbox) -> None:
        strikes = 0
        while outbox and not self._transport.is_closing():
            # Cancelling aiohttp's drain would cancel the future that all of its waiters share: it is left alone.
            drained = asyncio.ensure_future(self._writer.drain())
            drained.add_done_callback(_take_note)
            while not (await asyncio.wait({drained}, timeout=BLOCKED_SECONDS))[0]:
                strikes += 1
                if strikes == 2:
                    self.close(CloseCode.slow_consumer)
                    return
                outbox.drop_fattest("blocked")
            strikes = 0
            while outbox and self._transport.get_write_buffer_size() < HIGH_WATER:
                self._transport.write(outbox.pop())
        self._end_queue()

    def _end_queue(self) -> None:
        outbox, pump = self._outbox, self._pump
        self._outbox = self._pump = None
        if outbox is not None:
            outbox.clear()
            metrics.slow_sockets.dec()
        if pump is not None and pump is not asyncio.current_task():
            pump.cancel()


def _take_note(drained: "asyncio.Future[None]") -> None:
    """The transport's end is seen by whoever reads from it; here it is no news."""
    if not drained.cancelled():
        drained.exception()


def _ping_seconds() -> float:
    return PING_MS / 1000 * random.uniform(0.9, 1.1)  # noqa: S311  # jitter, not a secret
