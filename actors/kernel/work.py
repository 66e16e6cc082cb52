"""The messages a lane has at hand, all of one type, and how far their transaction came."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from actors.kernel.envelope import Envelope
from actors.kernel.message import Event, Request

NAMED = 8
"""Requests a fact or a line of the log names, of a batch that may have come from hundreds."""


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


def _named(envelopes: Sequence[Envelope]) -> str | None:
    """The ids of the requests these came from, the first eight, joined by commas."""
    if len(envelopes) == 1:
        return envelopes[0].origin.request_id
    ids: dict[str, None] = {}
    for envelope in envelopes:
        if envelope.origin.request_id is not None:
            ids.update(dict.fromkeys(envelope.origin.request_id.split(",")))
        if len(ids) >= NAMED:
            break
    return ",".join(islice(ids, NAMED)) or None


class Work:
    """The messages at hand, all of one type, and how far their transaction came."""

    def __init__(self, envelopes: list[Envelope]) -> None:
        self.is_committed = False
        self._take(envelopes)

    def _take(self, envelopes: list[Envelope]) -> None:
        self.envelopes = envelopes
        self.records: list[UUID] = [e.record for e in envelopes if e.record is not None]
        self.request_id = _named(envelopes)
        self._by_key: dict[str | None, list[Envelope]] = {}
        self.begin_again()

    def begin_again(self) -> None:
        """Forget the transaction that was rolled back."""
        self.is_transacted = False
        self.is_recorded = False

    def leave_out(self, seen: frozenset[UUID]) -> None:
        """Answer those that took effect before; the others are still to do."""
        for envelope in self.envelopes:
            if envelope.record in seen:
                envelope.resolve(None)
        self._take([envelope for envelope in self.envelopes if envelope.record not in seen])

    def reject(self, error: Exception) -> None:
        """Give every message the same refusal."""
        for envelope in self.envelopes:
            envelope.reject(error)

    def origin_of(self, fact: Event) -> str | None:
        """The requests it came from: those that are about its key, or, where none is, any of these."""
        about = self._about(fact)
        return _named(about) if about else self.request_id

    def trace(self, fact: Event) -> tuple[Event, str | None]:
        """A fact as it was caused, and the requests it came from."""
        if self.is_event and (about := self._about(fact)):
            assert isinstance(about[-1].message, Event)
            fact = fact.model_copy(update={"cause": about[-1].message.id})
        return fact, self.origin_of(fact)

    def _about(self, fact: Event) -> Sequence[Envelope]:
        if len(self.envelopes) == 1:
            return self.envelopes
        if not self._by_key:
            for envelope in self.envelopes:
                self._by_key.setdefault(envelope.message.key, []).append(envelope)
        return self._by_key.get(fact.key, ())

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
