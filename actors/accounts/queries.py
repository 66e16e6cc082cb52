"""All SQL of accounts."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from actors.accounts.tokens import LIFETIMES, Purpose
from actors.kernel.transaction import Reads, Transaction

AN_HOUR = timedelta(hours=1)
MAILS_AN_HOUR = 5
"""How much of one kind an address is sent in an hour at the most, of what strangers can cause."""

_PROVEN = "email_verified_at IS NOT NULL"
_GOOD = """t.used_at IS NULL AND t.expires_at > now() AND NOT EXISTS (
    SELECT FROM users u WHERE u.id = t.user_id AND u.password_changed_at >= t.asked_at)"""
"""Not used, in its time, and not outdated by a change of the password, whichever of the two was heard of first."""


async def account(db: Reads, user_id: UUID) -> asyncpg.Record | None:
    """A living account: `id`, `username`, `email`, `is_verified`, `closing_at`."""
    return await db.fetchrow(
        f"SELECT id, username, email, {_PROVEN} AS is_verified, closing_at FROM users "
        "WHERE id = $1 AND deleted_at IS NULL",
        user_id,
    )


async def owner_of(db: Reads, email: str) -> UUID | None:
    """The account that proved this address: nobody else signs in or is reached by it."""
    user_id: UUID | None = await db.fetchval(
        f"SELECT id FROM users WHERE email = $1 AND {_PROVEN} AND deleted_at IS NULL", email
    )
    return user_id


async def promise(
    tx: Transaction,
    token_hash: bytes,
    user_id: UUID,
    purpose: Purpose,
    email: str,
    *,
    former_email: str | None,
    asked_at: datetime,
) -> None:
    """Expect this token, and no longer the one before it; what was asked earlier but is heard later changes nothing."""
    await tx.execute(
        "INSERT INTO mail_tokens AS t (user_id, purpose, hash, email, former_email, asked_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, least($6, now()), now() + $7::interval) "
        "ON CONFLICT (user_id, purpose) DO UPDATE SET "
        "hash = excluded.hash, email = excluded.email, former_email = excluded.former_email, "
        "asked_at = excluded.asked_at, expires_at = excluded.expires_at, used_at = NULL "
        "WHERE t.asked_at <= excluded.asked_at",
        user_id,
        purpose,
        token_hash,
        email,
        former_email,
        asked_at,
        LIFETIMES[purpose],
    )


async def usable(db: Reads, token_hash: bytes, purpose: Purpose) -> asyncpg.Record | None:
    """A token that is good for this: `user_id`, `email` and `asked_at`."""
    return await db.fetchrow(
        f"SELECT user_id, email, asked_at FROM mail_tokens t WHERE hash = $1 AND purpose = $2 AND {_GOOD}",
        token_hash,
        purpose,
    )


async def spend(tx: Transaction, token_hash: bytes, purposes: Collection[Purpose]) -> asyncpg.Record | None:
    """Use a token up: `user_id`, `email` and `purpose`, or None where it is good for none of these."""
    return await tx.fetchrow(
        f"UPDATE mail_tokens t SET used_at = now() WHERE hash = $1 AND purpose = ANY($2) AND {_GOOD} "
        "RETURNING user_id, email, purpose",
        token_hash,
        purposes,
    )


async def void(tx: Transaction, user_id: UUID) -> None:
    """No link somebody was sent until now is good for anything."""
    await tx.execute("UPDATE mail_tokens SET used_at = now() WHERE user_id = $1 AND used_at IS NULL", user_id)


async def promised(db: Reads, user_id: UUID, purpose: Purpose) -> asyncpg.Record | None:
    """The token somebody is expected to use: `hash`, `email`, `former_email`, `is_good` while it can be used."""
    return await db.fetchrow(
        f"SELECT hash, email, former_email, {_GOOD} AS is_good FROM mail_tokens t WHERE user_id = $1 AND purpose = $2",
        user_id,
        purpose,
    )


async def spend_quota(tx: Transaction, kind: str, email: str) -> bool:
    """Whether this address may be sent one more mail of this kind now, which then counts."""
    may: bool | None = await tx.fetchval(
        "INSERT INTO mail_quotas AS q (address_hash, sent, latest_at) VALUES ($1, ARRAY[now()], now()) "
        "ON CONFLICT (address_hash) DO UPDATE SET latest_at = now(), "
        "sent = now() || ARRAY(SELECT at FROM unnest(q.sent) AS at WHERE at > now() - $2::interval) "
        "WHERE (SELECT count(*) FROM unnest(q.sent) AS at WHERE at > now() - $2::interval) < $3 RETURNING true",
        hashlib.sha256(f"{kind}:{email}".encode()).digest(),
        AN_HOUR,
        MAILS_AN_HOUR,
    )
    return bool(may)


async def defer(
    tx: Transaction, mail_id: UUID, letter: str, user_id: UUID, object_key: str | None, tries: int, after: timedelta
) -> None:
    """Let a letter wait."""
    await tx.execute(
        "INSERT INTO deferred_letters (mail_id, letter, user_id, object_key, tries, next_at) "
        "SELECT $1, $2, id, $4, $5, now() + $6::interval FROM users WHERE id = $3 AND deleted_at IS NULL "
        "ON CONFLICT (mail_id) DO NOTHING",
        mail_id,
        letter,
        user_id,
        object_key,
        tries,
        after,
    )


async def take_due(tx: Transaction, limit: int) -> Sequence[asyncpg.Record]:
    """Take letters that have waited long enough: `mail_id`, `letter`, `user_id`, `object_key`, `tries`."""
    return await tx.fetch(
        "DELETE FROM deferred_letters WHERE mail_id IN (SELECT mail_id FROM deferred_letters WHERE next_at <= now() "
        "ORDER BY next_at LIMIT $1 FOR UPDATE SKIP LOCKED) "
        "RETURNING mail_id, letter, user_id, object_key, tries",
        limit,
    )


async def past_grace(db: Reads, grace: timedelta, limit: int) -> Sequence[UUID]:
    """Accounts to erase, those that were closed first."""
    rows = await db.fetch(
        "SELECT id FROM users WHERE closing_at <= now() - $1::interval AND deleted_at IS NULL "
        "ORDER BY closing_at, id LIMIT $2",
        grace,
        limit,
    )
    return [row["id"] for row in rows]


async def forget(tx: Transaction, user_id: UUID) -> None:
    """Remove what is kept here of somebody."""
    await tx.execute("DELETE FROM mail_tokens WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM deferred_letters WHERE user_id = $1", user_id)


async def prune(tx: Transaction) -> None:
    """Forget what no longer counts: quotas of more than an hour ago, tokens of more than a day ago."""
    await tx.execute("DELETE FROM mail_quotas WHERE latest_at < now() - $1::interval", AN_HOUR)
    await tx.execute("DELETE FROM mail_tokens WHERE expires_at < now() - interval '1 day'")
