"""SQL of digests: who is owed one, what stands in it, and what became of it."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from actors.auth.presence import is_present
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.preferences import IS_MAILED, OF_OWNER
from actors.notifications.queries import Group

REACH = timedelta(days=7)
"""What is older than this no digest speaks of."""
WORTH = timedelta(hours=20)
"""For so long a digest waits for the mail server; after that the next one is near."""

_WANTS_MAIL = f"u.email_verified_at IS NOT NULL AND {is_present('u')} AND COALESCE(pr.mail_digest, true)"
_UNREAD = f"n.people > 0 AND n.at > COALESCE(m.read_at, '-infinity') AND {IS_MAILED}"


class Digest(NamedTuple):
    """A digest on its way: to whom, and the stretch of time it speaks of."""

    user_id: UUID
    username: str
    email: str
    since: datetime
    until: datetime
    tries: int


async def stretch(db: Reads, after: UUID, limit: int) -> list[UUID]:
    """The next people after that one who ever were told of anything."""
    rows = await db.fetch(
        "SELECT user_id FROM notification_markers WHERE user_id > $1 ORDER BY user_id LIMIT $2", after, limit
    )
    return [row["user_id"] for row in rows]


async def due(db: Reads, user_ids: Sequence[UUID], day: date) -> list[UUID]:
    """Those of these people who had no digest that day, want one, and have not read what came since the last."""
    rows = await db.fetch(
        f"""
        SELECT u.id FROM users u JOIN notification_markers m ON m.user_id = u.id
        LEFT JOIN notification_digests d ON d.user_id = u.id
        LEFT JOIN notification_preferences pr ON pr.user_id = u.id
        WHERE u.id = ANY($1::uuid[]) AND {_WANTS_MAIL} AND (d.day IS NULL OR d.day < $2) AND EXISTS (
            SELECT FROM notifications n WHERE n.user_id = u.id AND {_UNREAD}
                AND n.at > GREATEST(d.sent_until, now() - $3::interval))
        ORDER BY u.id
        """,
        user_ids,
        day,
        REACH,
    )
    return [row["id"] for row in rows]


async def promise(tx: Transaction, mails: Mapping[UUID, UUID], day: date) -> list[UUID]:
    """Move these people on to the digest of that day, in the mails named; returns those who had none that day."""
    rows = await tx.fetch(
        """
        INSERT INTO notification_digests AS d (user_id, day, mail_id, since, until, tries)
        SELECT user_id, $3, mail_id, now() - $4::interval, now(), 0
        FROM unnest($1::uuid[], $2::uuid[]) AS a (user_id, mail_id)
        ON CONFLICT (user_id) DO UPDATE SET day = excluded.day, mail_id = excluded.mail_id, until = excluded.until,
            since = GREATEST(d.sent_until, excluded.since), tries = 0, waits_until = NULL
        WHERE d.day < excluded.day RETURNING user_id
        """,
        list(mails),
        list(mails.values()),
        day,
        REACH,
    )
    return [row["user_id"] for row in rows]


async def owed(db: Reads, user_id: UUID, mail_id: UUID) -> Digest | None:
    """That digest, unless it was sent, came too late, gave way to the next, or is not to be had any more."""
    row = await db.fetchrow(
        f"""
        SELECT u.id, u.username, u.email, d.since, d.until, d.tries
        FROM notification_digests d JOIN users u ON u.id = d.user_id
        LEFT JOIN notification_preferences pr ON pr.user_id = u.id
        WHERE d.user_id = $1 AND d.mail_id = $2 AND d.until > now() - $3::interval
            AND (d.sent_until IS NULL OR d.sent_until < d.until) AND {_WANTS_MAIL}
        """,
        user_id,
        mail_id,
        WORTH,
    )
    return None if row is None else Digest(*row)


async def unread(db: Reads, digest: Digest, limit: int) -> list[Group]:
    """What stands in a digest: what came in its time and is still unread, the latest first."""
    rows = await db.fetch(
        f"""
        SELECT {", ".join(f"n.{field}" for field in Group._fields)}
        FROM notifications n JOIN notification_markers m ON m.user_id = n.user_id {OF_OWNER}
        WHERE n.user_id = $1 AND n.at > $2 AND n.at <= $3 AND {_UNREAD} ORDER BY n.at DESC, n.id DESC LIMIT $4
        """,
        digest.user_id,
        digest.since,
        digest.until,
        limit,
    )
    return [Group(*row) for row in rows]


async def sent(tx: Transaction, user_id: UUID, mail_id: UUID) -> None:
    """That digest is on its way: the next one goes on where it ends."""
    await tx.execute(
        "UPDATE notification_digests SET sent_until = until WHERE user_id = $1 AND mail_id = $2", user_id, mail_id
    )


async def defer(tx: Transaction, user_id: UUID, mail_id: UUID, after: timedelta) -> None:
    """Let a digest wait."""
    await tx.execute(
        "UPDATE notification_digests SET tries = tries + 1, waits_until = now() + $3::interval "
        "WHERE user_id = $1 AND mail_id = $2",
        user_id,
        mail_id,
        after,
    )


async def take_waiting(tx: Transaction, limit: int) -> list[tuple[UUID, UUID]]:
    """Take digests that have waited long enough: whose, and in which mail."""
    rows = await tx.fetch(
        """
        UPDATE notification_digests SET waits_until = NULL WHERE user_id IN (
            SELECT user_id FROM notification_digests WHERE waits_until <= now() ORDER BY waits_until LIMIT $1
            FOR UPDATE SKIP LOCKED)
        RETURNING user_id, mail_id
        """,
        limit,
    )
    return [(row["user_id"], row["mail_id"]) for row in rows]
