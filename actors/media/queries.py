"""What media reads and writes of an upload on its way to a photograph. How they go is in `departures`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from actors.adapters.database import Connection
from actors.kernel.transaction import Reads, Transaction
from actors.media.messages import BindUpload, PhotoState, UploadUsed
from actors.media.places import place_for

_SHOWN = "id, state, width, height, placeholder, variants, meta"


class Used(NamedTuple):
    """How many uploads of the last 24 hours count, and when there are fewer, and fewer than allowed."""

    uploads: int
    resets_at: datetime | None


async def used(db: Reads, owner_id: UUID, allowed: int) -> Used:
    """What this person has reserved of the `allowed` uploads in 24 hours."""
    row = await db.fetchrow(
        """
        SELECT count(*),
            (array_agg(created_at ORDER BY created_at))[greatest(1, count(*) - $2 + 1)] + interval '24 hours'
        FROM photos WHERE owner_id = $1 AND created_at > now() - interval '24 hours'
        """,
        owner_id,
        allowed,
    )
    assert row is not None
    return Used(*row)


async def take_turns(tx: Transaction, owner_id: UUID) -> None:
    """Let one transaction at a time, wherever it runs, count this person's uploads and add to them."""
    await tx.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", owner_id)


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
    """This person's upload, by its id or by where its bytes were sent. One that was released is not there, but for
    one that was rejected: nothing refers to it any more, and yet its owner asks why."""
    column, key = ("object_key", object_key) if upload_id is None else ("id", upload_id)
    return await db.fetchrow(
        f"""
        SELECT {_SHOWN}, reason, progress, content_type, object_key, original_key FROM photos
        WHERE owner_id = $1 AND (released_at IS NULL OR state = 'rejected') AND {column} = $2
        """,
        owner_id,
        key,
    )


async def bind(tx: Transaction, photo_id: UUID, wish: BindUpload) -> tuple[asyncpg.Record, bool] | None:
    """Give a reserved upload to what it is for. Returns its row, and whether it was this call that did.

    None when it was released meanwhile. Raises `UploadUsed`.
    """
    before = await tx.fetchrow(
        "SELECT state, purpose FROM photos WHERE id = $1 AND released_at IS NULL FOR NO KEY UPDATE", photo_id
    )
    if before is None:
        return None
    if before["state"] != "reserved" and before["purpose"] != wish.purpose:
        raise UploadUsed
    is_first = before["state"] == "reserved"
    if is_first:
        await tx.execute(
            f"""
            UPDATE photos SET state = 'processing', purpose = $2,
                variants_key = {place_for("$2")} || split_part(variants_key, '/', 2)
            WHERE id = $1
            """,
            photo_id,
            wish.purpose,
        )
    row = await tx.fetchrow(
        f"UPDATE photos SET posted_at = clock_timestamp() WHERE id = $1 RETURNING {_SHOWN}", photo_id
    )
    assert row is not None
    return row, is_first


async def give(tx: Transaction, photo_id: UUID) -> PhotoState | None:
    """Note that a photograph was given once more, at this moment, to whoever shows it from this commit on: it leaves
    with what is said of it later. Returns its state, which stays until the commit; None: it was released."""
    state: str | None = await tx.fetchval(
        "UPDATE photos SET posted_at = clock_timestamp() WHERE id = $1 AND released_at IS NULL RETURNING state",
        photo_id,
    )
    return None if state is None else PhotoState(state)


async def to_process(db: Reads, photo_id: UUID) -> asyncpg.Record | None:
    """What was signed for a photo that waits to be processed; None when it does not wait."""
    return await db.fetchrow(
        """
        SELECT id, owner_id, content_type, bytes, sha256, object_key, variants_key FROM photos
        WHERE id = $1 AND state = 'processing' AND released_at IS NULL
        """,
        photo_id,
    )


async def note_progress(connection: Connection, photo_id: UUID, progress: float) -> None:
    """How much of the processing is done. It never goes back, though an attempt may begin again."""
    await connection.execute(
        "UPDATE photos SET progress = $2 WHERE id = $1 AND progress < $2 AND state = 'processing'", photo_id, progress
    )


async def make_ready(
    tx: Transaction,
    photo_id: UUID,
    *,
    size: tuple[int, int],
    placeholder: str,
    original_key: str,
    variants: Sequence[dict[str, Any]],
    meta: dict[str, Any] | None,
) -> asyncpg.Record | None:
    """Show a photo that was being processed, and return its row; None when it no longer was."""
    return await tx.fetchrow(
        f"""
        UPDATE photos SET state = 'ready', progress = 1, width = $2, height = $3, placeholder = $4,
            original_key = $5, variants = $6, meta = $7
        WHERE id = $1 AND state = 'processing' AND released_at IS NULL RETURNING {_SHOWN}
        """,
        photo_id,
        *size,
        placeholder,
        original_key,
        list(variants),
        meta,
    )


async def reject(tx: Transaction, photo_id: UUID, reason: str) -> UUID | None:
    """Turn away a photo that was being processed. Returns whose it is; None when it no longer was."""
    owner_id: UUID | None = await tx.fetchval(
        """
        UPDATE photos SET state = 'rejected', reason = $2
        WHERE id = $1 AND state = 'processing' AND released_at IS NULL RETURNING owner_id
        """,
        photo_id,
        reason,
    )
    return owner_id
