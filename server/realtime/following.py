"""Who of those connected here follows an author: asked once for each thing published, answered in order.

No process keeps a map of who follows whom: it would cost 22 KB a socket, and follows race with what is published.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Collection
from typing import Protocol
from uuid import UUID

import structlog

from actors.kernel.errors import Refusal
from actors.kernel.tools import end
from server.realtime.entries import Entry

logger = structlog.get_logger(__name__)

ASKED_AT_ONCE = 8
MAX_WAITING = 1_000
PATIENCE_SECONDS = 3.0


class Followers(Protocol):
    """The question."""

    async def followers_among(self, author_id: UUID, user_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these people follow the author."""


class Following:
    """Entries that wait for that answer. `deliver` gets each with the people, or with None when nobody can tell."""

    def __init__(
        self,
        followers: Followers,
        people: Callable[[], Collection[UUID]],
        deliver: Callable[[Entry, Collection[UUID] | None], None],
    ) -> None:
        self._followers = followers
        self._people = people
        self._deliver = deliver
        self._waiting: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run(), name="live following")

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    @property
    def oldest(self) -> int | None:
        """The first entry that still waits: no position may be promised beyond it."""
        return self._waiting[0].n if self._waiting else None

    def put(self, entry: Entry) -> None:
        """Ask for an entry. When too many wait, the oldest are given up."""
        self._waiting.append(entry)
        if len(self._waiting) > MAX_WAITING:
            self._deliver(self._waiting.popleft(), None)
        self._wake.set()

    def clear(self) -> None:
        """Give up all that wait: the log began anew."""
        self._waiting.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._answer([self._waiting[i] for i in range(min(ASKED_AT_ONCE, len(self._waiting)))])

    async def _answer(self, entries: list[Entry]) -> None:
        people = self._people()
        answers = await asyncio.gather(*(self._ask(entry, people) for entry in entries))
        for entry, answer in zip(entries, answers, strict=True):
            # It may have been given up meanwhile.
            if self._waiting and self._waiting[0] is entry:
                self._waiting.popleft()
                self._deliver(entry, answer)

    async def _ask(self, entry: Entry, people: Collection[UUID]) -> Collection[UUID] | None:
        if not people:
            return ()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._followers.followers_among(UUID(entry.author), people)
        except (Refusal, TimeoutError, ValueError) as error:
            logger.warning("live: who follows the author is not known", error=error, n=entry.n)
            return None
