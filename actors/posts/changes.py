"""What posts write. Posts are locked in id order first, and changed in a second statement: it sees every change
that came before."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.kernel.transaction import Transaction
from actors.posts.events import PostLikesChanged, PostRepostsChanged
from actors.posts.messages import CreatePost
from actors.posts.toggles import Outcome, Pair

_LOCK = """
SELECT id, author_id, likes, reposts, comments, v FROM posts
WHERE id = ANY($1::uuid[]) AND deleted_at IS NULL AND original_post_id IS NULL
ORDER BY id FOR NO KEY UPDATE
"""
_COUNT = """
changed AS (
    UPDATE posts p SET {column} = p.{column} + s.steps, v = p.v + 1
    FROM (SELECT post_id, sum(step)::int AS steps FROM (
            SELECT post_id, 1 AS step FROM added UNION ALL SELECT post_id, -1 FROM removed) AS moves
          GROUP BY post_id) AS s
    WHERE p.id = s.post_id
    RETURNING p.id, p.likes, p.reposts, p.comments, p.v)
SELECT a.post_id, a.user_id, a.was, c.likes, c.reposts, c.comments, c.v
FROM asked a LEFT JOIN changed c ON c.id = a.post_id
"""
_LIKE = f"""
WITH asked AS (
    SELECT a.*, l.user_id IS NOT NULL AS was
    FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::boolean[]) AS a (post_id, user_id, if_off, if_on)
    LEFT JOIN likes l ON l.post_id = a.post_id AND l.user_id = a.user_id),
added AS (
    INSERT INTO likes (post_id, user_id, created_at)
    SELECT post_id, user_id, now() FROM asked WHERE NOT was AND if_off RETURNING post_id),
removed AS (
    DELETE FROM likes l USING asked a
    WHERE l.post_id = a.post_id AND l.user_id = a.user_id AND a.was AND NOT a.if_on RETURNING l.post_id),
{_COUNT.format(column="likes")}
"""
_REPOST = f"""
WITH asked AS (
    SELECT a.*, r.user_id IS NOT NULL AS was
    FROM unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::boolean[], $5::uuid[])
        AS a (post_id, user_id, if_off, if_on, repost_id)
    LEFT JOIN reposts r ON r.post_id = a.post_id AND r.user_id = a.user_id),
added AS (
    INSERT INTO reposts (post_id, user_id, repost_id, created_at)
    SELECT post_id, user_id, repost_id, now() FROM asked WHERE NOT was AND if_off
    RETURNING post_id, user_id, repost_id, created_at),
