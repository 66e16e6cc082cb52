"""What an erased person published and put on posts, taken away a part at a time."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from asyncpg import Record

from actors.kernel.message import Event
from actors.kernel.transaction import Transaction
from actors.posts.changes import RESTORABLE
from actors.posts.events import COUNTS, PostDeleted, PostLikesChanged, PostRepostsChanged

_EXPIRED_NOW = f"now() - interval '{RESTORABLE}' - interval '1 second'"
"""As if nobody could restore it any more: the purge does the rest."""
_TAKE_BACK = """
WITH removed AS (DELETE FROM {table} WHERE user_id = $1 AND post_id = ANY($2::uuid[]) RETURNING *){hidden}
UPDATE posts p SET {table} = p.{table} - 1, v = p.v + 1 FROM removed WHERE p.id = removed.post_id
RETURNING p.id AS post_id, p.author_id, p.likes, p.reposts, p.comments, p.v, p.deleted_at IS NULL AS is_living
"""
_HIDDEN = ", hidden AS (DELETE FROM posts USING removed WHERE posts.id = removed.repost_id)"


async def withdraw_some(tx: Transaction, user_id: UUID, limit: int) -> Sequence[Event] | None:
    """Delete up to `limit` of somebody's posts beyond restoring. Returns what is to be announced, None if there was
    none left."""
    mine = await tx.fetch(
        """
        SELECT id FROM posts WHERE author_id = $1 AND original_post_id IS NULL AND deleted_at IS NULL
        ORDER BY id LIMIT $2 FOR NO KEY UPDATE
        """,
        user_id,
        limit,
    )
    posts = [row["id"] for row in mine]
    await tx.execute("DELETE FROM post_tags WHERE post_id = ANY($1::uuid[])", posts)
    rows = await tx.fetch(
        f"""
        UPDATE posts p SET deleted_at = {_EXPIRED_NOW}, deleted_for = 'account' FROM users u
        WHERE p.id = ANY($2::uuid[]) AND u.id = $1 RETURNING p.id AS post_id, u.username, p.tags, p.likes
        """,
        user_id,
        posts,
    )
    return [PostDeleted(author_id=user_id, **row) for row in rows] if rows else None


async def take_back_likes(tx: Transaction, user_id: UUID, limit: int) -> Sequence[Event] | None:
    """Take back up to `limit` likes of somebody's, whether or not the posts show to them; returns as above."""
    rows = await _take_back(tx, "likes", user_id, limit)
    if rows is None:
        return None
    return [PostLikesChanged(**_counts(row), unliked_by=(user_id,)) for row in rows if row["is_living"]]


async def take_back_reposts(tx: Transaction, user_id: UUID, limit: int) -> Sequence[Event] | None:
    """As `take_back_likes`."""
    rows = await _take_back(tx, "reposts", user_id, limit)
    if rows is None:
        return None
    return [PostRepostsChanged(**_counts(row), unreposted_by=(user_id,)) for row in rows if row["is_living"]]


async def _take_back(tx: Transaction, table: str, user_id: UUID, limit: int) -> Sequence[Record] | None:
    """The posts that lost one, None if there was none left. One that is deleted is counted down, too: it may return."""
    rows = await tx.fetch(f"SELECT post_id FROM {table} WHERE user_id = $1 ORDER BY post_id LIMIT $2", user_id, limit)
    if not rows:
        return None
    posts = [row["post_id"] for row in rows]
    await tx.fetch("SELECT FROM posts WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE", posts)
    return await tx.fetch(_TAKE_BACK.format(table=table, hidden=_HIDDEN if table == "reposts" else ""), user_id, posts)


def _counts(row: Record) -> dict[str, Any]:
    return {name: row[name] for name in COUNTS}


async def forget_private(tx: Transaction, user_id: UUID) -> None:
    """Remove what only they saw, bookmarks and followed tags; and let nobody restore what they had deleted before."""
    await tx.execute("DELETE FROM bookmarks WHERE user_id = $1", user_id)
    await tx.execute("DELETE FROM tag_follows WHERE user_id = $1", user_id)
    await tx.execute(
        f"UPDATE posts SET deleted_at = {_EXPIRED_NOW} WHERE author_id = $1 AND deleted_at > {_EXPIRED_NOW}", user_id
    )
