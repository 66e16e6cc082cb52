"""How notifications are read, and marked as read. Who changes somebody's notifications locks that person's marker
first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from actors.graph.visibility import may_meet
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.messages import CAP

SAMPLE = 3
"""People named in a notification."""


class Group(NamedTuple):
    """A notification: what `people` did with one thing of somebody's."""

    id: UUID
    user_id: UUID
    kind: str
    subject_kind: str
    subject_id: UUID
    people: int
    at: datetime


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


async def latest_people(db: Reads, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The latest three people of each notification whom its owner may meet; one without any is left out."""
    rows = await db.fetch(
        f"""
        SELECT n.id, p.person_id FROM notifications n CROSS JOIN LATERAL (
            SELECT one.person_id, one.at FROM notification_people one
            WHERE one.notification_id = n.id AND one.shown AND {may_meet("n.user_id", "one.person_id")}
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
            WHERE n.user_id = u.id AND n.people > 0 AND n.at > COALESCE(m.{}, '-infinity') LIMIT $2) AS beyond
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


async def latest(db: Reads, user_id: UUID, *, below: tuple[datetime, UUID], limit: int) -> list[Group]:
    """Somebody's notifications below a place, the latest first."""
    rows = await db.fetch(
        f"""
        SELECT {", ".join(Group._fields)} FROM notifications
        WHERE user_id = $1 AND people > 0 AND (at, id) < ($2, $3) ORDER BY at DESC, id DESC LIMIT $4
        """,
        user_id,
        *below,
        limit,
    )
    return [Group(*row) for row in rows]


async def came_at(tx: Transaction, user_id: UUID, notification_id: UUID) -> datetime | None:
    """When the latest of this notification of somebody's came, also where it was taken back a moment ago; None: there
    is no such one of theirs."""
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
