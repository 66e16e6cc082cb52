"""How deleted posts go for good, once nobody can restore them: what hangs on them first, a piece at a time.

Posts stay a day longer than they can be restored: by then the domains above have removed what they hang on them.
"""

from collections.abc import Sequence
from uuid import UUID

from actors.adapters.database import Connection, rows_of
from actors.kernel.transaction import Reads, Transaction
from actors.media.departures import strays as strays_of
from actors.media.messages import Purpose
from actors.posts.changes import RESTORABLE
from actors.posts.events import PhotoStray, PostPurged

_EXPIRED = f"deleted_at < now() - interval '{RESTORABLE}' - interval '1 day'"
_STRAYS = strays_of(Purpose.post, "SELECT FROM posts WHERE photo_id = ph.id")
_PIECES = (
    "DELETE FROM posts WHERE id IN (SELECT repost_id FROM reposts WHERE post_id = ANY($1::uuid[]) LIMIT $2)",
    *(
        f"DELETE FROM {table} WHERE (post_id, {column}) IN ("
        f"SELECT post_id, {column} FROM {table} WHERE post_id = ANY($1::uuid[]) LIMIT $2)"
        for table, column in (("likes", "user_id"), ("bookmarks", "user_id"), ("post_revisions", "number"))
    ),
)


async def expired(db: Reads, limit: int) -> list[UUID]:
    """Posts whose time is over, the longest deleted first."""
    rows = await db.fetch(f"SELECT id FROM posts WHERE {_EXPIRED} ORDER BY deleted_at LIMIT $1", limit)
    return [row["id"] for row in rows]


async def strip(connection: Connection, post_ids: Sequence[UUID], limit: int) -> bool:
    """Delete up to `limit` rows of each kind that hang on deleted posts. True: there may be more."""
    tags = [await connection.execute(piece, post_ids, limit) for piece in _PIECES]
    return any(rows_of(tag) == limit for tag in tags)


async def strays(db: Reads, limit: int) -> list[PhotoStray]:
    """Photographs that were given to posts which did not come to be, as when a process dies in between."""
    rows = await db.fetch(_STRAYS, limit)
    return [PhotoStray(photo_id=row["id"], given_at=row["posted_at"]) for row in rows]


async def forget(tx: Transaction, post_ids: Sequence[UUID]) -> list[PostPurged]:
    """Delete the rows of expired posts. Returns what is to be announced."""
    rows = await tx.fetch(
        f"""
        DELETE FROM posts WHERE id IN (
            SELECT id FROM posts WHERE id = ANY($1::uuid[]) AND {_EXPIRED} ORDER BY id FOR UPDATE)
        RETURNING id, photo_id
        """,
        post_ids,
    )
    return [PostPurged(post_id=row["id"], photo_id=row["photo_id"]) for row in rows]
