"""The log may lose what it said of ended sessions and changed standings. PostgreSQL does not: it is asked again."""

import asyncio
import time

import structlog

from actors.kernel.errors import Refusal, Unavailable
from actors.kernel.tools import end, keep_running
from server.http.standings import HORIZON_SECONDS, Standings
from server.realtime.log import LiveLog
from server.realtime.questions import Questions
from server.realtime.rights import Rights

logger = structlog.get_logger(__name__)

PERIOD_SECONDS = 10.0
"""Between two questions while the log is heard; without it one is asked every second."""
PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 1.0


class Recheck:
    """Asks before the first socket, whenever the log began anew or is silent, and now and then."""

    def __init__(self, questions: Questions, standings: Standings, rights: Rights, log: LiveLog) -> None:
        self._questions = questions
        self._standings = standings
        self._rights = rights
        self._log = log
        self._asked_at = 0.0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Ask for the first time, then go on. Raises `Unavailable` when there is no answer within half a minute."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                await self._ask()
            except Refusal as refusal:
                if time.monotonic() >= give_up_at:
                    raise Unavailable(f"nobody can be believed: whose session ended is not known ({refusal})") from None
                logger.warning("revocations cannot be read; not serving yet", error=refusal)
                await asyncio.sleep(_LOOK_SECONDS)
            else:
                break
        self._task = asyncio.create_task(keep_running(self._run, "live recheck"), name="live recheck")

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    async def _run(self) -> None:
        while True:
            await self._due()
            try:
                await self._ask()
            except Refusal as refusal:
                logger.warning("revocations cannot be read", error=refusal)
                self._rights.in_doubt.set()
                await asyncio.sleep(_LOOK_SECONDS)

    async def _due(self) -> None:
        while not self._rights.in_doubt.is_set():
            waited = time.monotonic() - self._asked_at
            if waited >= (PERIOD_SECONDS if self._log.is_heard else _LOOK_SECONDS):
                return
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._rights.in_doubt.wait()
            except TimeoutError:
                continue

    async def _ask(self) -> None:
        self._rights.in_doubt.clear()
        began, before = time.monotonic(), self._asked_at
        found = await self._questions.revocations()
        self._asked_at = began
        if self._standings.learn(found):
            self._rights.judge_all()
        if before and began - before > HORIZON_SECONDS:
            self._rights.send_all_back()
