"""What is forgotten, a part at a time: of somebody who is erased, of a post that is gone for good, and of what was
taken back long enough ago."""

from collections.abc import Sequence
from uuid import UUID

from actors.kernel.transaction import Reads, Transaction
from actors.notifications import moving, queries
from actors.notifications.moving import REMEMBERED, Moved

_OWNED = ("notification_markers", "notification_preferences", "notification_digests", "notification_absences")


async def forget_some(tx: Transaction, user_id: UUID, limit: int) -> bool:
    """Remove up to `limit` people from somebody's own notifications; when nobody is left in them, those too, and
    whatever else is kept here of somebody.

    Returns whether there may be more.
    """
    if await _forget_whole(tx, "user_id", user_id, limit):
        return True
    for table in _OWNED:
        await tx.execute(f"DELETE FROM {table} WHERE user_id = $1", user_id)
    return False


async def forget_about(tx: Transaction, subject_id: UUID, limit: int) -> bool:
    """Remove up to `limit` people from what tells of this subject, which nobody is shown any more; when nobody is left
    in it, that too.

    Returns whether there may be more.
    """
    return await _forget_whole(tx, "subject_id", subject_id, limit)


async def _forget_whole(tx: Transaction, whose: str, which: UUID, limit: int) -> bool:
    tag = await tx.execute(
        f"""
        DELETE FROM notification_people WHERE (notification_id, person_id) IN (
            SELECT p.notification_id, p.person_id FROM notifications n
            JOIN notification_people p ON p.notification_id = n.id WHERE n.{whose} = $1 LIMIT $2)
        """,
        which,
        limit,
    )
    if tag == f"DELETE {limit}":
        return True
    await tx.execute(f"DELETE FROM notifications WHERE {whose} = $1", which)
    return False


async def leave_some(tx: Transaction, person_id: UUID, limit: int) -> tuple[Sequence[Moved], bool]:
    """Take somebody out of up to `limit` notifications of others. Returns those, and whether there may be more."""
    rows = await tx.fetch(
        """
        SELECT n.id, n.user_id FROM notification_people p JOIN notifications n ON n.id = p.notification_id
        WHERE p.person_id = $1 ORDER BY n.id LIMIT $2
        """,
        person_id,
        limit,
    )
    await queries.lock(tx, (row["user_id"] for row in rows))
    moved = await moving.leave(tx, person_id, [row["id"] for row in rows])
    await _close(tx, [row.group.id for row in moved])
    return moved, len(rows) == limit


async def taken_back(db: Reads, limit: int) -> list[UUID]:
    """Whose notifications remember what was taken back and need not be remembered any longer."""
    rows = await db.fetch(
        """
        SELECT DISTINCT n.user_id FROM (
            SELECT notification_id FROM notification_people WHERE NOT stands AND at <= now() - $1::interval
            ORDER BY at LIMIT $2) AS old
        JOIN notifications n ON n.id = old.notification_id
        """,
        REMEMBERED,
        limit,
    )
    return [row["user_id"] for row in rows]


async def forget_taken_back(tx: Transaction, user_ids: Sequence[UUID], limit: int) -> int:
    """Forget up to `limit` of the deeds that these people's notifications remember in vain. Returns how many."""
    await queries.lock(tx, user_ids)
    rows = await tx.fetch(
        """
        DELETE FROM notification_people WHERE (notification_id, person_id) IN (
            SELECT p.notification_id, p.person_id
            FROM notification_people p JOIN notifications n ON n.id = p.notification_id
            WHERE NOT p.stands AND p.at <= now() - $1::interval AND n.user_id = ANY($2::uuid[])
            ORDER BY p.at LIMIT $3)
        RETURNING notification_id
        """,
        REMEMBERED,
        user_ids,
        limit,
    )
    await _close(tx, list({row["notification_id"] for row in rows}))
    return len(rows)


async def _close(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Delete those of these notifications that know of nobody any more."""
    await tx.execute(
        """
        DELETE FROM notifications n WHERE n.id = ANY($1::uuid[])
            AND NOT EXISTS (SELECT FROM notification_people p WHERE p.notification_id = n.id)
        """,
        ids,
    )
