"""All SQL of exports."""

from datetime import timedelta
from uuid import UUID

from asyncpg import Record

from actors.accounts.letters import LETTERS, LetterName
from actors.kernel.transaction import Reads, Transaction

KEPT = LETTERS[LetterName.export_ready].worth
"""How long an export may be fetched."""
FRESH = timedelta(days=1)
"""Within it, asking again gives the same export."""
_SHOWN = "id, state, object_key, bytes, asked_at, expires_at"


async def latest(db: Reads, user_id: UUID) -> Record | None:
    """Somebody's export that is being made, may be fetched, or failed."""
    return await db.fetchrow(
        f"SELECT {_SHOWN} FROM exports WHERE user_id = $1 AND (expires_at IS NULL OR expires_at > now())", user_id
    )


async def begin(tx: Transaction, export_id: UUID, user_id: UUID, object_key: str) -> tuple[Record, str | None]:
    """Begin an export unless one is being made or is fresh.

    Returns the one that stands now, and the object key of the one it replaced.
    """
    # Of two who ask at once, the second one finds the export of the first.
    await tx.execute("SELECT FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id)
    standing = await tx.fetchrow(
        f"SELECT {_SHOWN} FROM exports WHERE user_id = $1 AND (state = 'preparing' "
        "OR state = 'ready' AND asked_at > now() - $2::interval)",
        user_id,
        FRESH,
    )
    if standing is not None:
        return standing, None
    former = await take(tx, user_id)
    begun = await tx.fetchrow(
        "INSERT INTO exports (id, user_id, state, object_key, asked_at) VALUES ($1, $2, 'preparing', $3, now()) "
        f"RETURNING {_SHOWN}",
        export_id,
        user_id,
        object_key,
    )
    assert begun is not None
    return begun, former


async def to_make(db: Reads, export_id: UUID) -> Record | None:
    """An export that is still to be made, and for whom."""
    return await db.fetchrow(
        "SELECT e.id, e.user_id, e.object_key, e.asked_at, u.username FROM exports e JOIN users u ON u.id = e.user_id "
        "WHERE e.id = $1 AND e.state = 'preparing' AND u.deleted_at IS NULL",
        export_id,
    )


async def make_ready(tx: Transaction, export_id: UUID, size: int) -> Record | None:
    """Note that an export of so many bytes may be fetched from now on."""
    return await tx.fetchrow(
        "UPDATE exports SET state = 'ready', bytes = $2, ready_at = now(), expires_at = now() + $3::interval "
        "WHERE id = $1 AND state = 'preparing' RETURNING id, user_id, object_key, expires_at",
        export_id,
        size,
        KEPT,
    )


async def fail(tx: Transaction, export_id: UUID) -> UUID | None:
    """Note that an export will not be made; returns whose it is."""
    user_id: UUID | None = await tx.fetchval(
        "UPDATE exports SET state = 'failed' WHERE id = $1 AND state = 'preparing' RETURNING user_id", export_id
    )
    return user_id


async def expired(db: Reads, limit: int) -> list[Record]:
    """Exports whose days are over."""
    return await db.fetch(
        "SELECT id, object_key FROM exports WHERE expires_at < now() ORDER BY expires_at LIMIT $1", limit
    )


async def forget(tx: Transaction, ids: list[UUID]) -> None:
    """Delete exports whose objects are gone."""
    await tx.execute("DELETE FROM exports WHERE id = ANY($1::uuid[])", ids)


async def take(tx: Transaction, user_id: UUID) -> str | None:
    """Delete somebody's export; returns the key of the object it leaves."""
    key: str | None = await tx.fetchval("DELETE FROM exports WHERE user_id = $1 RETURNING object_key", user_id)
    return key
