"""The log may lose what it said of ended sessions and changed standings, or say it late. PostgreSQL is asked, too."""

import asyncio
import time
from datetime import datetime

import structlog

from actors.kernel.errors import Refusal, Unavailable
from actors.kernel.tools import end, keep_running
from server.http.standings import HORIZON_SECONDS
from server.realtime.questions import Questions
from server.realtime.rights import Rights

logger = structlog.get_logger(__name__)

PERIOD_SECONDS = 0.75
"""Between two questions. A Redis or a relay that hangs must not let anybody stay in for longer than a second, and
nothing tells soon enough that one does; what is new since the last answer costs one look at two short indexes."""
PATIENCE_SECONDS = 30.0


class Recheck:
    """Asks before the first socket for all of it, and from then on, again and again, for what is new."""

    def __init__(self, questions: Questions, rights: Rights) -> None:
        self._questions = questions
        self._rights = rights
        self._asked_at = 0.0
        self._as_of: datetime | None = None
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
                await asyncio.sleep(PERIOD_SECONDS)
            else:
                break
        self._task = asyncio.create_task(keep_running(self._run, "live recheck"), name="live recheck")

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PERIOD_SECONDS)
            try:
                await self._ask()
            except Refusal as refusal:
                logger.warning("revocations cannot be read", error=refusal)

    async def _ask(self) -> None:
        began, before = time.monotonic(), self._asked_at
        found = await self._questions.revocations(self._as_of)
        self._asked_at, self._as_of = began, found.as_of
        self._rights.learn(found)
        if before and began - before > HORIZON_SECONDS:
            self._rights.send_all_back()
