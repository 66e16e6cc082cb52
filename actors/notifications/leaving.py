"""Taking people out of what others were told: when they block each other, and, a part at a time, when one is erased."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from actors.graph.visibility import may_meet
from actors.kernel.transaction import Transaction
from actors.notifications import queries


async def forget_some(tx: Transaction, user_id: UUID, limit: int) -> bool:
    """Remove up to `limit` people from somebody's own notifications; when nobody is left in them, those too.

    Returns whether there may be more.
    """
    tag = await tx.execute(
        """
        DELETE FROM notification_people WHERE (notification_id, person_id) IN (
            SELECT p.notification_id, p.person_id FROM notifications n
            JOIN notification_people p ON p.notification_id = n.id WHERE n.user_id = $1 LIMIT $2)
        """,
        user_id,
        limit,
    )
    if tag == f"DELETE {limit}":
        return True
    await tx.execute("DELETE FROM notifications WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM notification_markers WHERE user_id = $1", user_id)
    return False


async def leave_some(tx: Transaction, person_id: UUID, limit: int) -> tuple[Sequence[Record], bool]:
    """Take somebody out of up to `limit` notifications of others. Returns those, as `queries.move` does, and whether
    there may be more."""
    rows = await tx.fetch(
        """
        SELECT n.id, n.user_id FROM notification_people p JOIN notifications n ON n.id = p.notification_id
        WHERE p.person_id = $1 ORDER BY n.id LIMIT $2
        """,
        person_id,
        limit,
    )
    await queries.lock(tx, (row["user_id"] for row in rows))
    moved = await tx.fetch(
        f"""
        WITH gone AS (
            DELETE FROM notification_people WHERE person_id = $1 AND notification_id = ANY($2::uuid[])
            RETURNING notification_id)
        UPDATE notifications n SET people = n.people - 1 FROM gone WHERE n.id = gone.notification_id
        RETURNING {queries.MOVED}
        """,
        person_id,
        [row["id"] for row in rows],
    )
    return moved, len(rows) == limit


async def part(tx: Transaction, pairs: Sequence[tuple[UUID, UUID]]) -> list[Record]:
    """For each pair of somebody and a person they may not meet: take the person out of what the one was told.

    Returns the notifications that changed, as `queries.move` does.
    """
    await queries.lock(tx, (user_id for user_id, _ in pairs))
    return await tx.fetch(
        f"""
        WITH gone AS (
            DELETE FROM notification_people p
            USING notifications n, unnest($1::uuid[], $2::uuid[]) AS a (user_id, person_id)
            WHERE n.user_id = a.user_id AND p.notification_id = n.id AND p.person_id = a.person_id
                AND NOT {may_meet("a.user_id", "a.person_id")}
            RETURNING p.notification_id)
        UPDATE notifications n SET people = n.people - g.people
        FROM (SELECT notification_id, count(*)::int AS people FROM gone GROUP BY notification_id) AS g
        WHERE n.id = g.notification_id RETURNING {queries.MOVED}
        """,
        [user_id for user_id, _ in pairs],
        [person_id for _, person_id in pairs],
    )
