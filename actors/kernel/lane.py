"""A lane: the long-lived task that runs an actor's commands, or its events, one batch after the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

from actors.adapters.database import CONNECTION_ERRORS
from actors.kernel import metrics, once
from actors.kernel.actor import Actor
from actors.kernel.envelope import Envelope, Origin, settle
from actors.kernel.errors import Internal, Refusal, Unavailable
from actors.kernel.failures import Verdict, judge
from actors.kernel.mailbox import Mailbox
from actors.kernel.message import Command, Event, Request
from actors.kernel.once import Repeated, Replayed, caused_id
from actors.kernel.transaction import Connect, Transaction
from actors.kernel.work import Work, without_twins

if TYPE_CHECKING:
    from actors.kernel.system import System

R = TypeVar("R")
log = structlog.get_logger(__name__)

LONGEST_REST = 0.5
RERUNS = 5
"""Attempts at a transaction that PostgreSQL asks to run again, before its askers get 503."""


class Lane:
    """Runs what its mailbox gives. Survives every exception of a handler, with fresh state and the same mailbox.

    After each batch it rests `rest` times as long as that took: what arrives meanwhile makes the next batch larger.
    """

    def __init__(
        self, system: System, actor: type[Actor], name: str, *, capacity: int, connect: Connect, rest: float = 0.0
    ) -> None:
        self.system = system
        self.reader = system.reader
        self._rest = rest
        self._connect = connect
        self.name = name
        self.mailbox = Mailbox(capacity)
        self._class = actor
        self._batches: dict[type, int] = {kind: handler.batch for kind, handler in actor.handlers.items()}
        self._actor = actor(self)
        self._work: Work | None = None

    async def run(self) -> None:
        """Work until the mailbox is closed and empty."""
        now = asyncio.get_running_loop().time
        busy = metrics.lane_busy_seconds.labels(self._class.domain)
        while await self.mailbox.arrived():
            began = now()
            taken = self.mailbox.take(self._batches)
            batch = [envelope for envelope in taken if not envelope.expires(self._class.domain)]
            if batch:
                await self._finish(batch)
                busy.observe(now() - began)
            await asyncio.sleep(0 if self.mailbox.is_closed else min(LONGEST_REST, self._rest * (now() - began)))

    async def _finish(self, batch: Sequence[Envelope]) -> None:
        """Give every envelope its answer, whatever happens."""
        kind = type(batch[0].message).__name__
        metrics.batch_size.labels(self._class.domain, kind).observe(len(batch))
        # Parts to run, and whether their messages have raised before.
        pending: list[tuple[list[Envelope], bool]] = [(part, False) for part in reversed(without_twins(batch))]
        failure: Exception | None = None
        culprits = 0
        while pending:
            part, has_raised = pending.pop()
            work = Work(part)
            error = await self._attempt(work)
            if error is None:
                continue
            if judge(error) is not Verdict.REFUSED:
                failure = failure or error
                self._start_afresh()
            left = work.envelopes
            if not work.is_committed and not (len(left) == 1 and has_raised):
                middle = len(left) // 2
                halves = [left[:middle], left[middle:]] if middle else [left]
                pending.extend((half, True) for half in reversed(halves))
                continue
            culprits += not work.is_committed
            self._give_up(work, error)
        if failure is not None and not culprits:
            # No message is to blame: it was the state of this lane.
            self.system.supervisor.note_restart(self._class.domain, failure)

    async def _attempt(self, work: Work) -> Exception | None:
        """Run the messages at hand and answer those it settles. Returns the exception nothing settled."""
        attempt = 1
        while True:
            try:
                replies = await self._handle(work)
            except Repeated as repeat:
                work.leave_out(repeat.seen)
                if not work.envelopes:
                    return None
            except Replayed as replay:
                work.envelopes[0].origin.replayed = True
                work.envelopes[0].resolve(replay.reply)
                return None
            except Exception as error:  # noqa: BLE001  a lane outlives whatever a handler raises
                match judge(error):
                    case Verdict.RERUN if attempt < RERUNS and not work.is_committed:
                        work.begin_again()
                        await asyncio.sleep(random.uniform(0.0005, 0.01) * 2**attempt)  # noqa: S311  jitter
                        attempt += 1
                    case Verdict.RERUN | Verdict.OUTAGE:
                        # A COMMIT whose answer was lost is unknown: it is answered so, and never run again.
                        self._postpone(work, error)
                        return None
                    case Verdict.REFUSED if len(work.envelopes) == 1:
                        work.envelopes[0].reject(error)
                        return None
                    case _:
                        return error
            else:
                settle(work.envelopes, replies)
                return None

    def _postpone(self, work: Work, error: Exception) -> None:
        log.warning("outage", lane=self.name, message=work.kind, messages=len(work.envelopes), error=error)
        work.reject(error if isinstance(error, Unavailable) else Unavailable())

    def _give_up(self, work: Work, error: Exception) -> None:
        metrics.failed_messages_total.labels(self._class.domain, work.kind).inc(len(work.envelopes))
        log.error(
            "failed after its commit" if work.is_committed else "message failed",
            lane=self.name,
            message=work.kind,
            key=work.envelopes[0].message.key,
            requests=[envelope.origin.request_id for envelope in work.envelopes],
            exc_info=error,
        )
        work.reject(error if work.is_event else Internal())

    def _start_afresh(self) -> None:
        self._actor = self._class(self)
        metrics.restarts_total.labels(self._class.domain).inc()

    async def _handle(self, work: Work) -> Sequence[Any]:
        handler = self._class.handlers[type(work.envelopes[0].message)]
        method = getattr(self._actor, handler.method)
        messages = [envelope.message for envelope in work.envelopes]
        bind_contextvars(request_id=work.request_id)
        self._work = work
        try:
            result = await (method(messages) if handler.batch > 1 else method(messages[0]))
            if not work.is_recorded:
                await self._record_alone(work)
        finally:
            self._work = None
            clear_contextvars()
        if work.is_event:
            return [None] * len(messages)
        replies: Sequence[Any] = result if handler.batch > 1 else [result]
        if len(replies) != len(messages):
            raise AssertionError(f"{handler.method} answered {len(replies)} of {len(messages)} messages")
        return replies

    async def _record_alone(self, work: Work) -> None:
        """A handler whose effects lie outside PostgreSQL opened no transaction: record after them."""
        if not work.records:
            return
        async with self._connect() as connection, connection.transaction():
            await once.record(Transaction(connection, None), self._class.domain, work.records)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """See `Actor.transaction`. Raises `RuntimeError` for a second one of the same message."""
        work = self._work
        if work is None or work.is_transacted:
            raise RuntimeError("one message, one transaction, and only while it is handled")
        work.is_transacted = True
        async with self._connect() as connection:
            transaction = connection.transaction()
            await transaction.start()
            tx = Transaction(connection, work.request_id, work.trace)
            try:
                await self._admit(tx, work)
                yield tx
                await self._complete(tx, work)
            except BaseException:
                with suppress(*CONNECTION_ERRORS):  # it is gone, and its transaction with it
                    await transaction.rollback()
                raise
            await transaction.commit()
            work.is_committed = True
        self.system.reach(f"committed:{type(work.envelopes[0].message).__name__}")
        if tx.announces:
            self.system.announce(tx.facts)

    async def _admit(self, tx: Transaction, work: Work) -> None:
        if work.records:
            await once.record(tx, self._class.domain, work.records)
            work.is_recorded = True
        idempotency = work.envelopes[0].origin.idempotency
        if idempotency is not None:
            await once.admit(tx, idempotency, work.request)

    async def _complete(self, tx: Transaction, work: Work) -> None:
        idempotency = work.envelopes[0].origin.idempotency
        if idempotency is not None:
            if tx.answered is None:
                raise AssertionError("a command answers inside its transaction: tx.answer(reply)")
            (reply,) = tx.answered
            if not isinstance(reply, Refusal):
                await once.keep(tx, idempotency, work.request, reply)
        await tx.write_facts(self.system.listeners)

    async def ask(self, message: Request[R], *, cause: Event | None = None) -> R:
        """See `Actor.ask`. Raises `RuntimeError` inside a transaction, and what the other domain refuses."""
        if self._work is not None and self._work.is_transacted and not self._work.is_committed:
            raise RuntimeError("no ask inside a transaction: it would hold row locks while it waits")
        if cause is None:
            return await self.system.ask_within(
                message, Origin(request_id=self._work.request_id if self._work else None)
            )
        if not isinstance(message, Command) or message.reply_type() not in {None, type(None)}:
            raise RuntimeError(f"{type(message).__name__} has a cause, so it must be a Command[None]")
        origin = Origin(request_id=self._work.origin_of(cause) if self._work else None)
        return await self.system.ask_within(message, origin, record=caused_id(cause, message))
