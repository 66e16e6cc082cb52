"""How queries run: concurrently, and answered together with their like while a batch is under way."""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import Context
from typing import TYPE_CHECKING, Any

import structlog

from actors.kernel import metrics
from actors.kernel.actor import Actor, Handler
from actors.kernel.envelope import Envelope, Origin, settle
from actors.kernel.errors import Busy, Internal, Unavailable
from actors.kernel.failures import Verdict, judge

if TYPE_CHECKING:
    from actors.kernel.system import System
    from actors.kernel.transaction import Reader

log = structlog.get_logger(__name__)

CONCURRENT_BATCHES = 4
"""Batches of one query type under way at once; what comes meanwhile gathers for the next."""
CONCURRENT_SINGLES = 32


class Questions:
    """All queries of one type. A query never joins a batch that is already running: it would miss newer rows."""

    def __init__(self, system: System, actor: type[Actor], handler: Handler, reader: Reader) -> None:
        self._system = system
        self._domain = actor.domain
        self._capacity = actor.mailbox
        self._handler = handler
        self._method = getattr(actor(_ReadOnlyLane(system, reader)), handler.method)  # type: ignore[arg-type]  # a lane that only reads
        self._waiting: deque[Envelope] = deque()
        self._running: set[asyncio.Task[None]] = set()
        self._limit = CONCURRENT_BATCHES if handler.batch > 1 else CONCURRENT_SINGLES

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, envelope: Envelope) -> None:
        """Take a question. Raises `Busy` when too many wait."""
        if len(self._waiting) >= self._capacity:
            raise Busy
        self._waiting.append(envelope)
        if len(self._running) < self._limit:
            task = asyncio.get_running_loop().create_task(self._run(), context=Context())
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def drain(self) -> None:
        """Wait until everything asked is answered."""
        while self._running:
            await asyncio.wait(self._running)

    async def _run(self) -> None:
        while self._waiting:
            batch: list[Envelope] = []
            while self._waiting and len(batch) < self._handler.batch:
                envelope = self._waiting.popleft()
                # Who no longer waits needs no answer.
                if not envelope.answer.done() and not envelope.expires(self._domain):
                    batch.append(envelope)
            if batch:
                metrics.batch_size.labels(self._domain, self._handler.message.__name__).observe(len(batch))
                await self._answer(batch)

    async def _answer(self, batch: list[Envelope]) -> None:
        messages = [envelope.message for envelope in batch]
        try:
            result = await self._method(messages if self._handler.batch > 1 else messages[0])
        except Exception as error:  # noqa: BLE001  one question's failure is that asker's answer
            await self._refuse(batch, error)
            return
        settle(batch, result if self._handler.batch > 1 else [result])

    async def _refuse(self, batch: list[Envelope], error: Exception) -> None:
        verdict = judge(error)
        if verdict is Verdict.REFUSED and len(batch) == 1:
            batch[0].reject(error)
        elif verdict in {Verdict.OUTAGE, Verdict.RERUN}:
            log.warning("outage", query=self._handler.message.__name__, error=error)
            for envelope in batch:
                envelope.reject(error if isinstance(error, Unavailable) else Unavailable())
        elif len(batch) > 1:
            middle = len(batch) // 2
            await self._answer(batch[:middle])
            await self._answer(batch[middle:])
        else:
            metrics.failed_messages_total.labels(self._domain, self._handler.message.__name__).inc()
            log.error("query failed", query=self._handler.message.__name__, exc_info=error)
            batch[0].reject(Internal())


class _ReadOnlyLane:
    """What an actor sees of its lane while it answers queries: it may ask and read, never write."""

    def __init__(self, system: System, reader: Reader) -> None:
        self.system = system
        self.reader = reader

    def transaction(self) -> None:
        raise RuntimeError("a query never writes")

    async def ask(self, message: Any, *, cause: None = None) -> Any:
        if cause is not None:
            raise RuntimeError("a query causes nothing")
        return await self.system.ask_within(message, Origin())
