"""All SQL about authenticator apps and recovery codes. Their owner's account is locked wherever they change."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from actors.adapters.database import Connection
from actors.auth.sealing import Sealed
from actors.kernel.transaction import Reads, Transaction


async def of(tx: Transaction, user_id: UUID) -> asyncpg.Record | None:
    """What is shared with somebody's app, whether it `is_confirmed` and the last step that was taken."""
    return await tx.fetchrow(
        "SELECT secret, sealed_with, confirmed_at IS NOT NULL AS is_confirmed, last_step "
        "FROM authenticators WHERE user_id = $1 FOR UPDATE",
        user_id,
    )


async def offer(tx: Transaction, user_id: UUID, sealed: Sealed) -> bool:
    """Share a secret, in place of one that was not confirmed; False where one is."""
    offered = await tx.fetchval(
        "INSERT INTO authenticators AS a (user_id, secret, sealed_with, created_at, last_step) "
        "VALUES ($1, $2, $3, now(), 0) ON CONFLICT (user_id) DO UPDATE SET secret = $2, sealed_with = $3, "
        "created_at = now(), last_step = 0 WHERE a.confirmed_at IS NULL RETURNING true",
        user_id,
        sealed.box,
        sealed.key_id,
    )
    return offered is not None


async def confirm(tx: Transaction, user_id: UUID, step: int, codes: Sequence[bytes]) -> None:
    """Ask for codes from now on; that step's is spent. These are the hashes of the recovery codes."""
    await tx.execute("UPDATE authenticators SET confirmed_at = now(), last_step = $2 WHERE user_id = $1", user_id, step)
    await tx.execute("INSERT INTO recovery_codes (hash, user_id) SELECT unnest($2::bytea[]), $1", user_id, codes)


async def spend_step(tx: Transaction, user_id: UUID, step: int) -> bool:
    """Take the code of a time step; False where it, or a later one, was taken."""
    taken = await tx.fetchval(
        "UPDATE authenticators SET last_step = $2 WHERE user_id = $1 AND last_step < $2 RETURNING true", user_id, step
    )
    return taken is not None


async def spend_recovery_code(tx: Transaction, user_id: UUID, code_hash: bytes) -> bool:
    """Take a recovery code; False where there is none."""
    taken = await tx.fetchval(
        "DELETE FROM recovery_codes WHERE hash = $1 AND user_id = $2 RETURNING true", code_hash, user_id
    )
    return taken is not None


async def remove(tx: Transaction, user_id: UUID) -> None:
    """Ask for codes no more."""
    await tx.execute("DELETE FROM recovery_codes WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM authenticators WHERE user_id = $1", user_id)


async def sealed_otherwise(db: Reads, current: str, known: Sequence[str], limit: int) -> list[asyncpg.Record]:
    """Secrets that are sealed with a known key that is not the current one, with their owners."""
    return await db.fetch(
        "SELECT user_id, secret, sealed_with FROM authenticators WHERE sealed_with <> $1 AND sealed_with = ANY($2) "
        "ORDER BY user_id LIMIT $3",
        current,
        known,
        limit,
    )


async def reseal(connection: Connection, user_id: UUID, was: Sealed, now: Sealed) -> None:
    """Keep a secret sealed anew, unless another was shared meanwhile."""
    await connection.execute(
        "UPDATE authenticators SET secret = $3, sealed_with = $4 WHERE user_id = $1 AND secret = $2",
        user_id,
        was.box,
        now.box,
        now.key_id,
    )
