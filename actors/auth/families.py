"""All SQL about sessions, each of which is a family of refresh tokens."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from actors.auth.messages import Client
from actors.auth.presence import is_present
from actors.auth.queries import ACCOUNT
from actors.auth.tokens import GRACE, LIFETIME
from actors.kernel.transaction import Reads, Transaction


class Opening(NamedTuple):
    """A session to open, with the hashes of its first refresh token and of the id a browser keeps."""

    session_id: UUID
    user_id: UUID
    token_hash: bytes
    client: Client
    user_agent: str = ""
    address: str = ""
    web_id_hash: bytes | None = None


async def open_sessions(tx: Transaction, openings: Sequence[Opening]) -> None:
    """Open them all, each with its first refresh token."""
    session_ids, user_ids, hashes, clients, agents, addresses, web_ids = zip(*openings, strict=True)
    await tx.execute(
        "WITH opened AS ("
        "INSERT INTO sessions "
        "(id, user_id, client, user_agent, address, web_id_hash, created_at, last_used_at, expires_at) "
        "SELECT id, user_id, client, agent, address, web_id, now(), now(), now() + $8 "
        "FROM unnest($1::uuid[], $2::uuid[], $4::text[], $5::text[], $6::text[], $7::bytea[]) "
        "AS o (id, user_id, client, agent, address, web_id) ORDER BY user_id) "
        "INSERT INTO refresh_tokens (hash, session_id, created_at) "
        "SELECT hash, id, now() FROM unnest($3::bytea[], $1::uuid[]) AS t (hash, id)",
        session_ids,
        user_ids,
        hashes,
        clients,
        agents,
        addresses,
        web_ids,
        LIFETIME,
    )


_OPEN = f"s.revoked_at IS NULL AND s.expires_at > now() AND {is_present('u')} FOR NO KEY UPDATE OF s"
_SESSION = f"SELECT {ACCOUNT}, s.id AS session_id, s.client FROM sessions s JOIN users u ON u.id = s.user_id"


async def lock_by_token(tx: Transaction, token_hash: bytes) -> asyncpg.Record | None:
    """Lock the open session a native client's token belongs to; returns it with its account as it is now."""
    return await tx.fetchrow(
        f"{_SESSION} WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) "
        f"AND s.web_id_hash IS NULL AND {_OPEN}",
        token_hash,
    )


async def lock_by_web_id(tx: Transaction, web_id_hash: bytes) -> asyncpg.Record | None:
    """The same for the session whose id a browser keeps."""
    return await tx.fetchrow(f"{_SESSION} WHERE s.web_id_hash = $1 AND {_OPEN}", web_id_hash)


async def token_state(tx: Transaction, session_id: UUID, token_hash: bytes) -> asyncpg.Record | None:
    """Whether a token of the locked session `is_spent`, and its `seed` while it is within its grace."""
    return await tx.fetchrow(
        "SELECT spent_at IS NOT NULL AS is_spent, "
        "CASE WHEN spent_at > now() - $3::interval THEN seed END AS seed "
        "FROM refresh_tokens WHERE session_id = $1 AND hash = $2",
        session_id,
        token_hash,
        GRACE,
    )


async def rotate(tx: Transaction, session_id: UUID, spent: bytes, seed: bytes, fresh: bytes) -> None:
    """Spend a token of the locked session for its successor; the token before it is out of grace."""
    await tx.execute(
        "UPDATE refresh_tokens SET seed = CASE WHEN hash = $2 THEN $3::bytea END, "
        "spent_at = coalesce(spent_at, now()) WHERE session_id = $1 AND (hash = $2 OR seed IS NOT NULL)",
        session_id,
        spent,
        seed,
    )
    await _add_token(tx, session_id, fresh)


async def begin_anew(tx: Transaction, session_id: UUID, fresh: bytes) -> None:
    """Spend every token of the locked session for one that none of them makes."""
    await tx.execute(
        "UPDATE refresh_tokens SET seed = NULL, spent_at = coalesce(spent_at, now()) "
        "WHERE session_id = $1 AND (spent_at IS NULL OR seed IS NOT NULL)",
        session_id,
    )
    await _add_token(tx, session_id, fresh)


async def _add_token(tx: Transaction, session_id: UUID, fresh: bytes) -> None:
    await tx.execute(
        "INSERT INTO refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, now())", fresh, session_id
    )


async def prolong(tx: Transaction, session_id: UUID, user_agent: str, address: str) -> None:
    """Note that a session was used just now, and from where; what is not known stays."""
    await tx.execute(
        "UPDATE sessions SET last_used_at = now(), expires_at = now() + $2, "
        "user_agent = coalesce(nullif($3, ''), user_agent), address = coalesce(nullif($4, ''), address) WHERE id = $1",
        session_id,
        LIFETIME,
        user_agent,
        address,
    )


async def end(tx: Transaction, user_id: UUID, session_id: UUID) -> list[UUID]:
    """End somebody's session; returns it, or none where it had ended or is not theirs."""
    rows = await tx.fetch(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id",
        session_id,
        user_id,
    )
    return [row["id"] for row in rows]


async def end_all(tx: Transaction, user_id: UUID, *, but: UUID | None = None) -> list[UUID]:
    """End all of somebody's sessions, or all but one; returns them."""
    rows = await tx.fetch(
        "SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND id IS DISTINCT FROM $2 "
        "ORDER BY id FOR NO KEY UPDATE",
        user_id,
        but,
    )
    ids = [row["id"] for row in rows]
    await tx.execute("UPDATE sessions SET revoked_at = now() WHERE id = ANY($1)", ids)
    return ids


async def end_by_web_id(tx: Transaction, web_id_hash: bytes) -> asyncpg.Record | None:
    """End the session whose id a browser keeps; returns `session_id` and `user_id` where it was open."""
    return await tx.fetchrow(
        "UPDATE sessions SET revoked_at = now() WHERE web_id_hash = $1 AND revoked_at IS NULL "
        "RETURNING id AS session_id, user_id",
        web_id_hash,
    )


async def open_of(db: Reads, user_id: UUID, limit: int, below: UUID) -> list[asyncpg.Record]:
    """Somebody's open sessions, the latest first, those below that id."""
    return await db.fetch(
        "SELECT id, user_agent, address, created_at, last_used_at FROM sessions "
        "WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > now() AND id < $3 "
        "ORDER BY id DESC LIMIT $2",
        user_id,
        limit,
        below,
    )
