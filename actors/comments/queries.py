"""What comments read, and who may. A comment shows while neither it nor the one it replies to is deleted."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.comments.messages import CommentView
from actors.graph.visibility import may_meet, may_see
from actors.kernel.transaction import Reads
from actors.posts.mentions import names_of
from actors.profiles.messages import PersonView

_SHOWN = "c.id, c.post_id, c.parent_id, c.author_id, c.body, c.mentions, c.replies, c.created_at, c.edited_at"


async def open_post(db: Reads, post_id: UUID, viewer_id: UUID | None) -> Record | None:
    """A living post the viewer may see: `author_id`, and whether its `comments_closed`."""
    return await db.fetchrow(
        f"""
        SELECT p.author_id, p.comments_closed FROM posts p
        WHERE p.id = $1 AND p.deleted_at IS NULL AND p.original_post_id IS NULL
            AND {may_see("$2::uuid", "p.author_id")}
        """,
        post_id,
        viewer_id,
    )


async def latest(db: Reads, post_id: UUID, *, below: UUID, limit: int) -> list[Record]:
    """The comments on a post that are no replies, whoever wrote them, the latest first, older than `below`."""
    return await db.fetch(
        f"""
        SELECT {_SHOWN} FROM comments c
        WHERE c.post_id = $1 AND c.parent_id IS NULL AND c.deleted_at IS NULL AND c.id < $2
        ORDER BY c.id DESC LIMIT $3
        """,
        post_id,
        below,
        limit,
    )


async def replies(db: Reads, parent_id: UUID, *, above: UUID, limit: int) -> list[Record]:
    """The replies to a comment, whoever wrote them, the oldest first, newer than `above`."""
    return await db.fetch(
        f"""
        SELECT {_SHOWN} FROM comments c
        WHERE c.parent_id = $1 AND c.deleted_at IS NULL AND c.id > $2
        ORDER BY c.id LIMIT $3
        """,
        parent_id,
        above,
        limit,
    )


async def top_of(db: Reads, comment_id: UUID, post_id: UUID, viewer_id: UUID | None) -> UUID | None:
    """Where a reply to this comment of a post belongs: the comment itself, or the one it replies to.

    None if one of the two is gone or by somebody the viewer may not meet.
    """
    found: UUID | None = await db.fetchval(
        f"""
        SELECT top.id FROM comments c JOIN comments top ON top.id = COALESCE(c.parent_id, c.id)
        WHERE c.id = $1 AND c.post_id = $2 AND c.deleted_at IS NULL AND top.deleted_at IS NULL
            AND {may_meet("$3::uuid", "c.author_id")} AND {may_meet("$3::uuid", "top.author_id")}
        """,
        comment_id,
        post_id,
        viewer_id,
    )
    return found


async def views(db: Reads, rows: Sequence[Record], people: Mapping[UUID, PersonView]) -> dict[UUID, CommentView]:
    """Comments as everybody sees them, in the order of their rows; those whose author is not among `people` are left
    out."""
    shown = [row for row in rows if row["author_id"] in people]
    named = await names_of(db, {who for row in shown for who in row["mentions"]})
    return {
        row["id"]: CommentView(
            id=row["id"],
            post_id=row["post_id"],
            parent_id=row["parent_id"],
            author=people[row["author_id"]],
            body=row["body"],
            mentions=tuple(named[who] for who in row["mentions"] if who in named),
            replies=row["replies"],
            created_at=row["created_at"],
            edited_at=row["edited_at"],
        )
        for row in shown
    }
