"""The SQL of timelines: what belongs into them, how far they are known to hold it, and what a page shows of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from actors.feed.queries import Shown
from actors.feed.timeline_events import RowShown
from actors.graph.visibility import may_see, wants_to_hear_of
from actors.kernel.transaction import Reads, Transaction

FACTS = ("PostPublished", "PostRestored", "PostRepostsChanged", "RowShown", "Followed")
"""After which timelines want something added. The index `outbox_shown` is on these."""

_FACTS = ", ".join(f"'{kind}'" for kind in FACTS)
_HORIZON = f"""
SELECT epoch, mark, least(
    CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp() ELSE now() END,
    (SELECT min(at) FROM outbox o WHERE type IN ({_FACTS})
        AND NOT EXISTS (SELECT FROM inbox_records WHERE event_id = o.id AND domain = 'feed')),
    (SELECT min(event_at) FROM dead_letters WHERE domain = 'feed' AND type IN ({_FACTS}))) AS until,
    coalesce((
        SELECT id FROM (
            SELECT id, row_number() OVER (ORDER BY id DESC) AS place FROM posts ORDER BY id DESC LIMIT $1) AS newest
        WHERE place = $1), '00000000-0000-0000-0000-000000000000') AS reach
FROM relay_state
"""
_ROW = "p.id, coalesce(p.original_post_id, p.id) AS post_id, p.author_id, p.original_post_id IS NOT NULL AS is_repost"
_FOLLOWED_BY_VIEWER = "SELECT followee_id FROM follows WHERE follower_id = $1"
# LIMIT 1 has each row looked up by its id: the planner cannot know how few are new, and would go through everybody.
# IS TRUE has followees hashed once, for thousands who repost the same.
_MERGED = f"""
WITH apart AS MATERIALIZED (
    SELECT a.id FROM (
        SELECT g.user_id AS id FROM feed_giants g
        WHERE EXISTS (SELECT FROM follows WHERE follower_id = $1 AND followee_id = g.user_id)
        UNION SELECT followee_id FROM follows WHERE follower_id = $1 AND created_at >= $8) AS a
    WHERE {may_see("$1::uuid", "a.id")} AND {wants_to_hear_of("$1::uuid", "a.id")}
    UNION ALL SELECT $1),
shown AS (
    SELECT s.* FROM apart CROSS JOIN LATERAL (
        SELECT {_ROW} FROM posts p
        WHERE p.author_id = apart.id AND p.deleted_at IS NULL AND p.id < $2 AND p.id >= $5
        ORDER BY p.id DESC LIMIT $4) AS s
    UNION
    SELECT s.* FROM (
        SELECT unnest($6::uuid[]) AS id UNION SELECT id FROM posts WHERE id >= $7 AND id >= $5 AND id < $2
        UNION SELECT key::uuid FROM outbox
        WHERE type IN ('PostPublished', 'PostRestored', 'RowShown') AND at >= $8) AS c
    CROSS JOIN LATERAL (
        SELECT {_ROW} FROM posts p
        WHERE p.id = c.id AND p.id < $2 AND p.id >= $5 AND p.deleted_at IS NULL
            AND EXISTS (SELECT FROM follows WHERE follower_id = $1 AND followee_id = p.author_id)
            AND {may_see("$1::uuid", "p.author_id")} AND {wants_to_hear_of("$1::uuid", "p.author_id")}
        LIMIT 1) AS s
    ORDER BY id DESC LIMIT $4)
SELECT s.*, $9 AND EXISTS (
    SELECT FROM reposts r
    WHERE r.post_id = s.post_id AND r.repost_id > s.id AND r.repost_id <= $3
        AND (r.user_id IN ({_FOLLOWED_BY_VIEWER} UNION ALL SELECT $1)) IS TRUE
        AND {may_see("$1::uuid", "r.user_id")} AND {wants_to_hear_of("$1::uuid", "r.user_id")}) AS is_above
FROM shown s ORDER BY s.id DESC
"""
_TO_HOLD = f"""
WITH followees AS MATERIALIZED (
    {_FOLLOWED_BY_VIEWER} AND NOT EXISTS (SELECT FROM feed_giants WHERE user_id = followee_id)),
authors AS (
    SELECT h.author_id FROM followees CROSS JOIN LATERAL (
        SELECT p.author_id, p.id FROM posts p
        WHERE p.author_id = followees.followee_id AND p.deleted_at IS NULL AND p.id < $2
        ORDER BY p.id DESC LIMIT 1) AS h
    ORDER BY h.id DESC LIMIT $3)
SELECT s.id FROM authors CROSS JOIN LATERAL (
    SELECT p.id FROM posts p
    WHERE p.author_id = authors.author_id AND p.deleted_at IS NULL AND p.id < $2
    ORDER BY p.id DESC LIMIT $3) AS s
