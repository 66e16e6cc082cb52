"""All SQL of auth."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from actors.auth.messages import Client
from actors.auth.tokens import GRACE, LIFETIME
from actors.kernel.transaction import Reads, Transaction

_ACCOUNT = """u.id, u.username, u.email, u.email_verified_at IS NOT NULL AS email_verified, u.role, u.plan,
    u.created_at"""


class Opening(NamedTuple):
    """A session to open, with the hash of its first refresh token."""

    session_id: UUID
    user_id: UUID
    token_hash: bytes
    client: Client
    user_agent: str = ""
    address: str = ""


async def add_user(
    tx: Transaction, user_id: UUID, username: str, username_key: str, email: str, password_hash: str
) -> asyncpg.Record | None:
    """The new account, or None where the name is taken."""
    return await tx.fetchrow(
        "INSERT INTO users AS u (id, username, username_key, email, password_hash, role, plan, created_at) "
        "VALUES ($1, $2, $3, $4, $5, 'user', 'free', now()) "
        f"ON CONFLICT (username_key) DO NOTHING RETURNING {_ACCOUNT}",
        user_id,
        username,
        username_key,
        email,
        password_hash,
    )


async def credentials(db: Reads, username_key: str, email: str | None) -> asyncpg.Record | None:
    """Id and password hash of the living account with that name, else of the one with that e-mail.

    Of several unverified accounts with one e-mail the oldest counts, and a verified one before all.
    """
    return await db.fetchrow(
        "SELECT id, password_hash FROM users WHERE (username_key = $1 OR email = $2) AND deleted_at IS NULL "
        "ORDER BY username_key = $1 DESC, email_verified_at IS NOT NULL DESC, id LIMIT 1",
        username_key,
        email,
    )


async def account_with_password(tx: Transaction, user_id: UUID, password_hash: str) -> asyncpg.Record | None:
    """The account, if that is still its password."""
    return await tx.fetchrow(
        # FOR SHARE: a session opened with the old password must not slip past a change of it.
        f"SELECT {_ACCOUNT} FROM users u WHERE id = $1 AND password_hash = $2 AND deleted_at IS NULL FOR SHARE",
        user_id,
        password_hash,
    )


async def accounts(db: Reads, user_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """The living accounts among these, by id."""
    rows = await db.fetch(f"SELECT {_ACCOUNT} FROM users u WHERE id = ANY($1) AND deleted_at IS NULL", user_ids)
    return {row["id"]: row for row in rows}


async def open_sessions(tx: Transaction, openings: Sequence[Opening]) -> None:
    """Open them all, each with its first refresh token."""
    session_ids, user_ids, hashes, clients, agents, addresses = zip(*openings, strict=True)
    await tx.execute(
        "WITH opened AS ("
        "INSERT INTO sessions "
        "(id, user_id, client, user_agent, address, created_at, last_used_at, expires_at) "
        "SELECT id, user_id, client, agent, address, now(), now(), now() + $7 "
        "FROM unnest($1::uuid[], $2::uuid[], $4::text[], $5::text[], $6::text[]) "
        "AS o (id, user_id, client, agent, address) ORDER BY user_id) "
        "INSERT INTO refresh_tokens (hash, session_id, created_at) "
        "SELECT hash, id, now() FROM unnest($3::bytea[], $1::uuid[]) AS t (hash, id)",
        session_ids,
        user_ids,
        hashes,
        clients,
        agents,
        addresses,
        LIFETIME,
    )


async def lock_session(tx: Transaction, token_hash: bytes) -> asyncpg.Record | None:
    """Lock the open session a token belongs to; returns it with its account, None where there is none."""
    return await tx.fetchrow(
        f"SELECT {_ACCOUNT}, s.id AS session_id, s.client "
        "FROM sessions s JOIN users u ON u.id = s.user_id "
        "WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE hash = $1) "
        "AND s.revoked_at IS NULL AND s.expires_at > now() AND u.deleted_at IS NULL FOR NO KEY UPDATE OF s",
        token_hash,
    )


async def token_state(tx: Transaction, token_hash: bytes) -> asyncpg.Record:
    """Whether a token of the locked session `is_spent`, and its `seed` while it is within its grace."""
    row = await tx.fetchrow(
        "SELECT spent_at IS NOT NULL AS is_spent, "
        "CASE WHEN spent_at > now() - $2::interval THEN seed END AS seed "
        "FROM refresh_tokens WHERE hash = $1",
        token_hash,
        GRACE,
    )
    assert row is not None
    return row


async def rotate(tx: Transaction, session_id: UUID, spent: bytes, seed: bytes, fresh: bytes) -> None:
    """Spend a token of the locked session for its successor; the token before it is out of grace."""
    # What was spent longer ago than any session lives unused can no longer be told from a made-up token.
    await tx.execute(
        "DELETE FROM refresh_tokens WHERE session_id = $1 AND spent_at < now() - $2::interval",
        session_id,
        LIFETIME,
    )
    await tx.execute(
        "UPDATE refresh_tokens SET seed = CASE WHEN hash = $2 THEN $3::bytea END, "
        "spent_at = coalesce(spent_at, now()) WHERE session_id = $1 AND (hash = $2 OR seed IS NOT NULL)",
        session_id,
        spent,
        seed,
    )
    await tx.execute(
        "INSERT INTO refresh_tokens (hash, session_id, created_at) VALUES ($1, $2, now())", fresh, session_id
    )


async def prolong(tx: Transaction, session_id: UUID) -> None:
    """Note that a session was used just now."""
    await tx.execute(
        "UPDATE sessions SET last_used_at = now(), expires_at = now() + $2 WHERE id = $1",
        session_id,
        LIFETIME,
    )


async def revoke(tx: Transaction, session_id: UUID, user_id: UUID) -> bool:
    """End somebody's session; False where it had ended, or is not theirs."""
    ended = await tx.fetchval(
        "UPDATE sessions SET revoked_at = now() WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL RETURNING id",
        session_id,
        user_id,
    )
    return ended is not None
