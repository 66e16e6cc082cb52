"""How the comments of an erased person go: what they said is emptied, some comments at a time."""

from collections import Counter
from uuid import UUID

from asyncpg import Record

from actors.comments.changes import author_of, count_replies, told
from actors.comments.events import CommentDeleted, Thread
from actors.kernel.transaction import Transaction

_NEXT = """
SELECT c.id, c.post_id, c.parent_id, c.author_id, c.mentions, p.author_id AS post_author_id
FROM comments c JOIN posts p ON p.id = c.post_id
WHERE c.author_id = $1 AND c.body <> '' ORDER BY c.id LIMIT $2
"""
_LOCK = """
SELECT id, author_id, replies FROM comments
WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE
"""
_EMPTY = """
UPDATE comments SET deleted_at = COALESCE(deleted_at, now()), body = '', mentions = '{}' WHERE id = ANY($1::uuid[])
"""


async def remove_some(tx: Transaction, user_id: UUID, limit: int) -> tuple[list[CommentDeleted], bool]:
    """Empty up to `limit` comments of a person's. Returns the facts about those that still showed, and whether there
    may be more comments."""
    rows = await tx.fetch(_NEXT, user_id, limit)
    # A reply is younger than what it replies to: in the order of ids, each comment is locked before its replies.
    involved = {row["id"] for row in rows} | {row["parent_id"] for row in rows if row["parent_id"] is not None}
    living = {row["id"]: row for row in await tx.fetch(_LOCK, list(involved))}
    await tx.execute(_EMPTY, [row["id"] for row in rows])
    going = {row["id"] for row in rows if row["parent_id"] is None}
    shown = [row for row in rows if row["id"] in living and _shows_above(row, living, going)]
    lost = Counter(row["parent_id"] for row in shown if row["parent_id"] is not None)
    left = {top_id: await count_replies(tx, top_id, -by) for top_id, by in lost.items()}
    return [_gone(row, living, left) for row in shown], len(rows) == limit


def _shows_above(row: Record, living: dict[UUID, Record], going: set[UUID]) -> bool:
    """Whether what it replies to is there, and stays."""
    return row["parent_id"] is None or (row["parent_id"] in living and row["parent_id"] not in going)


def _gone(row: Record, living: dict[UUID, Record], left: dict[UUID, int]) -> CommentDeleted:
    top_id = row["parent_id"]
    top = None if top_id is None else living[top_id]
    return CommentDeleted(
        post_id=row["post_id"],
        comment_id=row["id"],
        author_id=row["author_id"],
        top_author_id=author_of(top),
        told=told(row["post_author_id"], top, row["mentions"]),
        replies=0 if top_id is not None else living[row["id"]]["replies"],
        thread=None if top_id is None else Thread(id=top_id, replies=left[top_id]),
    )
