"""All SQL of the feed. Rows of posts are read here, never written."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from actors.graph.visibility import is_open, may_see, wants_to_hear_of
from actors.kernel.transaction import Reads, Transaction

SAMPLE = 3
"""Reposters named on an item."""


class Shown(NamedTuple):
    """A row of the following feed: an original, or a repost of `post_id` by `author_id`.

    `is_above`, where it is asked for: the same original stands further up.
    """

    id: UUID
    post_id: UUID
    author_id: UUID
    is_repost: bool
    is_above: bool


_WANTED = f"""
    SELECT f.followee_id AS id FROM follows f
    WHERE f.follower_id = $1 AND {may_see("$1::uuid", "f.followee_id")}
        AND {wants_to_hear_of("$1::uuid", "f.followee_id")}
    UNION ALL SELECT $1"""
"""Whose posts and reposts the viewer's feed shows: those they follow and have not muted, and themselves."""

_FOLLOWED = f"""
WITH wanted AS MATERIALIZED ({_WANTED}),
authors AS (
    SELECT h.author_id FROM wanted CROSS JOIN LATERAL (
        SELECT p.author_id, p.id FROM posts p
        WHERE p.author_id = wanted.id AND p.deleted_at IS NULL AND p.id < $2
        ORDER BY p.id DESC LIMIT 1) AS h
    ORDER BY h.id DESC LIMIT $4),
shown AS (
    SELECT s.* FROM authors CROSS JOIN LATERAL (
        SELECT p.id, COALESCE(p.original_post_id, p.id) AS post_id, p.author_id,
            p.original_post_id IS NOT NULL AS is_repost
        FROM posts p
        WHERE p.author_id = authors.author_id AND p.deleted_at IS NULL AND p.id < $2
        ORDER BY p.id DESC LIMIT $4) AS s
    ORDER BY s.id DESC LIMIT $4)
SELECT s.*, $5 AND EXISTS (
    SELECT FROM reposts r
    WHERE r.post_id = s.post_id AND r.repost_id > s.id AND r.repost_id <= $3
        AND r.user_id IN (SELECT id FROM wanted)) AS is_above
FROM shown s ORDER BY s.id DESC
"""


async def followed(
    db: Reads, viewer_id: UUID, *, below: UUID, ceiling: UUID, limit: int, with_above: bool
) -> list[Shown]:
    """What the viewer and those they follow have shown, newest first, older than `below`.

    The newest `limit` rows are by at most `limit` authors, those whose own newest row is newest. So one index probe
    a followee finds these authors, and only their rows are read, however much or little the others show.
    """
    return [Shown(*row) for row in await db.fetch(_FOLLOWED, viewer_id, below, ceiling, limit, with_above)]


async def reposters(
    db: Reads, viewer_id: UUID, post_ids: Sequence[UUID], *, ceiling: UUID
) -> dict[UUID, tuple[int, list[UUID]]]:
    """For each post: how many of those in the viewer's feed reposted it, the viewer too, and the latest three."""
    rows = await db.fetch(
        f"""
        SELECT post_id, user_id, people FROM (
            SELECT r.post_id, r.user_id, count(*) OVER (PARTITION BY r.post_id) AS people,
                row_number() OVER (PARTITION BY r.post_id ORDER BY r.repost_id DESC) AS place
            FROM reposts r
            WHERE r.post_id = ANY($2::uuid[]) AND r.repost_id <= $3
                AND (r.user_id IN (SELECT followee_id FROM follows WHERE follower_id = $1 UNION ALL SELECT $1)) IS TRUE
                AND {may_see("$1::uuid", "r.user_id")} AND {wants_to_hear_of("$1::uuid", "r.user_id")}) AS placed
        WHERE place <= $4 ORDER BY post_id, place
        """,
        viewer_id,
        post_ids,
        ceiling,
        SAMPLE,
    )
    found: dict[UUID, tuple[int, list[UUID]]] = {}
    for row in rows:
        found.setdefault(row["post_id"], (row["people"], []))[1].append(row["user_id"])
    return found


async def rescore(tx: Transaction, post_ids: Iterable[UUID]) -> None:
    """Bring the scores of these posts up to date with their counts; an older version never replaces a newer one.

    The score is Reddit's "hot" ranking: ten times the engagement weighs as much as 45,000 seconds (12.5 hours) of age.
    Counts that drifted below zero, until they are healed, are as good as none.
    """
    await tx.execute(
        """
        INSERT INTO feed_scores (post_id, author_id, score, v)
        SELECT id, author_id,
            log(greatest(1, 1 + likes + 2 * reposts + 3 * comments)::float8)
                + extract(epoch FROM created_at)::float8 / 45000, v
        FROM posts WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL AND original_post_id IS NULL
        ORDER BY id
        ON CONFLICT (post_id) DO UPDATE SET score = excluded.score, v = excluded.v WHERE feed_scores.v < excluded.v
        """,
        list(set(post_ids)),
    )


async def news(tx: Transaction, post_ids: Iterable[UUID]) -> list[UUID]:
    """Those of these posts that everybody may be told of, the latest first: none that is sensitive, or whose author
    anybody may not see."""
    rows = await tx.fetch(
        f"""
        SELECT p.id FROM posts p
        WHERE p.id = ANY($1::uuid[]) AND p.deleted_at IS NULL AND NOT p.sensitive AND {is_open("p.author_id")}
        ORDER BY p.id DESC
        """,
        list(post_ids),
    )
    return [row["id"] for row in rows]


async def forget(tx: Transaction, post_ids: Iterable[UUID]) -> None:
    """Take those of these posts out of the ranking that are deleted: one may have been restored before this is heard.

    They are locked first, so that none is restored before its place is gone.
    """
    gone = await tx.fetch(
        "SELECT id FROM posts WHERE id = ANY($1::uuid[]) AND deleted_at IS NOT NULL ORDER BY id FOR SHARE",
        list(post_ids),
    )
    await tx.execute(
        """
        DELETE FROM feed_scores WHERE post_id IN (
            SELECT post_id FROM feed_scores WHERE post_id = ANY($1::uuid[]) ORDER BY post_id FOR UPDATE)
        """,
        [row["id"] for row in gone],
    )
