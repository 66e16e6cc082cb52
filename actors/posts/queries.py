"""What posts read: who sees which card, what they did with it, counts. Feeds and notifications read them too."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import NamedTuple
from uuid import UUID

from actors.graph.visibility import may_see, wants_to_hear_of
from actors.kernel.transaction import Reads
from actors.posts.cards import Cards, Head, heads
from actors.posts.messages import PostView, ViewerState
from actors.posts.sight_messages import CountsItem, PostSeen

Pair = tuple[UUID | None, UUID]
"""Who looks, None for a visitor, and at which post."""


class Seen(NamedTuple):
    """A post that somebody may see, and what they have done with it; None for a visitor."""

    post: PostView
    viewer: ViewerState | None


async def seen(db: Reads, pairs: Iterable[Pair], cards: Cards, *, in_feed: bool = False) -> dict[Pair, Seen]:
    """Of these pairs, those in which the post is there and its viewer may see it; `in_feed`: and wants to."""
    asked = set(pairs)
    found = await heads(db, {post_id for _, post_id in asked})
    shown = await cards.of(db, list(found.values()))
    people = [(viewer, found[post_id]) for viewer, post_id in asked if viewer is not None and post_id in shown]
    seen: dict[Pair, Seen] = {
        (viewer, post_id): Seen(shown[post_id], state)
        for (viewer, post_id), state in (await _states(db, people, in_feed=in_feed)).items()
    }
    for viewer, post_id in asked:
        if viewer is None and post_id in shown and found[post_id].is_for_visitors:
            seen[None, post_id] = Seen(shown[post_id], None)
    return seen


async def _states(
    db: Reads, asked: Sequence[tuple[UUID, Head]], *, in_feed: bool
) -> dict[tuple[UUID, UUID], ViewerState]:
    """For each viewer and post they may see, by (viewer, post id): what the viewer has done."""
    if not asked:
        return {}
    rows = await db.fetch(
        _STATES + (_HEARD if in_feed else ""),
        [viewer_id for viewer_id, _ in asked],
        [head.post_id for _, head in asked],
        [head.author_id for _, head in asked],
        [head.is_for_visitors and not head.has_blocks for _, head in asked],
    )
    return {
        (row["viewer_id"], row["post_id"]): _viewer_state(
            row["liked"], row["reposted"], row["bookmarked"], row["following"]
        )
        for row in rows
    }


_STATES = f"""
SELECT a.viewer_id, a.post_id,
    EXISTS (SELECT FROM likes WHERE post_id = a.post_id AND user_id = a.viewer_id) AS liked,
    EXISTS (SELECT FROM reposts WHERE post_id = a.post_id AND user_id = a.viewer_id) AS reposted,
    EXISTS (SELECT FROM bookmarks WHERE post_id = a.post_id AND user_id = a.viewer_id) AS bookmarked,
    EXISTS (SELECT FROM follows WHERE follower_id = a.viewer_id AND followee_id = a.author_id) AS following
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::boolean[]) AS a (viewer_id, post_id, author_id, is_open)
WHERE (a.is_open OR {may_see("a.viewer_id", "a.author_id")})
"""
_HEARD = f"AND {wants_to_hear_of('a.viewer_id', 'a.author_id')}"


@cache
def _viewer_state(liked: bool, reposted: bool, bookmarked: bool, following: bool) -> ViewerState:
    return ViewerState(liked=liked, reposted=reposted, bookmarked=bookmarked, following=following)


async def counts(db: Reads, ids: Iterable[UUID]) -> dict[UUID, CountsItem]:
    """The counts of those posts that are there."""
    rows = await db.fetch(
        """
        SELECT id, v, likes, reposts, comments FROM posts
        WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL AND original_post_id IS NULL
        """,
        list(ids),
    )
    return {row["id"]: (row["id"], row["v"], row["likes"], row["reposts"], row["comments"]) for row in rows}


async def counts_for(db: Reads, pairs: Collection[Pair]) -> dict[Pair, PostSeen]:
    """Of these pairs, those in which the post is there and its viewer may see it: whose it is, and its counts."""
    rows = await db.fetch(
        f"""
        SELECT a.viewer_id, p.id, p.author_id, p.v, p.likes, p.reposts, p.comments
        FROM unnest($1::uuid[], $2::uuid[]) AS a (viewer_id, post_id) JOIN posts p ON p.id = a.post_id
        WHERE p.deleted_at IS NULL AND p.original_post_id IS NULL AND {may_see("a.viewer_id", "p.author_id")}
        """,
        [viewer_id for viewer_id, _ in pairs],
        [post_id for _, post_id in pairs],
    )
    return {
        (viewer_id, post_id): PostSeen(author_id=author_id, counts=(post_id, *counts))
        for viewer_id, post_id, author_id, *counts in rows
    }


async def originals_by(db: Reads, viewer_id: UUID | None, author_id: UUID, *, below: UUID, limit: int) -> list[UUID]:
    """The newest posts of an author's own, older than `below`, as ids; none if the viewer may not see them."""
    rows = await db.fetch(
        f"""
        SELECT id FROM posts
        WHERE author_id = $1 AND deleted_at IS NULL AND photo_id IS NOT NULL AND id < $2
            AND {may_see("$4::uuid", "$1::uuid")}
        ORDER BY id DESC LIMIT $3
        """,
        author_id,
        below,
        limit,
        viewer_id,
    )
    return [row["id"] for row in rows]


async def still_reposting(db: Reads, post_id: UUID, user_ids: Iterable[UUID]) -> list[UUID]:
    """Those of these people who repost the post now."""
    rows = await db.fetch(
        "SELECT user_id FROM reposts WHERE post_id = $1 AND user_id = ANY($2::uuid[])",
        post_id,
        list(user_ids),
    )
    return [row["user_id"] for row in rows]
