"""What the recounts of posts read and put right.

The marks of a post and its counters change in one transaction: in one snapshot they are equal, and under the post's
lock they stay so. What an author's profile counts is changed by facts; see `actors.kernel.recounting`.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from actors.kernel.recounting import on_their_way
from actors.kernel.transaction import Reads, Transaction
from actors.posts.counted import COUNTED, adjustment_of

_MARKS = """
SELECT p.id, p.likes, p.reposts, (SELECT count(*) FROM likes l WHERE l.post_id = p.id)::int AS like_rows,
    (SELECT count(*) FROM reposts r WHERE r.post_id = p.id)::int AS repost_rows
FROM posts p WHERE p.original_post_id IS NULL AND p.deleted_at IS NULL
"""
_PUT_RIGHT = """
UPDATE posts SET likes = likes - $2, reposts = reposts - $3, v = v + 1
WHERE id = $1 RETURNING id AS post_id, author_id, likes, reposts, comments, v
"""
_AUTHORS = """
SELECT f.user_id AS id, f.posts::int, f.likes::int, own.posts AS post_rows, own.likes AS like_rows
FROM profiles f CROSS JOIN LATERAL (
    SELECT count(*)::int AS posts, COALESCE(sum(p.likes), 0)::int AS likes FROM posts p
    WHERE p.author_id = f.user_id AND p.original_post_id IS NULL AND p.deleted_at IS NULL) AS own
WHERE f.user_id > $1 ORDER BY f.user_id LIMIT $2
"""


class TooMany(NamedTuple):
    """By how much two counts of something are above their rows, or below them when negative."""

    first: int
    second: int

    @property
    def sum(self) -> int:
        """How far off they are, in all."""
        return abs(self.first) + abs(self.second)


async def posts(db: Reads, after: UUID, limit: int) -> list[Record]:
    """The next living posts, with their likes and reposts as counted and as rows."""
    return await db.fetch(f"{_MARKS} AND p.id > $1 ORDER BY p.id LIMIT $2", after, limit)


def miscounted(rows: Iterable[Record]) -> dict[UUID, TooMany]:
    """Likes and reposts that some of these posts count too many."""
    off = {row["id"]: TooMany(row["likes"] - row["like_rows"], row["reposts"] - row["repost_rows"]) for row in rows}
    return {post_id: by for post_id, by in off.items() if by.sum}


async def put_right(tx: Transaction, post_ids: Sequence[UUID]) -> tuple[dict[UUID, TooMany], list[Record]]:
    """Lock these posts, look again, and let counters equal rows. Returns what was off, and the new counts."""
    await tx.fetch("SELECT FROM posts WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", post_ids)
    off = miscounted(await tx.fetch(f"{_MARKS} AND p.id = ANY($1::uuid[])", post_ids))
    counted = [await tx.fetchrow(_PUT_RIGHT, post_id, *by) for post_id, by in sorted(off.items())]
    return off, [row for row in counted if row is not None]


async def authors(db: Reads, after: UUID, limit: int) -> list[Record]:
    """The next profiles, with their posts and likes as counted and as rows."""
    return await db.fetch(_AUTHORS, after, limit)


async def miscounted_authors(db: Reads, rows: Iterable[Record]) -> dict[UUID, TooMany]:
    """Posts and likes that some of these profiles count too many."""
    posts: Counter[UUID] = Counter()
    likes: Counter[UUID] = Counter()
    for wish in await on_their_way(db, "posts", COUNTED, adjustment_of, "profiles"):
        posts[wish.user_id] += wish.posts
        likes[wish.user_id] += wish.likes
    off = {
        row["id"]: TooMany(
            row["posts"] + posts[row["id"]] - row["post_rows"], row["likes"] + likes[row["id"]] - row["like_rows"]
        )
        for row in rows
    }
    return {user_id: by for user_id, by in off.items() if by.sum}
