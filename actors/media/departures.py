"""How uploads and photographs go: what is due is released, which is final; later its objects are deleted, then its row.

Objects go before what tells of them, so a crash in between leaves work that the next round finds again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from actors.adapters.database import Connection
from actors.kernel.transaction import Reads, Transaction

UNPOSTED = "24 hours"
"""How long an upload may wait for its post once its address has expired. No less than the quota's window: until
then its row counts."""
IN_FLIGHT = "5 minutes"
"""Longer than an attempt at processing may last: what began before the release has stored its last object."""
PUTS_IN_FLIGHT = "1 hour"
"""How long a PUT that began before its address expired may take."""


class Departure(NamedTuple):
    """Where the objects of a photograph lie, and whether a post ever had it."""

    id: UUID
    object_key: str
    variants_key: str
    was_posted: bool


async def decide(tx: Transaction, photo_id: UUID, release_at: datetime | None, as_of: datetime) -> bool:
    """Note when a photograph may go, None for never, unless something was decided later than `as_of`.

    Returns whether it is still there.
    """
    is_there = await tx.fetchval(
        "SELECT true FROM photos WHERE id = $1 AND released_at IS NULL FOR NO KEY UPDATE", photo_id
    )
    if is_there:
        await tx.execute(
            """
            UPDATE photos SET release_at = $2, decided_at = $3
            WHERE id = $1 AND (decided_at IS NULL OR decided_at < $3)
            """,
            photo_id,
            release_at,
            as_of,
        )
    return bool(is_there)


async def release_of_owner(connection: Connection, owner_id: UUID, limit: int) -> int:
    """Release up to `limit` photographs of somebody at once, posted or not. Returns how many it were."""
    tag: str = await connection.execute(
        """
        UPDATE photos SET released_at = now(), release_at = now() WHERE id IN (
            SELECT id FROM photos WHERE owner_id = $1 AND released_at IS NULL ORDER BY id LIMIT $2 FOR NO KEY UPDATE)
        """,
        owner_id,
        limit,
    )
    return int(tag.removeprefix("UPDATE "))


async def release_due(tx: Transaction, limit: int) -> None:
    """Release up to `limit` of those whose time has come, and as many uploads that no post came for."""
    for due in ("release_at <= now()", f"posted_at IS NULL AND expires_at < now() - interval '{UNPOSTED}'"):
        await tx.execute(
            f"""
            UPDATE photos SET released_at = now(), release_at = now() WHERE id IN (
                SELECT id FROM photos WHERE released_at IS NULL AND {due}
                ORDER BY id LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
            """,
            limit,
        )


async def released(db: Reads, limit: int) -> list[Departure]:
    """Photographs that were released, and whose objects nobody writes any more."""
    rows = await db.fetch(
        f"""
        SELECT id, object_key, variants_key, posted_at IS NOT NULL FROM photos
        WHERE release_at <= now() AND released_at < now() - interval '{IN_FLIGHT}' ORDER BY release_at LIMIT $1
        """,
        limit,
    )
    return [Departure(*row) for row in rows]


async def forget(tx: Transaction, gone: Sequence[Departure]) -> None:
    """Their objects are deleted: of those a post had, the row stays and says nothing; the others' rows go, too."""
    await tx.execute(
        "DELETE FROM photos WHERE id = ANY($1::uuid[])", sorted(photo.id for photo in gone if not photo.was_posted)
    )
    await tx.execute(
        """
        UPDATE photos SET release_at = NULL, original_key = NULL, variants = '[]', placeholder = NULL, meta = NULL,
            alt = NULL, focus = NULL, cleared_at = now()
        WHERE id = ANY($1::uuid[])
        """,
        sorted(photo.id for photo in gone if photo.was_posted),
    )


async def to_clear(db: Reads, limit: int) -> list[asyncpg.Record]:
    """Settled uploads, as (id, object_key), whose bytes as they were sent are needed no more."""
    return await db.fetch(
        f"""
        SELECT id, object_key FROM photos
        WHERE cleared_at IS NULL AND (original_key IS NOT NULL OR state = 'rejected')
          AND expires_at < now() - interval '{PUTS_IN_FLIGHT}'
        ORDER BY expires_at LIMIT $1
        """,
        limit,
    )


async def note_cleared(tx: Transaction, photo_ids: Sequence[UUID]) -> None:
    """What was sent for these uploads is deleted."""
    await tx.execute("UPDATE photos SET cleared_at = now() WHERE id = ANY($1::uuid[])", sorted(photo_ids))
