"""Entries of the log that cannot be sent before a question about each is answered."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import structlog

from actors.kernel.errors import Refusal
from actors.kernel.tools import end
from server.realtime.entries import Entry

logger = structlog.get_logger(__name__)

ASKED_AT_ONCE = 8
MAX_WAITING = 1_000
PATIENCE_SECONDS = 3.0

A = TypeVar("A")


class Waiting(Generic[A]):
    """Asks about several at a time and hands each on in order, with its answer, or with None when nobody can tell."""

    def __init__(
        self, about: str, ask: Callable[[Entry], Awaitable[A]], deliver: Callable[[Entry, A | None], None]
    ) -> None:
        self._about = about
        self._ask = ask
        self._deliver = deliver
        self._entries: deque[Entry] = deque()
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(self._run(), name=f"live: {self._about}")

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    @property
    def oldest(self) -> int | None:
        """The first entry that still waits: no position may be promised beyond it."""
        return self._entries[0].n if self._entries else None

    def holds(self, topic: str) -> bool:
        """Whether something for that topic waits."""
        return any(topic in entry.topics for entry in self._entries)

    def put(self, entry: Entry) -> None:
        """Ask about an entry. When too many wait, the oldest are given up."""
        self._entries.append(entry)
        if len(self._entries) > MAX_WAITING:
            self._deliver(self._entries.popleft(), None)
        self._wake.set()

    def clear(self) -> None:
        """Give up all that wait: the log began anew."""
        self._entries.clear()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._entries:
                await self._answer([self._entries[i] for i in range(min(ASKED_AT_ONCE, len(self._entries)))])

    async def _answer(self, entries: list[Entry]) -> None:
        answers = await asyncio.gather(*map(self._patiently, entries))
        for entry, answer in zip(entries, answers, strict=True):
            # It may have been given up meanwhile.
            if self._entries and self._entries[0] is entry:
                self._entries.popleft()
                self._deliver(entry, answer)

    async def _patiently(self, entry: Entry) -> A | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._ask(entry)
        except (Refusal, TimeoutError, ValueError) as error:
            logger.warning("live: not known", about=self._about, error=error, n=entry.n)
            return None
