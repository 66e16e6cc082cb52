"""One socket: whose it is, what it watches, how long it may live."""

import asyncio
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

from actors.auth.people import Caller
from server.realtime.codes import CloseCode
from server.realtime.encoding import ping_frame, text_frame
from server.realtime.entries import Position
from server.realtime.frames import PING_MS, Expiring, Limits, NoticePush
from server.realtime.wheel import Wheel
from server.realtime.wire import Drain, Wire

if TYPE_CHECKING:
    from server.realtime.audience import Topic

CONNECT_SECONDS = 10.0
PONG_SECONDS = 10.0
WARNING_SECONDS = 60.0
ERRORS_BURST, ERRORS_PER_SECOND = 20.0, 0.5
_LIMITS = Limits()


class Connection(Wire):
    """Pinged, warned before its token runs out, and closed for silence, for noise or when its time is over."""

    __slots__ = (
        "_errors_left",
        "_frames_left",
        "_position",
        "caller",
        "expires_at",
        "has_asked",
        "heard_at",
        "holder",
        "opened",
        "ping_at",
        "pong_by",
        "session",
        "topics",
        "tracked",
        "warned",
    )

    def __init__(
        self,
        session: str,
        network: str,
        transport: asyncio.Transport,
        writer: Drain,
        wheel: Wheel,
        position: Callable[[], Position],
    ) -> None:
        super().__init__(transport, writer, wheel)
        now = time.monotonic()
        self.session = session
        self.caller: Caller | None = None
        """Whose socket it is; None for a visitor's."""
        self.has_asked = False
        """Its `connect` came, and is being carried out or waits for its turn."""
        self.opened = False
        self.holder = f"address:{network}"
        """Against whose number of sockets it counts: an address's, for a visitor, or a person's."""
        self.expires_at: float | None = None
        """Unix seconds; None lives as long as its session."""
        self.topics: list[Topic] = []
        self.tracked: dict[UUID, Topic] | None = None
        self.heard_at = now
        self.ping_at = now + CONNECT_SECONDS
        self.pong_by: float | None = None
        self.warned = False
        self._frames_left = float(_LIMITS.frames_burst)
        self._errors_left = ERRORS_BURST
        self._position = position
        wheel.wake_at(self, self.ping_at)

    def hear(self) -> float:
        """Note that a frame came; how many more may come at once: below 0 its client does not keep to the rate."""
        now = time.monotonic()
        passed, self.heard_at = now - self.heard_at, now
        left = self._frames_left + passed * _LIMITS.frames_per_second
        self._frames_left = min(left, _LIMITS.frames_burst) - 1
        self._errors_left = min(self._errors_left + passed * ERRORS_PER_SECOND, ERRORS_BURST)
        return self._frames_left

    def weigh(self, frames: float) -> None:
        """Count what was asked for as so many frames more."""
        self._frames_left -= frames

    def may_err_again(self) -> bool:
        """Note that a request was refused; whether that happens rarely enough."""
        self._errors_left -= 1
        return self._errors_left >= 0

    def holder_as(self, caller: Caller | None) -> str:
        """Count it against that person's sockets from here on; without one it stays with its address."""
        if caller is not None:
            self.holder = f"user:{caller.id.hex}"
        return self.holder

    def open(self, caller: Caller | None, expires_at: float | None) -> None:
        """It belongs to somebody now, or to a visitor; from here on it is pinged, and warned from `live_until` on."""
        self.caller = caller
        self.opened = self.warned = True
        self.expires_at = expires_at
        self.ping_at = time.monotonic() + _ping_seconds()

    def live_until(self, expires_at: float | None) -> None:
        """Close it then (Unix seconds); None keeps it as long as its session."""
        self.expires_at = expires_at
        self.warned = False
        self._wheel.wake_at(self, time.monotonic())

    @property
    def expires_in_ms(self) -> int | None:
        """How long it may live; None for as long as its session."""
        return None if self.expires_at is None else max(0, int((self.expires_at - time.time()) * 1000))

    def tick(self, now: float) -> float | None:
        """Do what is due: ping, warn, or close."""
        if self.closing_at is not None:
            return super().tick(now)
        if not self.opened:
            self.close(CloseCode.overloaded if self.has_asked else CloseCode.connect_timeout)
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


def _ping_seconds() -> float:
    return PING_MS / 1000 * random.uniform(0.9, 1.1)  # noqa: S311  # jitter, not a secret
