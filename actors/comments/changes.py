"""What comments write. Who adds or removes a reply locks the comment above it first: its count is exact."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from asyncpg import Record
from uuid_utils.compat import uuid7

from actors.graph.visibility import may_see
from actors.kernel.transaction import Transaction

_WRITTEN = "id, post_id, parent_id, author_id, body, mentions, replies, created_at, edited_at"


class Standing(NamedTuple):
    """A locked living comment: what it says, whose post it is under, whose comment it replies to. `is_seen`: the caller
    may see the post."""

    row: Record
    post_author_id: UUID
    top: Record | None
    is_seen: bool

    @property
    def told(self) -> tuple[UUID, ...]:
        """Whom it is addressed to."""
        return told(self.post_author_id, self.top, self.row["mentions"])


def told(post_author_id: UUID, top: Record | None, mentions: Sequence[UUID]) -> tuple[UUID, ...]:
    """Whom a comment is addressed to, each once."""
    above = () if top is None else (top["author_id"],)
    return tuple(dict.fromkeys((post_author_id, *above, *mentions)))


def author_of(top: Record | None) -> UUID | None:
    """Whose comment a reply is under; None for what is no reply."""
    return None if top is None else top["author_id"]


async def lock(tx: Transaction, comment_id: UUID) -> Record | None:
    """Lock a living comment: `id`, `author_id`, `replies`."""
    return await tx.fetchrow(
        "SELECT id, author_id, replies FROM comments WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE",
        comment_id,
    )


async def add(
    tx: Transaction, post_id: UUID, top: Record | None, author_id: UUID, body: str, mentions: Sequence[UUID]
) -> Record:
    """Write a comment, under a locked one if it is a reply."""
    row = await tx.fetchrow(
        f"""
        INSERT INTO comments (id, post_id, author_id, parent_id, body, mentions, replies, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, 0, $7) RETURNING {_WRITTEN}
        """,
        uuid7(),
        post_id,
        author_id,
        None if top is None else top["id"],
        body,
        mentions,
        datetime.now(UTC),
    )
    assert row is not None
    return row


async def count_replies(tx: Transaction, comment_id: UUID, by: int) -> int:
    """Count a locked comment's replies; returns how many there are now."""
    count: int = await tx.fetchval(
        "UPDATE comments SET replies = replies + $2 WHERE id = $1 RETURNING replies", comment_id, by
    )
    return count


async def stand(tx: Transaction, comment_id: UUID, caller_id: UUID) -> Standing | None:
    """Lock a living comment on a living post, the one above it first.

    None unless the caller wrote it or owns the post: one's own words are one's own where one sees nothing any more.
    """
    place = await tx.fetchrow(
        f"""
        SELECT c.parent_id, p.author_id AS post_author_id, {may_see("$2::uuid", "p.author_id")} AS is_seen
        FROM comments c JOIN posts p ON p.id = c.post_id
        WHERE c.id = $1 AND p.deleted_at IS NULL AND (p.author_id = $2 OR c.author_id = $2)
        """,
        comment_id,
        caller_id,
    )
    if place is None:
        return None
    top = None
    if place["parent_id"] is not None:
        top = await lock(tx, place["parent_id"])
        if top is None:
            return None
    row = await tx.fetchrow(
        f"SELECT {_WRITTEN} FROM comments WHERE id = $1 AND deleted_at IS NULL FOR NO KEY UPDATE", comment_id
    )
    return None if row is None else Standing(row, place["post_author_id"], top, place["is_seen"])


async def rewrite(tx: Transaction, comment_id: UUID, body: str, mentions: Sequence[UUID]) -> Record:
    """Let a locked comment say something else."""
    row = await tx.fetchrow(
        f"UPDATE comments SET body = $2, mentions = $3, edited_at = now() WHERE id = $1 RETURNING {_WRITTEN}",
        comment_id,
        body,
        mentions,
    )
    assert row is not None
    return row


async def withdraw(tx: Transaction, comment_id: UUID) -> None:
    """Delete a locked comment softly."""
    await tx.execute("UPDATE comments SET deleted_at = now() WHERE id = $1", comment_id)
