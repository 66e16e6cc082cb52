"""Exactly once in effect: what was done is recorded in the transaction that did it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from pydantic import TypeAdapter

from actors.kernel.errors import KeyReused, StillRunning
from actors.kernel.message import Event, Request
from actors.kernel.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Idempotency:
    """An Idempotency-Key as its caller sent it: `scope` is the caller, `fingerprint` a hash of the request."""

    scope: str
    key: str
    fingerprint: bytes


class Repeated(Exception):
    """These took effect before. Unwinds the transaction; the lane answers for them and goes on with the rest."""

    def __init__(self, seen: frozenset[UUID]) -> None:
        self.seen = seen
        super().__init__(f"{len(seen)} took effect before")


class Replayed(Exception):
    """This request was answered before. Unwinds the transaction; the asker gets the stored reply."""

    def __init__(self, reply: Any) -> None:
        self.reply = reply
        super().__init__("answered before")


def caused_id(cause: Event, command: Request[Any]) -> UUID:
    """The one id of this command for that event: an event may cause several commands of one type."""
    return uuid5(cause.id, f"{type(command).__name__}:{command.key}")


async def record(tx: Transaction, domain: str, ids: Sequence[UUID]) -> None:
    """Record that these take effect in this commit. Raises `Repeated` if some of them did before."""
    fresh = await tx.fetch(
        "INSERT INTO inbox_records (domain, event_id, at) SELECT $1, id, now() FROM unnest($2::uuid[]) AS id "
        "ORDER BY id ON CONFLICT DO NOTHING RETURNING event_id",
        domain,
        ids,
    )
    if len(fresh) < len(ids):
        raise Repeated(frozenset(ids) - {row["event_id"] for row in fresh})


async def admit(tx: Transaction, idempotency: Idempotency, request: Request[Any]) -> None:
    """Let the first request with a key pass. Raises `Replayed`, `KeyReused` or `StillRunning` for the others."""
    lock = hashlib.blake2b(f"{idempotency.scope}\0{idempotency.key}".encode(), digest_size=8).digest()
    alone = await tx.fetchval("SELECT pg_try_advisory_xact_lock($1)", int.from_bytes(lock, signed=True))
    if not alone:
        raise StillRunning
    row = await tx.fetchrow(
        "SELECT fingerprint, reply FROM idempotency_keys WHERE scope = $1 AND key = $2",
        idempotency.scope,
        idempotency.key,
    )
    if row is None:
        return
    if row["fingerprint"] != idempotency.fingerprint:
        raise KeyReused
    raise Replayed(TypeAdapter(request.reply_type()).validate_json(row["reply"]))


async def keep(tx: Transaction, idempotency: Idempotency, request: Request[Any], reply: Any) -> None:
    """Store the reply beside its effect, for 24 hours."""
    await tx.execute(
        "INSERT INTO idempotency_keys (scope, key, fingerprint, reply, at) VALUES ($1, $2, $3, $4, now())",
        idempotency.scope,
        idempotency.key,
        idempotency.fingerprint,
        TypeAdapter(request.reply_type()).dump_json(reply),
    )
