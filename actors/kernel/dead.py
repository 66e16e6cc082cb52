"""Dead letters: what was tried for the last time, listed, replayed through the record, or dropped."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

import asyncpg
import orjson
from uuid_utils.compat import uuid7

from actors.adapters.database import Connection, Database
from actors.kernel import metrics
from actors.kernel.errors import Conflict, NotFound
from actors.kernel.message import Event
from actors.kernel.transaction import Transaction

JOBS = "jobs"
"""The `domain` of a dead job."""

_BURY = """
INSERT INTO dead_letters (id, domain, event_id, type, key, payload, error, attempts, event_at, died_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, now())
ON CONFLICT (domain, event_id) DO UPDATE SET error = excluded.error, attempts = excluded.attempts, died_at = now()
"""


class TooOld(Conflict):
    """It is older than the record of what took effect, so a replay might repeat its effect."""

    code = "too_old"


async def bury_event(database: Database, domain: str, event: Event, error: BaseException, attempts: int) -> None:
    """Keep an event whose handler failed for the last time."""
    payload = event.model_dump_json().encode()
    about = (domain, event.id, type(event).__name__, str(event.key), payload, repr(error), attempts, event.at)
    await _bury(database, *about)


async def bury_raw(database: Database, domain: str, fields: dict[bytes, bytes], why: str) -> None:
    """Keep an event this version cannot read."""
    payload = fields.get(b"p", b"")
    try:
        known: dict[str, Any] = orjson.loads(payload)
        event_id, at = UUID(known["id"]), datetime.fromisoformat(known["at"])
    except (ValueError, KeyError, TypeError):
        event_id, at = uuid5(NAMESPACE_OID, payload.hex()), datetime.now(UTC)
    await _bury(database, domain, event_id, fields.get(b"y", b"").decode(), "", payload, why, 0, at)


async def bury_job(tx: Transaction, job_id: UUID, task: str, args: dict[str, Any], why: str, attempts: int) -> None:
    """Keep a job that failed for the last time."""
    metrics.dead_total.labels(JOBS).inc()
    about = (task, "", orjson.dumps(args), why, attempts, datetime.now(UTC))
    await tx.execute(_BURY, uuid7(), JOBS, job_id, *about)


async def _bury(database: Database, domain: str, *about: Any) -> None:
    metrics.dead_total.labels(domain).inc()
    async with database.for_command() as connection:
        await connection.execute(_BURY, uuid7(), domain, *about)


async def listing(connection: Connection, *, domain: str | None = None) -> Sequence[asyncpg.Record]:
    """Dead letters, the newest first, at most 1,000."""
    rows: Sequence[asyncpg.Record] = await connection.fetch(
        "SELECT id, domain, type, key, error, attempts, event_at, died_at FROM dead_letters "
        "WHERE $1::text IS NULL OR domain = $1 ORDER BY died_at DESC LIMIT 1000",
        domain,
    )
    return rows


async def drop(connection: Connection, letter: UUID) -> None:
    """Forget a dead letter for good. Raises `NotFound`."""
    async with connection.transaction():
        row = await connection.fetchrow("DELETE FROM dead_letters WHERE id = $1 RETURNING domain, event_id", letter)
        if row is None:
            raise NotFound("there is no such dead letter")
        if row["domain"] == JOBS:
            await connection.execute("UPDATE job_intents SET done_at = now() WHERE id = $1", row["event_id"])
            return
        # Recorded as done, so that neither an epoch nor a late delivery brings it back.
        await connection.execute(
            "INSERT INTO inbox_records (domain, event_id, at) VALUES ($1, $2, now()) ON CONFLICT DO NOTHING",
            row["domain"],
            row["event_id"],
        )


async def replay(connection: Connection, letter: UUID) -> None:
    """Send a dead letter to its domain once more. Raises `NotFound`, or `TooOld` past the record's horizon."""
    async with connection.transaction():
        row = await connection.fetchrow("DELETE FROM dead_letters WHERE id = $1 RETURNING *", letter)
        if row is None:
            raise NotFound("there is no such dead letter")
        if row["domain"] == JOBS:
            await connection.execute(
                "UPDATE job_intents SET published_at = NULL WHERE id = $1 AND done_at IS NULL",
                row["event_id"],
            )
            return
        if not await connection.fetchval("SELECT $1::timestamptz > now() - interval '7 days'", row["event_at"]):
            raise TooOld
        await connection.execute(
            "INSERT INTO outbox (id, type, key, payload, targets, topics, ephemeral, at) "
            "VALUES ($1, $2, $3, $4, $5, '', false, $6)",
            row["event_id"],
            row["type"],
            row["key"],
            row["payload"],
            row["domain"],
            row["event_at"],
        )
