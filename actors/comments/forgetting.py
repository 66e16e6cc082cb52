"""How comments go for good: those under posts nobody can restore; of deleted ones, and replies to them, the words."""

from actors.adapters.database import Connection, rows_of
from actors.posts.changes import RESTORABLE

_UNDER_GONE_POSTS = f"""
DELETE FROM comments WHERE id IN (
    SELECT c.id FROM comments c JOIN posts p ON p.id = c.post_id
    WHERE p.deleted_at < now() - interval '{RESTORABLE}' AND c.parent_id IS {{kind}} LIMIT $1)
"""
_STILL_SAYS = "r.deleted_at IS NULL AND r.body <> ''"
_PIECES = (
    # Replies first: a comment that goes takes them all with it in one statement.
    _UNDER_GONE_POSTS.format(kind="NOT NULL"),
    _UNDER_GONE_POSTS.format(kind="NULL"),
    # A deleted comment is found by its own words, so that these go last.
    f"""
    UPDATE comments SET body = '', mentions = '{{}}' WHERE id IN (
        SELECT r.id FROM comments c JOIN comments r ON r.parent_id = c.id AND {_STILL_SAYS}
        WHERE c.deleted_at < now() - interval '{RESTORABLE}' AND c.body <> '' LIMIT $1)
    """,
    f"""
    UPDATE comments SET body = '', mentions = '{{}}' WHERE id IN (
        SELECT id FROM comments c WHERE c.deleted_at < now() - interval '{RESTORABLE}' AND c.body <> ''
            AND NOT EXISTS (SELECT FROM comments r WHERE r.parent_id = c.id AND {_STILL_SAYS}) LIMIT $1)
    """,
)


async def forget_some(connection: Connection, limit: int) -> bool:
    """Forget up to `limit` comments of each kind. True: there may be more."""
    tags = [await connection.execute(piece, limit) for piece in _PIECES]
    return any(rows_of(tag) == limit for tag in tags)
