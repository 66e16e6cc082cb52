"""All SQL of notifications. Who changes somebody's notifications locks that person's marker first."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.graph.visibility import may_meet
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.deeds import Deed, columns
from actors.notifications.messages import CAP, NotificationKind, SubjectKind

_ABOUT_ME = (NotificationKind.follow, NotificationKind.follow_request)
SAMPLE = 3
"""People named in a notification."""
MOVED = "n.id, n.user_id, n.kind, n.subject_kind, n.subject_id, n.people, n.at"
"""What is said of notifications that changed."""


async def lock(tx: Transaction, user_ids: Iterable[UUID]) -> frozenset[UUID]:
    """Lock these people's notifications until the commit. Returns those who are there: who was erased is told
    nothing."""
    ids = sorted(set(user_ids))
    await tx.execute(
        "INSERT INTO notification_markers (user_id) SELECT id FROM users "
        "WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY id ON CONFLICT DO NOTHING",
        ids,
    )
    rows = await tx.fetch(
        "SELECT user_id FROM notification_markers WHERE user_id = ANY($1::uuid[]) ORDER BY user_id FOR NO KEY UPDATE",
        ids,
    )
    return frozenset(row["user_id"] for row in rows)


async def open_groups(tx: Transaction, kind: NotificationKind, deeds: Iterable[Deed]) -> None:
    """See to it that each of these deeds has a notification to be in."""
    groups = {(deed.user_id, deed.subject_id): uuid7() for deed in deeds}
    await tx.execute(
        """
        INSERT INTO notifications (id, user_id, kind, subject_kind, subject_id, people, at)
        SELECT id, user_id, $4, $5, subject_id, 0, clock_timestamp()
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS g (id, user_id, subject_id)
        ON CONFLICT (user_id, kind, subject_id) DO NOTHING
        """,
        list(groups.values()),
        [user_id for user_id, _ in groups],
        [subject_id for _, subject_id in groups],
        kind,
        SubjectKind.profile if kind in _ABOUT_ME else SubjectKind.post,
    )


async def move(tx: Transaction, kind: NotificationKind, deeds: Mapping[Deed, bool]) -> list[Record]:
    """Put people into notifications (True) and take them out (False). Returns the notifications that changed.

    News move a notification to the top; what is taken back does not.
    """
    return await tx.fetch(
        f"""
        WITH asked AS (
            SELECT n.id, a.person_id, a.stands
            FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[])
                AS a (user_id, subject_id, person_id, stands)
            JOIN notifications n ON n.user_id = a.user_id AND n.kind = $5 AND n.subject_id = a.subject_id),
        added AS (
            INSERT INTO notification_people (notification_id, person_id, at)
            SELECT id, person_id, clock_timestamp() FROM asked WHERE stands
            ON CONFLICT DO NOTHING RETURNING notification_id),
        removed AS (
            DELETE FROM notification_people p USING asked
            WHERE p.notification_id = asked.id AND p.person_id = asked.person_id AND NOT asked.stands
            RETURNING p.notification_id)
        UPDATE notifications n
        SET people = n.people + m.steps, at = CASE WHEN m.is_news THEN clock_timestamp() ELSE n.at END
        FROM (SELECT notification_id, sum(step)::int AS steps, bool_or(step > 0) AS is_news FROM (
                SELECT notification_id, 1 AS step FROM added
                UNION ALL SELECT notification_id, -1 FROM removed) AS moves
              GROUP BY notification_id) AS m
        WHERE n.id = m.notification_id
        RETURNING {MOVED}
        """,
        *columns(deeds),
        list(deeds.values()),
        kind,
    )


async def remove(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Delete notifications that nobody is left in."""
    await tx.execute("DELETE FROM notifications WHERE id = ANY($1::uuid[])", ids)


async def latest_people(db: Reads, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The latest three people of each notification whom its owner may meet; one without any is left out."""
    rows = await db.fetch(
        f"""
        SELECT n.id, p.person_id FROM notifications n CROSS JOIN LATERAL (
            SELECT one.person_id, one.at FROM notification_people one
            WHERE one.notification_id = n.id AND {may_meet("n.user_id", "one.person_id")}
            ORDER BY one.at DESC, one.person_id LIMIT $2) AS p
        WHERE n.id = ANY($1::uuid[]) ORDER BY n.id, p.at DESC, p.person_id
        """,
        ids,
        SAMPLE,
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["id"], []).append(row["person_id"])
    return found


class Marks(NamedTuple):
    """How far somebody has read and seen, and how much is beyond."""

    read_until: UUID | None
    read_at: datetime | None
    seen_until: UUID | None
    seen_at: datetime | None
    unseen: int
    unread: int

    def is_read(self, at: datetime) -> bool:
        """Whether somebody has read what came then."""
        return self.read_at is not None and at <= self.read_at

    def is_seen(self, at: datetime) -> bool:
        """Whether somebody has seen what came then."""
        return self.seen_at is not None and at <= self.seen_at


async def marks(db: Reads, user_ids: Iterable[UUID]) -> dict[UUID, Marks]:
    """The markers of these people, for each one of them."""
    beyond = """
        SELECT count(*) FROM (
            SELECT FROM notifications n
            WHERE n.user_id = u.id AND n.at > COALESCE(m.{}, '-infinity') LIMIT $2) AS beyond
    """
    rows = await db.fetch(
        f"""
        SELECT u.id, m.read_until, m.read_at, m.seen_until, m.seen_at,
            ({beyond.format("seen_at")}) AS unseen, ({beyond.format("read_at")}) AS unread
        FROM unnest($1::uuid[]) AS u (id) LEFT JOIN notification_markers m ON m.user_id = u.id
        """,
        list(set(user_ids)),
        CAP,
    )
    return {row["id"]: Marks(*tuple(row)[1:]) for row in rows}


async def latest(db: Reads, user_id: UUID, *, below: tuple[datetime, UUID], limit: int) -> list[Record]:
    """Somebody's notifications below a place, the latest first."""
    return await db.fetch(
        """
        SELECT id, user_id, kind, subject_kind, subject_id, people, at FROM notifications
        WHERE user_id = $1 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4
        """,
        user_id,
        *below,
        limit,
    )


async def came_at(tx: Transaction, user_id: UUID, notification_id: UUID) -> datetime | None:
    """When the latest of this notification of somebody's came; None: there is no such one of theirs."""
    at: datetime | None = await tx.fetchval(
        "SELECT at FROM notifications WHERE id = $1 AND user_id = $2", notification_id, user_id
    )
    return at


async def mark(tx: Transaction, user_id: UUID, until: UUID, at: datetime, *, read: bool) -> bool:
    """Move the seen marker forward, and the read marker too if `read`: what is read was seen. False: neither moved."""
    moved = [
        await tx.fetchval(
            f"""
            UPDATE notification_markers SET {which}_until = $2, {which}_at = $3
            WHERE user_id = $1 AND ({which}_at IS NULL OR {which}_at < $3) RETURNING true
            """,
            user_id,
            until,
            at,
        )
        for which in (("read", "seen") if read else ("seen",))
    ]
    return any(moved)
