"""What *for you* reads of the ranking: the best, those few have noticed, those with a tag, and all that is left."""

from collections.abc import Collection, Sequence
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record

from actors.feed.arranging import LENGTH, Ranked
from actors.kernel.transaction import Reads

NEWEST_READ = 300
"""Among so many of the newest posts those are looked for that few have noticed."""
OF_EACH_TAG = 20

# Nobody counts who looked at a post: what it and its author's others were given for it stands for that.
_UNNOTICED = """(p.created_at > now() - interval '3 days' AND p.likes + p.reposts + p.comments < 5
    AND COALESCE(pr.likes, 0) < 100)"""
_RANKED = f"f.post_id, f.author_id, f.score, p.tags, {_UNNOTICED} AS is_unnoticed"
_OF_POST = "JOIN posts p ON p.id = f.post_id LEFT JOIN profiles pr ON pr.user_id = f.author_id"


async def best(db: Reads) -> list[Ranked]:
    """The highest ranked posts."""
    rows = await db.fetch(
        f"""
        SELECT {_RANKED} FROM (
            SELECT post_id, author_id, score FROM feed_scores ORDER BY score DESC, post_id DESC LIMIT $1) AS f
        {_OF_POST} ORDER BY f.score DESC, f.post_id DESC
        """,
        LENGTH,
    )
    return [_ranked(row) for row in rows]


async def unnoticed(db: Reads) -> list[Ranked]:
    """The newest posts that few have noticed."""
    rows = await db.fetch(
        f"""
        SELECT {_RANKED} FROM (
            SELECT post_id, author_id, score FROM feed_scores ORDER BY post_id DESC LIMIT $1) AS f
        {_OF_POST} WHERE {_UNNOTICED}
        """,
        NEWEST_READ,
    )
    return [_ranked(row) for row in rows]


async def tagged(db: Reads, tags: Collection[str]) -> dict[str, list[Ranked]]:
    """The newest posts that bear each of these tags."""
    rows = await db.fetch(
        f"""
        SELECT t.tag, {_RANKED} FROM unnest($1::text[]) AS t (tag)
        CROSS JOIN LATERAL (
            SELECT post_id FROM post_tags WHERE tag = t.tag ORDER BY post_id DESC LIMIT $2) AS newest
        JOIN feed_scores f ON f.post_id = newest.post_id {_OF_POST}
        """,
        list(tags),
        OF_EACH_TAG,
    )
    found: dict[str, list[Ranked]] = {tag: [] for tag in tags}
    for row in rows:
        found[row["tag"]].append(_ranked(row))
    return found


class Left(NamedTuple):
    """What is left of the ranking: older than `below`, without some posts, and without those that look like them."""

    below: UUID
    without: Sequence[UUID] = ()
    alike: Sequence[str] = ()


async def rest(db: Reads, left: Left, limit: int) -> list[UUID]:
    """What is left, the newest first: an order that nothing moves, however deep a walk goes.

    `alike` are the last four hexadecimal digits of posts.
    """
    rows = await db.fetch(
        """
        SELECT post_id FROM feed_scores
        WHERE post_id < $1 AND post_id <> ALL($2::uuid[]) AND right(post_id::text, 4) <> ALL($3::text[])
        ORDER BY post_id DESC LIMIT $4
        """,
        left.below,
        left.without,
        left.alike,
        limit,
    )
    return [row["post_id"] for row in rows]


def _ranked(row: Record) -> Ranked:
    return Ranked(row["post_id"], row["author_id"], row["score"], tuple(row["tags"]), row["is_unnoticed"])