ORDER BY s.id DESC LIMIT $3
"""


class Window(NamedTuple):
    """A part of the feed: rows from `least` on, older than `below`, of which a timeline names `ids`.

    What is newer than `since`, or was restored or is of somebody followed after `since_at`, may be missing among them.
    """

    below: UUID
    least: UUID
    ids: Sequence[UUID]
    since: UUID
    since_at: datetime


async def horizon(db: Reads, rows: int) -> tuple[int, int, datetime, UUID]:
    """The epoch and the last batch that Redis must hold; until when all facts took effect; the id so many rows down."""
    row = await db.fetchrow(_HORIZON, rows)
    assert row is not None, "a migration puts the relay's state there"
    return row["epoch"], row["mark"], row["until"], row["reach"]


async def merged(
    db: Reads, viewer_id: UUID, window: Window, *, ceiling: UUID, limit: int, with_above: bool
) -> list[Shown]:
    """As `queries.followed`, inside a window: its ids, what they may miss, and giants' rows and the viewer's own."""
    below, least, ids, since, since_at = window
    rows = await db.fetch(_MERGED, viewer_id, below, ceiling, limit, least, ids, since, since_at, with_above)
    return [Shown(*row) for row in rows]


async def follows_at_least(db: Reads, user_id: UUID, count: int) -> bool:
    """Whether somebody follows so many."""
    sql = "SELECT count(*) = $2 FROM (SELECT FROM follows WHERE follower_id = $1 LIMIT $2) AS followees"
    return bool(await db.fetchval(sql, user_id, count))


async def rows_to_hold(db: Reads, user_id: UUID, *, below: UUID, limit: int) -> list[UUID]:
    """What those they follow have shown, giants apart, the newest first: whether it may be seen is asked later."""
    return [row["id"] for row in await db.fetch(_TO_HOLD, user_id, below, limit)]


async def moment(tx: Transaction) -> int:
    """When this transaction began, in ms: what was committed before, it sees."""
    return int(await tx.fetchval("SELECT (extract(epoch FROM now()) * 1000)::bigint"))


async def epoch(db: Reads) -> int:
    """The epoch of Redis."""
    return int(await db.fetchval("SELECT epoch FROM relay_state"))


async def followers(db: Reads, fact: RowShown, limit: int) -> list[tuple[datetime, UUID]]:
    """The next of an author's followers, the latest first: since when, and who."""
    rows = await db.fetch(
        """
        SELECT created_at, follower_id FROM follows
        WHERE followee_id = $1 AND (created_at, follower_id) < ($2, $3)
        ORDER BY created_at DESC, follower_id DESC LIMIT $4
        """,
        fact.author_id,
        fact.followed_at,
        fact.follower_id,
        limit,
    )
    return [(row["created_at"], row["follower_id"]) for row in rows]


async def rows_by(db: Reads, pairs: Sequence[tuple[UUID, UUID]], limit: int) -> list[list[UUID]]:
    """For each pair of an author and an id the author's newest rows from that id on; none of giants."""
    rows = await db.fetch(
        """
        SELECT asked.place, s.id FROM unnest($1::uuid[], $2::uuid[]) WITH ORDINALITY AS asked (author_id, floor, place)
        CROSS JOIN LATERAL (
            SELECT id FROM posts p
            WHERE p.author_id = asked.author_id AND p.deleted_at IS NULL AND p.id >= asked.floor
            ORDER BY p.id DESC LIMIT $3) AS s
        WHERE NOT EXISTS (SELECT FROM feed_giants g WHERE g.user_id = asked.author_id)
        """,
        [author_id for author_id, _ in pairs],
        [floor for _, floor in pairs],
        limit,
    )
    found: list[list[UUID]] = [[] for _ in pairs]
    for row in rows:
        found[row["place"] - 1].append(row["id"])
    return found


async def reposts_by(tx: Transaction, reposts: Sequence[tuple[UUID, UUID]]) -> list[tuple[UUID, UUID]]:
    """Of these posts and people the reposts that are still there: whose, and the row that shows it."""
    rows = await tx.fetch(
        """
        SELECT r.user_id, r.repost_id FROM unnest($1::uuid[], $2::uuid[]) AS asked (post_id, user_id)
        JOIN reposts r USING (post_id, user_id)
        """,
        [post_id for post_id, _ in reposts],
        [user_id for _, user_id in reposts],
    )
    return [(row["user_id"], row["repost_id"]) for row in rows]


async def grown(tx: Transaction, author_ids: Sequence[UUID], followers: int) -> set[UUID]:
    """Those of these authors who are giants: once they had more followers than that, they are for good."""
    await tx.execute(
        """
        INSERT INTO feed_giants (user_id, since)
        SELECT user_id, now() FROM profiles WHERE user_id = ANY($1::uuid[]) AND followers > $2
        ORDER BY user_id ON CONFLICT DO NOTHING
        """,
        author_ids,
        followers,
    )
    rows = await tx.fetch("SELECT user_id FROM feed_giants WHERE user_id = ANY($1::uuid[])", author_ids)
    return {row["user_id"] for row in rows}
