"""Counts are not in the ring. When the log began anew some may have been lost, and nothing would ever say so."""

import asyncio
from contextlib import suppress
from uuid import UUID

from actors.kernel.errors import Refusal
from actors.kernel.tools import end, keep_running
from server.realtime.audience import Audience
from server.realtime.fanout import Fanout
from server.realtime.questions import COUNTED_AT_ONCE, Questions

PAUSE_SECONDS = 0.05


class Recount:
    """After each reset asks for the counts of every post that is watched here, and sends those that are news."""

    def __init__(self, audience: Audience, fanout: Fanout, questions: Questions) -> None:
        self._audience = audience
        self._fanout = fanout
        self._questions = questions
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait for resets."""
        self._task = asyncio.create_task(keep_running(self._run, "live recount"), name="live recount")

    async def stop(self) -> None:
        """Wait no more."""
        await end([self._task])

    async def _run(self) -> None:
        while True:
            await self._fanout.was_reset.wait()
            self._fanout.was_reset.clear()
            try:
                await self._ask_for_all()
            except Exception:
                # The counts stay wrong until they have been asked for.
                self._fanout.was_reset.set()
                raise

    async def _ask_for_all(self) -> None:
        waiting = [UUID(key[5:]) for key in self._audience.topics if key.startswith("post:")]
        while waiting and not self._fanout.was_reset.is_set():
            # A domain that is busy now is asked again.
            with suppress(Refusal):
                counts = await self._questions.counts(waiting[:COUNTED_AT_ONCE])
                self._fanout.latest.refresh_counts(counts)
                del waiting[:COUNTED_AT_ONCE]
            await asyncio.sleep(PAUSE_SECONDS)
