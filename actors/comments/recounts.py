"""What the recount of comments reads: how many comments posts say they have, and how many they have."""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from asyncpg import Record

from actors.comments.counted import COUNTED, count_of
from actors.kernel.recounting import on_their_way
from actors.kernel.transaction import Reads

_STRETCH = """
SELECT p.id, p.comments::int AS counted, (
    SELECT count(*) FROM comments c LEFT JOIN comments top ON top.id = c.parent_id
    WHERE c.post_id = p.id AND c.deleted_at IS NULL AND top.deleted_at IS NULL)::int AS there
FROM posts p WHERE p.original_post_id IS NULL AND p.deleted_at IS NULL AND p.id > $1 ORDER BY p.id LIMIT $2
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