shown AS (
    INSERT INTO posts (
        id, author_id, original_post_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
    SELECT repost_id, user_id, post_id, '', '{{}}', false, 0, 0, 0, 0, created_at FROM added),
removed AS (
    DELETE FROM reposts r USING asked a
    WHERE r.post_id = a.post_id AND r.user_id = a.user_id AND a.was AND NOT a.if_on
    RETURNING r.post_id, r.repost_id),
hidden AS (DELETE FROM posts p USING removed WHERE p.id = removed.repost_id),
{_COUNT.format(column="reposts")}
"""


@dataclass(slots=True)
class Counted:
    """A locked post: its counts, and who is newly on and newly off. `v` moved if anybody is."""

    id: UUID
    author_id: UUID
    likes: int
    reposts: int
    comments: int
    v: int
    on: tuple[UUID, ...] = ()
    off: tuple[UUID, ...] = ()


async def lock(tx: Transaction, post_ids: Iterable[UUID]) -> dict[UUID, Counted]:
    """Lock those of these posts that live until the commit. Reposts are not there: they have no counts."""
    rows = await tx.fetch(_LOCK, list(set(post_ids)))
    return {
        row["id"]: Counted(row["id"], row["author_id"], row["likes"], row["reposts"], row["comments"], row["v"])
        for row in rows
    }


async def set_likes(tx: Transaction, posts: Mapping[UUID, Counted], wishes: Mapping[Pair, Outcome]) -> dict[Pair, bool]:
    """Apply the wishes about locked posts, bring `posts` up to date. Returns how each was before."""
    pairs = sorted(pair for pair in wishes if pair[0] in posts)
    return _note(posts, wishes, await tx.fetch(_LIKE, *_columns(pairs, wishes))) if pairs else {}


async def set_reposts(
    tx: Transaction, posts: Mapping[UUID, Counted], wishes: Mapping[Pair, Outcome]
) -> dict[Pair, bool]:
    """As `set_likes`. A new repost is also a row of posts that shows the original."""
    pairs = sorted(pair for pair in wishes if pair[0] in posts)
    rows = [uuid7() for _ in pairs]
    return _note(posts, wishes, await tx.fetch(_REPOST, *_columns(pairs, wishes), rows)) if pairs else {}


def _columns(pairs: list[Pair], wishes: Mapping[Pair, Outcome]) -> tuple[list[Any], ...]:
    outcomes = [wishes[pair] for pair in pairs]
    return (
        [post_id for post_id, _ in pairs],
        [user_id for _, user_id in pairs],
        [outcome.if_off for outcome in outcomes],
        [outcome.if_on for outcome in outcomes],
    )


def _note(posts: Mapping[UUID, Counted], wishes: Mapping[Pair, Outcome], rows: Iterable[Record]) -> dict[Pair, bool]:
    was: dict[Pair, bool] = {}
    on: dict[UUID, list[UUID]] = {}
    off: dict[UUID, list[UUID]] = {}
    for row in rows:
        post_id, user_id, before = row["post_id"], row["user_id"], row["was"]
        was[post_id, user_id] = before
        if wishes[post_id, user_id].after(before) != before:
            (off if before else on).setdefault(post_id, []).append(user_id)
            post = posts[post_id]
            post.likes, post.reposts, post.comments, post.v = (
                row["likes"],
                row["reposts"],
                row["comments"],
                row["v"],
            )
    for post_id in on.keys() | off.keys():
        posts[post_id].on, posts[post_id].off = tuple(on.get(post_id, ())), tuple(off.get(post_id, ()))
    return was


def likes_changed(posts: Mapping[UUID, Counted]) -> list[PostLikesChanged]:
    """One fact for each post whose likes changed."""
    return [
        PostLikesChanged(
            post_id=post.id,
            author_id=post.author_id,
            likes=post.likes,
            reposts=post.reposts,
            comments=post.comments,
            v=post.v,
            liked_by=post.on,
            unliked_by=post.off,
        )
        for post in posts.values()
        if post.on or post.off
    ]


def reposts_changed(posts: Mapping[UUID, Counted]) -> list[PostRepostsChanged]:
    """One fact for each post whose reposts changed."""
    return [
        PostRepostsChanged(
            post_id=post.id,
            author_id=post.author_id,
            likes=post.likes,
            reposts=post.reposts,
            comments=post.comments,
            v=post.v,
            reposted_by=post.on,
            unreposted_by=post.off,
        )
        for post in posts.values()
        if post.on or post.off
    ]


async def hold_photo(tx: Transaction, photo_id: UUID) -> str:
    """The photograph's state. It cannot change before the commit, so who announces the next one finds the post."""
    state: str = await tx.fetchval("SELECT state FROM photos WHERE id = $1 FOR SHARE", photo_id)
    return state


async def publish(tx: Transaction, photo_id: UUID, wish: CreatePost) -> UUID | None:
    """Insert a post. Returns its id, None if another post shows this photograph."""
    made: UUID | None = await tx.fetchval(
        """
        INSERT INTO posts (
            id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, 0, $7)
        ON CONFLICT (photo_id) WHERE photo_id IS NOT NULL DO NOTHING RETURNING id
        """,
        uuid7(),
        wish.caller.id,
        photo_id,
        wish.caption,
        list(wish.tags),
        wish.sensitive,
        datetime.now(UTC),
    )
    return made


async def lock_showing(tx: Transaction, photo_id: UUID) -> UUID | None:
    """Lock the living post that shows this photograph. Returns its id, None if there is none."""
    post_id: UUID | None = await tx.fetchval(
        "SELECT id FROM posts WHERE photo_id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", photo_id
    )
    return post_id


async def withdraw(tx: Transaction, post_id: UUID, author_id: UUID) -> Record | None:
    """Delete an author's living original softly. Returns its `username` and `tags`, None if there is none."""
    return await tx.fetchrow(
        """
        UPDATE posts p SET deleted_at = now() FROM users u
        WHERE p.id = $1 AND p.author_id = $2 AND u.id = p.author_id
            AND p.deleted_at IS NULL AND p.original_post_id IS NULL
        RETURNING u.username, p.tags
        """,
        post_id,
        author_id,
    )
