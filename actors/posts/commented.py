"""Counting comments. A post that is deleted is counted too: it may be restored."""

from collections.abc import Mapping
from uuid import UUID

from actors.kernel.transaction import Transaction
from actors.posts.events import COUNTS, PostCommentsChanged


async def count_comments(
    tx: Transaction, steps: Mapping[UUID, int]
) -> tuple[frozenset[UUID], list[PostCommentsChanged]]:
    """Add to the counts of posts, locked in id order. Returns which of them there are, and one fact for each living
    one whose count moved."""
    await tx.fetch(
        "SELECT FROM posts WHERE id = ANY($1::uuid[]) AND original_post_id IS NULL ORDER BY id FOR NO KEY UPDATE",
        list(steps),
    )
    rows = await tx.fetch(
        """
        UPDATE posts p SET comments = p.comments + s.step, v = p.v + (s.step <> 0)::int
        FROM unnest($1::uuid[], $2::int[]) AS s (post_id, step)
        WHERE p.id = s.post_id AND p.original_post_id IS NULL
        RETURNING p.id AS post_id, p.author_id, p.likes, p.reposts, p.comments, p.v, p.deleted_at
        """,
        list(steps),
        list(steps.values()),
    )
    changed = [
        PostCommentsChanged(**{name: row[name] for name in COUNTS})
        for row in rows
        if row["deleted_at"] is None and steps[row["post_id"]]
    ]
    return frozenset(row["post_id"] for row in rows), changed
