"""A lane's bounded mailbox, and how it gathers a batch without letting anybody overtake."""

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any

from actors.kernel.envelope import Envelope
from actors.kernel.errors import Busy


class Mailbox:
    """First in, first out for each key. Full: `Busy`. Closed: takes nothing more, gives what it holds."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._waiting: deque[Envelope] = deque()
        self._arrival = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, envelope: Envelope) -> None:
        """Add at the end. Raises `Busy` when full or closed."""
        if self._closed or len(self._waiting) >= self._capacity:
            raise Busy
        self._waiting.append(envelope)
        self._arrival.set()

    @property
    def is_closed(self) -> bool:
        """Whether it takes nothing more."""
        return self._closed

    def close(self) -> None:
        """Take nothing more; `arrived` says False once it is empty."""
        self._closed = True
        self._arrival.set()

    async def arrived(self) -> bool:
        """Wait until something waits. False: closed and empty, there will be nothing more."""
        while not self._waiting:
            if self._closed:
                return False
            self._arrival.clear()
            await self._arrival.wait()
        return True

    def take(self, limit_of: Mapping[Any, int]) -> list[Envelope]:
        """The first message and, if its type is taken in batches, every later one of that type that no
        message with the same key stands before."""
        first = self._waiting.popleft()
        kind = type(first.message)
        limit = 1 if first.is_single else limit_of.get(kind, 1)
        batch = [first]
        if limit == 1:
            return batch
        waiting = self._waiting
        while waiting and len(batch) < limit and type(waiting[0].message) is kind and not waiting[0].is_single:
            batch.append(waiting.popleft())
        if waiting and len(batch) < limit:
            self._gather(batch, kind, limit)
        return batch

    def _gather(self, batch: list[Envelope], kind: type, limit: int) -> None:
        passed_over: deque[Envelope] = deque()
        barred: set[str | None] = set()
        for envelope in self._waiting:
            fits = type(envelope.message) is kind and not envelope.is_single and len(batch) < limit
            if fits and envelope.message.key not in barred:
                batch.append(envelope)
            else:
                barred.add(envelope.message.key)
                passed_over.append(envelope)
        self._waiting = passed_over
