"""All SQL of media."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from actors.kernel.transaction import Reads, Transaction

_SHOWN = "id, state, width, height, placeholder, variants, alt, focus, meta"


async def uploads_today(db: Reads, owner_id: UUID) -> int:
    """How many this person reserved in the last 24 hours."""
    count: int = await db.fetchval(
        "SELECT count(*) FROM photos WHERE owner_id = $1 AND created_at > now() - interval '24 hours'", owner_id
    )
    return count


async def reserve(
    tx: Transaction,
    *,
    photo_id: UUID,
    owner_id: UUID,
    content_type: str,
    size: int,
    sha256: str | None,
    object_key: str,
    variants_key: str,
    expires_at: datetime,
) -> None:
    """Keep what an upload was signed as."""
    await tx.execute(
        """
        INSERT INTO photos (id, owner_id, state, content_type, bytes, sha256, object_key, variants_key, variants,
                            created_at, expires_at)
        VALUES ($1, $2, 'reserved', $3, $4, $5, $6, $7, '[]', now(), $8)
        """,
        photo_id,
        owner_id,
        content_type,
        size,
        sha256,
        object_key,
        variants_key,
        expires_at,
    )


async def upload_of(
    db: Reads, owner_id: UUID, *, upload_id: UUID | None = None, object_key: str | None = None
) -> asyncpg.Record | None:
    """This person's upload, by its id or by where its original lies."""
    return await db.fetchrow(
        f"""
        SELECT {_SHOWN}, reason, object_key FROM photos
        WHERE owner_id = $1 AND ($2::uuid IS NULL OR id = $2) AND ($3::text IS NULL OR object_key = $3)
          AND NOT ($2::uuid IS NULL AND $3::text IS NULL)
        """,
        owner_id,
        upload_id,
        object_key,
    )


async def bind(tx: Transaction, photo_id: UUID, alt: str | None) -> tuple[asyncpg.Record, bool]:
    """Give a reserved upload to a post. Returns its row, and whether it was this call that did."""
    before = await tx.fetchval("SELECT state FROM photos WHERE id = $1 FOR NO KEY UPDATE", photo_id)
    if before == "reserved":
        await tx.execute(
            "UPDATE photos SET state = 'processing', posted_at = now(), alt = $2 WHERE id = $1", photo_id, alt
        )
    row = await tx.fetchrow(f"SELECT {_SHOWN} FROM photos WHERE id = $1", photo_id)
    assert row is not None
    return row, before == "reserved"


async def to_process(db: Reads, photo_id: UUID) -> asyncpg.Record | None:
    """What was signed for a photo that waits to be processed; None when it does not wait."""
    return await db.fetchrow(
        """
        SELECT id, owner_id, content_type, bytes, sha256, object_key, variants_key FROM photos
        WHERE id = $1 AND state = 'processing'
        """,
        photo_id,
    )


async def make_ready(
    tx: Transaction,
    photo_id: UUID,
    *,
    size: tuple[int, int],
    placeholder: str,
    variants: Sequence[dict[str, Any]],
    meta: dict[str, Any] | None,
) -> asyncpg.Record | None:
    """Show a photo that was being processed, and return its row; None when it no longer was."""
    return await tx.fetchrow(
        f"""
        UPDATE photos SET state = 'ready', width = $2, height = $3, placeholder = $4, variants = $5, meta = $6
        WHERE id = $1 AND state = 'processing' RETURNING {_SHOWN}
        """,
        photo_id,
        *size,
        placeholder,
        list(variants),
        meta,
    )


async def reject(tx: Transaction, photo_id: UUID, reason: str) -> bool:
    """Turn away a photo that was being processed. Returns whether it still was."""
    tag = await tx.execute(
        "UPDATE photos SET state = 'rejected', reason = $2 WHERE id = $1 AND state = 'processing'", photo_id, reason
    )
    return tag == "UPDATE 1"
