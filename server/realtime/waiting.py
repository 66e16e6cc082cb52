"""Entries of the log that cannot be sent before a question about each is answered."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Generic, TypeVar

import structlog

from actors.kernel.errors import Refusal
from actors.kernel.tools import end, keep_running
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
        self._topics: Counter[str] = Counter()
        """How many of them name each topic: every count that is to go out asks."""
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        name = f"live: {self._about}"
        self._task = asyncio.create_task(keep_running(self._run, name), name=name)

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    @property
    def oldest(self) -> int | None:
        """The first entry that still waits: no position may be promised beyond it."""
        return self._entries[0].n if self._entries else None

    def holds(self, topic: str) -> bool:
        """Whether something for that topic waits."""
        return topic in self._topics

    def put(self, entry: Entry) -> None:
        """Ask about an entry. When too many wait, the oldest are given up."""
        self._entries.append(entry)
        self._topics.update(set(entry.topics))
        if len(self._entries) > MAX_WAITING:
            self._deliver(self._take_oldest(), None)
        self._wake.set()

    def clear(self) -> None:
        """Give up all that wait: the log began anew."""
        self._entries.clear()
        self._topics.clear()

    async def _run(self) -> None:
        while True:
            while self._entries:
                await self._answer(list(islice(self._entries, ASKED_AT_ONCE)))
            await self._wake.wait()
            self._wake.clear()

    async def _answer(self, entries: list[Entry]) -> None:
        answers = await asyncio.gather(*map(self._patiently, entries))
        for entry, answer in zip(entries, answers, strict=True):
            # It may have been given up meanwhile.
            if self._entries and self._entries[0] is entry:
                self._hand_on(self._take_oldest(), answer)

    def _hand_on(self, entry: Entry, answer: A | None) -> None:
        try:
            self._deliver(entry, answer)
        except Exception:
            # Nobody knows who was given it: that it is missing is told to all, as if there were no answer.
            logger.exception("live: could not be handed on", about=self._about, n=entry.n)
            self._deliver(entry, None)

    def _take_oldest(self) -> Entry:
        entry = self._entries.popleft()
        for topic in set(entry.topics):
            self._topics[topic] -= 1
            if not self._topics[topic]:
                del self._topics[topic]
        return entry

    async def _patiently(self, entry: Entry) -> A | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await self._ask(entry)
        except (Refusal, TimeoutError, ValueError) as error:
            logger.warning("live: not known", about=self._about, error=error, n=entry.n)
        except Exception:
            # Asked again it would break again, and everything behind it would wait for ever.
            logger.exception("live: not known", about=self._about, n=entry.n)
        return None
