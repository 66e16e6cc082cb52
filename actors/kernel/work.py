"""The messages a lane has at hand, all of one type, and how far their transaction came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from actors.kernel.envelope import Envelope
from actors.kernel.message import Event, Request


def without_twins(batch: Sequence[Envelope]) -> list[list[Envelope]]:
    """The batch in parts none of which holds one event twice: a repeat must find that the first took effect."""
    parts: list[tuple[set[UUID], list[Envelope]]] = [(set(), [])]
    for envelope in batch:
        record = envelope.record
        place = 0
        while record is not None and record in parts[place][0]:
            place += 1
            if place == len(parts):
                parts.append((set(), []))
        if record is not None:
            parts[place][0].add(record)
        parts[place][1].append(envelope)
    return [envelopes for _, envelopes in parts]


class Work:
    """The messages at hand, all of one type, and how far their transaction came."""

    def __init__(self, envelopes: list[Envelope]) -> None:
        self.envelopes = envelopes
        self.records: list[UUID] = [e.record for e in envelopes if e.record is not None]
        self.is_committed = False
        self.begin_again()

    def begin_again(self) -> None:
        """Forget the transaction that was rolled back."""
        self.is_transacted = False
        self.is_recorded = False

    def without(self, seen: frozenset[UUID]) -> Work:
        """Answer those that took effect before; the others are still to do."""
        for envelope in self.envelopes:
            if envelope.record in seen:
                envelope.resolve(None)
        return Work([envelope for envelope in self.envelopes if envelope.record not in seen])

    def reject(self, error: Exception) -> None:
        """Give every message the same refusal."""
        for envelope in self.envelopes:
            envelope.reject(error)

    @property
    def kind(self) -> str:
        return type(self.envelopes[0].message).__name__

    @property
    def is_event(self) -> bool:
        return isinstance(self.envelopes[0].message, Event)

    @property
    def request(self) -> Request[Any]:
        message = self.envelopes[0].message
        assert isinstance(message, Request)
        return message

    @property
    def request_id(self) -> str | None:
        return self.envelopes[0].origin.request_id
