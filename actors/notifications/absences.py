"""SQL of who is suspended or leaves: they were taken out of what others were told, until they are back."""

from collections.abc import Collection
from uuid import UUID

from actors.auth.presence import is_present
from actors.kernel.transaction import Reads, Transaction


async def turned(tx: Transaction, user_ids: Collection[UUID]) -> list[UUID]:
    """Remember who of these is away now; returns those with whom that is other than it was remembered."""
    rows = await tx.fetch(
        f"""
        WITH now AS (
            SELECT u.id, {is_present("u")} AS is_here FROM users u
            WHERE u.id = ANY($1::uuid[]) AND u.deleted_at IS NULL),
        back AS (
            DELETE FROM notification_absences a USING now WHERE a.user_id = now.id AND now.is_here RETURNING a.user_id),
        gone AS (
            INSERT INTO notification_absences (user_id) SELECT id FROM now WHERE NOT is_here ORDER BY id
            ON CONFLICT DO NOTHING RETURNING user_id)
        SELECT user_id FROM back UNION ALL SELECT user_id FROM gone ORDER BY user_id
        """,
        list(user_ids),
    )
    return [row["user_id"] for row in rows]


async def over(db: Reads, limit: int) -> list[UUID]:
    """Who is remembered to be away and is here again: the end of a suspension is not announced."""
    rows = await db.fetch(
        f"""
        SELECT a.user_id FROM notification_absences a JOIN users u ON u.id = a.user_id
        WHERE {is_present("u")} ORDER BY a.user_id LIMIT $1
        """,
        limit,
    )
    return [row["user_id"] for row in rows]
