"""A message on its way to its turn: who waits for the answer, until when, and what it was caused by."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from actors.kernel import metrics
from actors.kernel.errors import Expired, Refusal, Unavailable
from actors.kernel.message import Message
from actors.kernel.once import Idempotency


@dataclass(slots=True)
class Origin:
    """Where a request came from: its id, its deadline in the loop's seconds, its Idempotency-Key.

    `may_lag`: a query that the read replica shall answer. `replayed` becomes true when the answer is one that was
    stored before.
    """

    request_id: str | None = None
    deadline: float | None = None
    idempotency: Idempotency | None = None
    may_lag: bool = False
    replayed: bool = False


@dataclass(slots=True, eq=False)
class Envelope:
    """`record` is the id under which a domain records that this took effect (an event's, a caused command's)."""

    message: Message
    answer: asyncio.Future[Any]
    origin: Origin
    record: UUID | None = None

    @property
    def is_single(self) -> bool:
        """An Idempotency-Key wants a commit of its own."""
        return self.origin.idempotency is not None

    def expires(self, domain: str) -> bool:
        """Whether its deadline passed before its turn; then it is counted, and answered so."""
        deadline = self.origin.deadline
        if deadline is None or deadline >= asyncio.get_running_loop().time():
            return False
        metrics.expired_total.labels(domain).inc()
        self.reject(Expired())
        return True

    def give_up(self) -> None:
        """Answer that the outcome is not known."""
        self.reject(Unavailable())

    def resolve(self, reply: Any) -> None:
        """Answer. Somebody who no longer waits is no error."""
        if not self.answer.done():
            self.answer.set_result(reply)

    def reject(self, error: BaseException) -> None:
        """Answer with an exception."""
        if not self.answer.done():
            self.answer.set_exception(error)


def settle(envelopes: Sequence[Envelope], replies: Sequence[Any]) -> None:
    """Give each message its own answer: a reply, or the refusal in its place."""
    for envelope, reply in zip(envelopes, replies, strict=True):
        if isinstance(reply, Refusal):
            envelope.reject(reply)
        else:
            envelope.resolve(reply)
