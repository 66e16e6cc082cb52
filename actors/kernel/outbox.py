"""The outbox: facts written in the commit that made them true, waiting for the relay."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from actors.adapters.database import rows_of
from actors.kernel.message import Event

if TYPE_CHECKING:
    from actors.kernel.transaction import Transaction

HORIZON = timedelta(days=7)
"""How long it is remembered what took effect."""

Listeners = Mapping[type[Event], str]
"""For each event type the domains that listen to it, joined by spaces."""

_APPEND = """
INSERT INTO outbox (id, type, key, payload, targets, topics, live_type, live_data, ephemeral, author, near, origin, at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bytea[], $5::text[], $6::text[], $7::text[],
                     $8::bytea[], $9::boolean[], $10::uuid[], $11::text[], $12::text[], $13::timestamptz[])
"""


async def append(tx: Transaction, facts: Sequence[tuple[Event, str | None]], listeners: Listeners) -> None:
    """Write facts, each with the requests it came from, in the order they were emitted, in one statement."""
    await tx.execute(_APPEND, *_columns(_row(fact, listeners, origin) for fact, origin in facts))


def _columns(rows: Iterable[tuple[Any, ...]]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


def _row(fact: Event, listeners: Listeners, origin: str | None) -> tuple[Any, ...]:
    live = fact.live()
    shown: tuple[Any, ...] = ("", None, None, False, None, "")
    if live is not None and live.topics:
        data = live.data.__pydantic_serializer__.to_json(live.data)
        shown = (" ".join(live.topics), live.type, data, live.ephemeral, live.author, " ".join(map(str, live.near)))
    payload = fact.__pydantic_serializer__.to_json(fact)
    targets = listeners.get(type(fact), "")
    return (fact.id, type(fact).__name__, str(fact.key), payload, targets, *shown, origin, fact.at)


_PRUNE = """
DELETE FROM outbox WHERE seq IN (
    SELECT o.seq FROM outbox o
    WHERE o.published_at < now() - $1::interval
      AND NOT EXISTS (
        SELECT FROM unnest(string_to_array(o.targets, ' ')) AS target
        WHERE NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)
          AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = o.id AND d.domain = target)
          AND (target = ANY($3) OR o.at > now() - $4::interval))
    ORDER BY o.published_at LIMIT $2)
"""

_REPUBLISH = """
WITH missing AS (
    SELECT o.seq, string_agg(target, ' ') AS targets
    FROM outbox o CROSS JOIN LATERAL unnest(string_to_array(o.targets, ' ')) AS target
    WHERE o.published_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)
      AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = o.id AND d.domain = target)
    GROUP BY o.seq)
UPDATE outbox SET published_at = NULL, topics = '', live_type = NULL, live_data = NULL, targets = missing.targets
FROM missing WHERE outbox.seq = missing.seq
"""


REPUBLISH_SECONDS = 20.0
"""What is sent again after a loss may be much."""


async def prune(connection: Any, domains: Sequence[str], *, older_than: Any, limit: int = 5_000) -> int:
    """Delete published facts that took effect (or died) in every listening domain. Returns how many.

    A domain that is none of `domains` has until the horizon: one that is new, or no longer there.
    """
    return rows_of(await connection.execute(_PRUNE, older_than, limit, domains, HORIZON))


async def republish(connection: Any) -> int:
    """After a loss in Redis: send what has not taken effect to the inboxes again, never to `live`.

    Returns how many facts wait again.
    """
    return rows_of(await connection.execute(_REPUBLISH, timeout=REPUBLISH_SECONDS))
