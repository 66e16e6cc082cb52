"""What the recount of comments reads and puts right: how many comments posts say they have, and how many they have.

Replies and the count of them on the comment above change in one transaction: in one snapshot they are equal, and under
the comment's lock they stay so. What a post counts is changed by facts; see `actors.kernel.recounting`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from asyncpg import Record

from actors.comments.counted import COUNTED, count_of
from actors.kernel.recounting import on_their_way
from actors.kernel.transaction import Reads, Transaction

_STRETCH = """
SELECT p.id, p.comments::int AS counted, (
    SELECT count(*) FROM comments c LEFT JOIN comments top ON top.id = c.parent_id
    WHERE c.post_id = p.id AND c.deleted_at IS NULL AND top.deleted_at IS NULL)::int AS there
FROM posts p WHERE p.original_post_id IS NULL AND p.deleted_at IS NULL AND p.id > $1 ORDER BY p.id LIMIT $2
"""
_REPLIES = """
SELECT c.id, (c.replies - count(r.id))::int AS too_many
FROM comments c LEFT JOIN comments r ON r.parent_id = c.id AND r.deleted_at IS NULL
WHERE c.{column} = ANY($1::uuid[]) AND c.parent_id IS NULL AND c.deleted_at IS NULL
GROUP BY c.id HAVING c.replies <> count(r.id)
"""


async def stretch(db: Reads, after: UUID, limit: int) -> list[Record]:
    """The next living posts: how many comments are `counted`, and how many are `there`."""
    return await db.fetch(_STRETCH, after, limit)


async def drifted(db: Reads, posts: Iterable[Record]) -> dict[UUID, int]:
    """By how many comments each of these posts has too many, those that have too few below zero."""
    coming: Counter[UUID] = Counter()
    for wish in await on_their_way(db, "comments", COUNTED, count_of, "posts"):
        coming[wish.post_id] += wish.comments
    off = {post["id"]: post["counted"] + coming[post["id"]] - post["there"] for post in posts}
    return {post_id: by for post_id, by in off.items() if by}


async def miscounted(db: Reads, post_ids: Sequence[UUID]) -> list[UUID]:
    """The comments under these posts that count other replies than they have."""
    return [row["id"] for row in await db.fetch(_REPLIES.format(column="post_id"), post_ids)]


async def put_right(tx: Transaction, comment_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Lock these comments, look again, and let counts equal rows. Returns by how many replies each was off."""
    await tx.fetch("SELECT FROM comments WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", comment_ids)
    off = {row["id"]: row["too_many"] for row in await tx.fetch(_REPLIES.format(column="id"), comment_ids)}
    await tx.execute(
        "UPDATE comments c SET replies = replies - o.too_many "
        "FROM unnest($1::uuid[], $2::int[]) AS o (id, too_many) WHERE c.id = o.id",
        list(off),
        list(off.values()),
    )
    return off
