"""Writing to one socket: at once while its reader keeps up, within bounds while it does not."""

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

from server.realtime import metrics
from server.realtime.codes import CloseCode
from server.realtime.encoding import close_frame
from server.realtime.outbox import Burst, Outbox, Replay
from server.realtime.wheel import Wheel

HIGH_WATER = 64 * 1024
"""Bytes in a transport's buffer from which on frames wait in the outbox, where they can be merged or dropped."""
BLOCKED_SECONDS = 5.0
"""Unable to write for so long, the fattest topic is dropped; for as long again, the socket is closed."""
CLOSING_SECONDS = 2.0


class Drain(Protocol):
    """The writer of the response, which can wait until the transport takes more."""

    async def drain(self) -> None:
        """Return when the transport's buffer has room."""


class Wire:
    """Writes frames in the order they are given.

    While the transport takes them they go straight to it, shared bytes and no task. From the moment it is full they
    wait in an `Outbox`, which a task empties as the reader lets it.
    """

    __slots__ = ("__weakref__", "_outbox", "_pump", "_transport", "_wheel", "_writer", "closing_at", "wake")

    def __init__(self, transport: asyncio.Transport, writer: Drain, wheel: Wheel) -> None:
        self.closing_at: float | None = None
        self.wake = 0.0
        self._transport = transport
        self._writer = writer
        self._wheel = wheel
        self._outbox: Outbox | None = None
        self._pump: asyncio.Task[None] | None = None
        # Paused exactly when frames would wait here, so that waiting for the one is waiting for the other.
        transport.set_write_buffer_limits(high=HIGH_WATER - 1)

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
        if not self._is_clear():
            self.send(answer)
            self._put(items)
            return
        # Most miss little, which goes with the answer; what is more waits until that was taken.
        rest, frames, size = iter(items), [answer], len(answer)
        while size < HIGH_WATER and (item := next(rest, None)) is not None:
            frames.append(item.encoded())
            size += len(frames[-1])
        self._transport.write(b"".join(frames))
        self._put(rest)

    def _put(self, items: Iterable[Replay]) -> None:
        for item in items:
            if self.closing_at is None:
                self._wait_with().put(item)

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
        """Cut off a peer that did not answer the close; answers when to look again, or None for never."""
        if self.closing_at is None:
            return None
        end = self.closing_at + CLOSING_SECONDS
        if now < end:
            return end
        self._transport.abort()
        return None

    def _close_by_and_by(self) -> None:
        self.closing_at = time.monotonic()
        self._wheel.wake_at(self, self.closing_at + CLOSING_SECONDS)
        self._end_queue()

    @property
    def is_gone(self) -> bool:
        """Whether nothing more can be written: this side or the other closed it."""
        return self.closing_at is not None or self._transport.is_closing()

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
