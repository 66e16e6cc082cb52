"""How comments go for good: those under posts that nobody can restore, and what deleted ones said."""

from actors.adapters.database import Connection, rows_of
from actors.posts.changes import RESTORABLE

_UNDER_GONE_POSTS = f"""
DELETE FROM comments WHERE id IN (
    SELECT c.id FROM comments c JOIN posts p ON p.id = c.post_id
    WHERE p.deleted_at < now() - interval '{RESTORABLE}' AND c.parent_id IS {{kind}} LIMIT $1)
"""
_PIECES = (
    # Replies first: a comment that goes takes them all with it in one statement.
    _UNDER_GONE_POSTS.format(kind="NOT NULL"),
    _UNDER_GONE_POSTS.format(kind="NULL"),
    f"""
    UPDATE comments SET body = '', mentions = '{{}}' WHERE id IN (
        SELECT id FROM comments WHERE deleted_at < now() - interval '{RESTORABLE}' AND body <> '' LIMIT $1)
    """,
)


async def forget_some(connection: Connection, limit: int) -> bool:
    """Forget up to `limit` comments of each kind. True: there may be more."""
    tags = [await connection.execute(piece, limit) for piece in _PIECES]
    return any(rows_of(tag) == limit for tag in tags)
