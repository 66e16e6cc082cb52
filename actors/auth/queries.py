"""All SQL about accounts; that of their sessions is in `families.py`, that of one-time codes in `authenticators.py`.

Whoever changes an account or opens a session for it locks its row first, and what it ends after that.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from actors.auth.credentials import EmailTaken
from actors.auth.messages import InvalidCredentials, UsernameTaken
from actors.auth.names import username_key
from actors.auth.people import Role, UnknownUser
from actors.auth.presence import is_present
from actors.auth.standing import CLOSING_GRACE, LONGEST_COMMIT, RECENT, NotClosing
from actors.kernel.errors import Refusal, Unauthenticated
from actors.kernel.transaction import Reads, Transaction

OWN = """u.email, u.email_verified_at IS NOT NULL AS email_verified, u.plan,
    EXISTS (SELECT FROM authenticators a WHERE a.user_id = u.id AND a.confirmed_at IS NOT NULL) AS totp_enabled"""
"""What of an account its owner alone is shown."""
ACCOUNT = f"u.id, u.username, u.role, u.created_at, {OWN}"
# Python has no infinity of time.
_UNTIL = """CASE WHEN suspended_until = 'infinity' THEN '9999-12-31 00:00+00' ELSE suspended_until END
    AS suspended_until"""
_LOCKED = f"""{ACCOUNT}, u.password_hash, u.password_changed_at, u.closing_at, {_UNTIL},
    coalesce(u.suspended_until > now(), false) AS is_suspended, u.suspension_reason"""
_STANDING = f"""id AS user_id, role, plan, {_UNTIL}, closing_at IS NOT NULL AS closing,
    coalesce(changed_at, created_at) AS changed_at"""
# Later than the change before it, also where that transaction began later.
_CHANGED = "changed_at = greatest(clock_timestamp(), changed_at + interval '1 microsecond')"


async def add_user(tx: Transaction, user_id: UUID, username: str, email: str, password_hash: str) -> asyncpg.Record:
    """The new account. Raises `UsernameTaken`."""
    row = await tx.fetchrow(
        "INSERT INTO users AS u (id, username, username_key, email, password_hash, role, plan, created_at) "
        "VALUES ($1, $2, $3, $4, $5, 'user', 'free', now()) "
        f"ON CONFLICT (username_key) DO NOTHING RETURNING {ACCOUNT}",
        user_id,
        username,
        username_key(username),
        email,
        password_hash,
    )
    return _there(row, UsernameTaken)


async def credentials(db: Reads, key: str, email: str | None) -> asyncpg.Record | None:
    """Id and password hash of the living account with that name, or of the one that verified that e-mail.

    An address that nobody verified is nobody's: it would tell whoever registers with it whether others did before.
    """
    return await db.fetchrow(
        "SELECT id, password_hash FROM users WHERE deleted_at IS NULL "
        "AND (username_key = $1 OR email = $2 AND email_verified_at IS NOT NULL) "
        "ORDER BY username_key = $1 DESC LIMIT 1",
        key,
        email,
    )


async def own_credentials(db: Reads, user_id: UUID) -> asyncpg.Record:
    """Password hash, username and e-mail of a living account. Raises `UnknownUser`."""
    row = await db.fetchrow(
        "SELECT password_hash, username, email FROM users WHERE id = $1 AND deleted_at IS NULL", user_id
    )
    return _there(row, UnknownUser)


async def lock(tx: Transaction, user_id: UUID) -> asyncpg.Record:
    """Lock a living account: nobody signs in to it or changes it meanwhile. Raises `UnknownUser`."""
    row = await tx.fetchrow(
        f"SELECT {_LOCKED} FROM users u WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", user_id
    )
    return _there(row, UnknownUser)


async def lock_with_password(tx: Transaction, user_id: UUID, password_hash: str) -> asyncpg.Record:
    """The same, if that is still its password. Raises `InvalidCredentials`.

    A session opened with the old password must not slip past a change of it.
    """
    row = await tx.fetchrow(
        f"SELECT {_LOCKED} FROM users u WHERE id = $1 AND password_hash = $2 AND deleted_at IS NULL FOR NO KEY UPDATE",
        user_id,
        password_hash,
    )
    return _there(row, InvalidCredentials)


async def lock_signed_in(tx: Transaction, user_id: UUID, session_id: UUID) -> asyncpg.Record:
    """The same, if that session of theirs is open: a token may outlive it for a moment. Raises `Unauthenticated`."""
    row = await tx.fetchrow(
        f"SELECT {_LOCKED} FROM users u WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", user_id
    )
    # In a second statement: what ended it may have held the lock.
    is_open = await tx.fetchval(
        "SELECT true FROM sessions WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL", session_id, user_id
    )
    return _there(row if is_open else None, Unauthenticated)


async def accounts(tx: Transaction, user_ids: Sequence[UUID]) -> dict[UUID, asyncpg.Record]:
    """Lock the accounts among these that show; returns them by id."""
    rows = await tx.fetch(
        f"SELECT {ACCOUNT} FROM users u WHERE id = ANY($1) AND {is_present('u')} ORDER BY id FOR SHARE", user_ids
    )
    return {row["id"]: row for row in rows}


async def account(db: Reads, key: str) -> asyncpg.Record:
    """The living account of that name. Raises `UnknownUser`."""
    row = await db.fetchrow(f"SELECT {ACCOUNT} FROM users u WHERE username_key = $1 AND deleted_at IS NULL", key)
    return _there(row, UnknownUser)


def _there(row: asyncpg.Record | None, refusal: type[Refusal]) -> asyncpg.Record:
    if row is None:
        raise refusal
    return row


# ── changes of a locked account ──────────────────────────────────────────────────────────────────────────


async def set_password(tx: Transaction, user_id: UUID, password_hash: str) -> None:
    """Another password."""
    await tx.execute(
        "UPDATE users SET password_hash = $2, password_changed_at = clock_timestamp() WHERE id = $1",
        user_id,
        password_hash,
    )


async def confirm_email(tx: Transaction, user_id: UUID, email: str) -> None:
    """Another address, verified. Raises `EmailTaken`."""
    try:
        await tx.execute(
            "UPDATE users SET email = $2, email_verified_at = "
            "CASE WHEN email = $2 THEN coalesce(email_verified_at, now()) ELSE now() END WHERE id = $1",
            user_id,
            email,
        )
    except asyncpg.UniqueViolationError:
        raise EmailTaken from None


async def set_role(tx: Transaction, user_id: UUID, role: Role) -> asyncpg.Record:
    """Another role; returns the standing."""
    return await _change(tx, user_id, "role = $2", role)


async def suspend(tx: Transaction, user_id: UUID, until: datetime | None, reason: str) -> asyncpg.Record:
    """Suspended until then, or until it is lifted; returns the standing."""
    return await _change(
        tx, user_id, "suspended_until = coalesce($2::timestamptz, 'infinity'), suspension_reason = $3", until, reason
    )


async def lift_suspension(tx: Transaction, user_id: UUID) -> asyncpg.Record:
    """Suspended no more; returns the standing."""
    return await _change(tx, user_id, "suspended_until = NULL, suspension_reason = NULL")


async def close(tx: Transaction, user_id: UUID) -> asyncpg.Record:
    """Being closed from now on; returns the standing."""
    return await _change(tx, user_id, "closing_at = now()")


async def reopen(tx: Transaction, user_id: UUID) -> asyncpg.Record:
    """Back again; returns the standing."""
    return await _change(tx, user_id, "closing_at = NULL")


async def _change(tx: Transaction, user_id: UUID, change: str, *values: object) -> asyncpg.Record:
    row = await tx.fetchrow(
        f"UPDATE users SET {change}, {_CHANGED} WHERE id = $1 RETURNING {_STANDING}", user_id, *values
    )
    assert row is not None
    return row


async def erase(tx: Transaction, user_id: UUID) -> None:
    """Leave nothing of an account but its name. Raises `NotClosing` and `UnknownUser`."""
    row = _there(
        await tx.fetchrow("SELECT deleted_at FROM users WHERE id = $1 FOR NO KEY UPDATE", user_id), UnknownUser
    )
    if row["deleted_at"] is not None:
        return
    erased = await tx.fetchrow(
        "UPDATE users SET deleted_at = now(), email = '', email_verified_at = NULL, password_hash = '', "
        "suspension_reason = NULL WHERE id = $1 AND closing_at <= now() - $2::interval RETURNING id",
        user_id,
        CLOSING_GRACE,
    )
    _there(erased, NotClosing)
    for table in ("sessions", "recovery_codes", "authenticators"):
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)


async def recent_revocations(db: Reads, since: datetime | None) -> list[asyncpg.Record]:
    """A row with `as_of` alone, then the sessions that ended, by `session_id`, and the standings that changed.

    While an access token lives, or after `since` as far as that can have become readable by now; each by its index.
    """
    after = "(SELECT coalesce($1::timestamptz - $2::interval, now() - $3::interval))"
    return await db.fetch(
        "SELECT now() AS as_of, NULL::uuid AS session_id, NULL::uuid AS user_id, NULL AS role, NULL AS plan, "
        "NULL::timestamptz AS suspended_until, NULL::boolean AS closing, NULL::timestamptz AS changed_at "
        "UNION ALL SELECT NULL, id, user_id, NULL, NULL, NULL, NULL, NULL FROM sessions "
        f"WHERE revoked_at > {after} "
        f"UNION ALL SELECT NULL, NULL, {_STANDING} FROM users WHERE changed_at > {after}",
        since,
        LONGEST_COMMIT,
        RECENT,
    )
