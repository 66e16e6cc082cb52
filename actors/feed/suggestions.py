"""Whom somebody might want to follow: whom those they follow follow, who posts about the same, who is seen a lot.

Every source is a sample, so that the cost is the same however large the graph is: at most 100 × 50 follows, 40 × 50
tagged posts and the first 100 of the ranking are read.
"""

from uuid import UUID

from actors.adapters.addresses import Addresses
from actors.feed.messages import Because, SharedFriends, Suggestion
from actors.graph.visibility import may_meet, may_see, wants_to_hear_of
from actors.kernel.transaction import Reads
from actors.profiles.people import people

FRIENDS, FRIENDS_OF_EACH = 100, 50
TAGS, POSTS_OF_EACH = 40, 50
RANKED = 100
NAMED = 3
"""Shared friends and tags named."""

_FOUND = f"""
WITH friends AS MATERIALIZED (
    SELECT id FROM (
        SELECT followee_id AS id FROM follows WHERE follower_id = $1
        ORDER BY created_at DESC, followee_id DESC LIMIT {FRIENDS}) AS latest
    WHERE {may_see("$1::uuid", "latest.id")}),
by_friends AS (
    SELECT f.followee_id AS id, count(*) AS friends, array_agg(friends.id ORDER BY friends.id) AS shared
    FROM friends CROSS JOIN LATERAL (
        SELECT followee_id FROM follows WHERE follower_id = friends.id
        ORDER BY created_at DESC, followee_id DESC LIMIT {FRIENDS_OF_EACH}) AS f
    GROUP BY f.followee_id),
tags AS MATERIALIZED (
    SELECT tag FROM tag_follows WHERE user_id = $1 UNION
    SELECT unnest(own.tags) FROM (
        SELECT tags FROM posts WHERE author_id = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT 20) AS own
    LIMIT {TAGS}),
by_tags AS (
    SELECT p.author_id AS id, array_agg(DISTINCT tags.tag) AS tags
    FROM tags CROSS JOIN LATERAL (
        SELECT post_id FROM post_tags WHERE tag = tags.tag ORDER BY post_id DESC LIMIT {POSTS_OF_EACH}) AS newest
    JOIN posts p ON p.id = newest.post_id AND p.deleted_at IS NULL
    GROUP BY p.author_id),
seen_a_lot AS (
    SELECT DISTINCT author_id AS id FROM (
        SELECT author_id FROM feed_scores ORDER BY score DESC, post_id DESC LIMIT {RANKED}) AS ranked),
shown AS (
    SELECT sides.* FROM (SELECT * FROM by_tags FULL JOIN seen_a_lot USING (id)) AS sides
    WHERE {may_see("$1::uuid", "sides.id")}),
found AS (SELECT * FROM by_friends FULL JOIN shown USING (id))
SELECT found.id, coalesce(found.friends, 0) AS friends, found.shared[1:{NAMED}] AS shared,
    found.tags[1:{NAMED}] AS tags
FROM found
WHERE found.id <> $1 AND {may_meet("$1::uuid", "found.id")} AND {wants_to_hear_of("$1::uuid", "found.id")}
    AND NOT EXISTS (SELECT FROM follows WHERE follower_id = $1 AND followee_id = found.id)
    AND NOT EXISTS (SELECT FROM follow_requests WHERE requester_id = $1 AND target_id = found.id)
ORDER BY coalesce(found.friends, 0) DESC, coalesce(cardinality(found.tags), 0) DESC, found.id LIMIT $2
"""


async def suggestions(db: Reads, viewer_id: UUID, limit: int, addresses: Addresses) -> tuple[Suggestion, ...]:
    """The best so many: who shares most friends comes first, then who shares most tags."""
    rows = await db.fetch(_FOUND, viewer_id, limit)
    known = await people(db, {one for row in rows for one in (row["id"], *(row["shared"] or ()))}, addresses)
    return tuple(
        Suggestion(
            person=known[row["id"]],
            why=Because.friends if row["friends"] else Because.tags if row["tags"] else Because.popular,
            friends=SharedFriends(
                people=tuple(known[one] for one in row["shared"] or () if one in known), count=row["friends"]
            ),
            tags=tuple(row["tags"] or ()),
        )
        for row in rows
        if row["id"] in known
    )
