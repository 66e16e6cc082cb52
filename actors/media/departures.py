"""How uploads and photographs go: they are released, which is final; later their objects are deleted, then their rows.

Objects go before what tells of them, so a crash in between leaves work that the next round finds again.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from actors.adapters.database import Connection, rows_of
from actors.kernel.transaction import Reads, Transaction
from actors.media.messages import Purpose

UNPOSTED = "24 hours"
"""How long an upload may wait for its post once its address has expired, or, given to one, for that to be there."""
COUNTED = "24 hours"
"""The quota's window: until then the row of an upload counts, and stays."""
IN_FLIGHT = "1 hour"
"""By then whatever had begun has stored its last object: an attempt at processing, a PUT to an address still good."""


class Departure(NamedTuple):
    """Where the objects of a photograph lie, if it ever was one."""

    id: UUID
    object_key: str
    variants_key: str
    is_photograph: bool


async def release(tx: Transaction, photo_id: UUID, given_at: datetime | None) -> None:
    """Release a photograph that nobody refers to any more, even if it was released when somebody still did; with
    `given_at` only one that was not given again since."""
    await tx.execute(
        """
        UPDATE photos SET posted_at = NULL, released_at = COALESCE(released_at, now()), cleared_at = NULL
        WHERE id = $1 AND posted_at IS NOT DISTINCT FROM COALESCE($2, posted_at)
        """,
        photo_id,
        given_at,
    )


def strays(purpose: Purpose, referred: str) -> str:
    """SQL of up to $1 photographs (`id`, `owner_id`, `posted_at`) that were given to something of this purpose, which
    after a day is not there. `referred` selects what refers to a photograph `ph`."""
    return f"""
        SELECT id, owner_id, posted_at FROM photos ph
        WHERE purpose = '{purpose}' AND released_at IS NULL AND posted_at < now() - interval '{UNPOSTED}'
            AND NOT EXISTS ({referred})
        ORDER BY posted_at LIMIT $1
    """


async def release_of_owner(connection: Connection, owner_id: UUID, limit: int) -> int:
    """Release up to `limit` photographs of somebody at once, posted or not. Returns how many it were."""
    tag: str = await connection.execute(
        """
        UPDATE photos SET released_at = now(), cleared_at = NULL WHERE id IN (
            SELECT id FROM photos WHERE owner_id = $1 AND released_at IS NULL ORDER BY id LIMIT $2 FOR NO KEY UPDATE)
        """,
        owner_id,
        limit,
    )
    return rows_of(tag)


async def release_unposted(tx: Transaction, limit: int) -> None:
    """Release up to `limit` uploads that no post came for. One that is being bound at this moment waits or is bound."""
    await tx.execute(
        f"""
        UPDATE photos SET released_at = now() WHERE id IN (
            SELECT id FROM photos
            WHERE released_at IS NULL AND posted_at IS NULL AND expires_at < now() - interval '{UNPOSTED}'
            ORDER BY expires_at LIMIT $1 FOR NO KEY UPDATE SKIP LOCKED)
        """,
        limit,
    )


async def released(db: Reads, limit: int) -> list[Departure]:
    """Photographs that were released, and whose objects nobody writes any more."""
    rows = await db.fetch(
        f"""
        SELECT id, object_key, variants_key, state <> 'reserved' FROM photos
        WHERE released_at < now() - interval '{IN_FLIGHT}' AND cleared_at IS NULL ORDER BY released_at LIMIT $1
        """,
        limit,
    )
    return [Departure(*row) for row in rows]


async def forget(tx: Transaction, gone: Sequence[Departure], limit: int) -> None:
    """Their objects are deleted: their rows say nothing more, and go once nothing refers to them or counts them."""
    await tx.execute(
        """
        UPDATE photos SET cleared_at = now(), original_key = NULL, variants = '[]', placeholder = NULL, meta = NULL
        WHERE id = ANY($1::uuid[])
        """,
        sorted(photo.id for photo in gone),
    )
    await tx.execute(
        f"""
        DELETE FROM photos WHERE id IN (
            SELECT id FROM photos
            WHERE cleared_at IS NOT NULL AND released_at IS NOT NULL AND posted_at IS NULL
                AND created_at < now() - interval '{COUNTED}'
            ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED)
        """,
        limit,
    )


async def to_clear(db: Reads, limit: int) -> list[asyncpg.Record]:
    """Settled uploads, as (id, object_key), whose bytes as they were sent are needed no more."""
    return await db.fetch(
        f"""
        SELECT id, object_key FROM photos
        WHERE cleared_at IS NULL AND released_at IS NULL AND (original_key IS NOT NULL OR state = 'rejected')
          AND expires_at < now() - interval '{IN_FLIGHT}'
        ORDER BY expires_at LIMIT $1
        """,
        limit,
    )


async def note_cleared(tx: Transaction, photo_ids: Sequence[UUID]) -> None:
    """What was sent for these uploads is deleted."""
    await tx.execute(
        "UPDATE photos SET cleared_at = now() WHERE id = ANY($1::uuid[]) AND released_at IS NULL", sorted(photo_ids)
    )
