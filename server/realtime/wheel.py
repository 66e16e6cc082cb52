"""One timer for all sockets: each is looked at when its next deadline comes, and costs a slot in a list until then."""

import asyncio
from typing import Protocol

import structlog

from actors.kernel.tools import end

logger = structlog.get_logger(__name__)

_NEVER = float("inf")
TICK_SECONDS = 0.25


class Timed(Protocol):
    """What the wheel turns."""

    wake: float

    def tick(self, now: float) -> float | None:
        """Do what is due; answers when to look again, in loop time, or None for never."""


class Wheel:
    """Looks at each member at its `wake`, up to a tick late."""

    def __init__(self) -> None:
        self._slots: dict[int, list[Timed]] = {}
        self._task: asyncio.Task[None] | None = None
        self._turn = 0

    def start(self) -> None:
        """Begin to turn."""
        self._task = asyncio.create_task(self._run(), name="live wheel")

    async def stop(self) -> None:
        """Turn no longer."""
        await end([self._task])

    def wake_at(self, member: Timed, when: float) -> None:
        """Look at the member then, and not before; an earlier appointment is void."""
        member.wake = when
        self._slots.setdefault(max(self._turn + 1, int(when / TICK_SECONDS) + 1), []).append(member)

    def turn(self, now: float) -> None:
        """Look at everybody whose time has come."""
        until = int(now / TICK_SECONDS)
        # Slots are few: no deadline is further away than a ping or a token's end.
        due = sorted(slot for slot in self._slots if slot <= until)
        self._turn = until
        for slot in due:
            for member in self._slots.pop(slot):
                if member.wake > now:
                    continue
                member.wake = _NEVER
                try:
                    wake = member.tick(now)
                except Exception:
                    logger.exception("a socket's deadline broke")
                    continue
                if wake is not None:
                    self.wake_at(member, wake)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.turn(loop.time())
