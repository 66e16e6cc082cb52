"""What people do to each other, and whether it stands: facts come in any order, the rows are the truth."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from actors.graph.visibility import wants_to_hear_of
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.kinds import KINDS
from actors.notifications.messages import NotificationKind

NOBODY = UUID(int=0)
"""Who does what happens without anybody doing it."""


class Deed(NamedTuple):
    """A person did something to a subject of somebody's, or undid it."""

    user_id: UUID
    subject_id: UUID
    person_id: UUID


class Standing(NamedTuple):
    """How it is with a deed now: the latest that was done of it, None where it was taken back, and whether the one
    it is done to has not muted who does it."""

    deed_id: UUID | None
    is_heard: bool


async def standing(tx: Transaction, kind: NotificationKind, deeds: Sequence[Deed]) -> dict[Deed, Standing]:
    """How it is with these deeds now. Asked after the lock, so that who asks last knows best."""
    rows = await tx.fetch(
        f"""
        SELECT a.*, ({KINDS[kind].deed}) AS deed_id, {wants_to_hear_of("a.user_id", "a.person_id")} AS is_heard
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a (user_id, subject_id, person_id)
        """,
        *columns(deeds),
    )
    return {
        Deed(row["user_id"], row["subject_id"], row["person_id"]): Standing(row["deed_id"], row["is_heard"])
        for row in rows
    }


async def said_below(db: Reads, comment_ids: Sequence[UUID]) -> list[Deed]:
    """What the replies to these comments said to whom."""
    rows = await db.fetch(
        """
        SELECT DISTINCT told.user_id, c.post_id, c.author_id
        FROM comments c JOIN comments top ON top.id = c.parent_id JOIN posts p ON p.id = c.post_id
        CROSS JOIN LATERAL unnest(c.mentions || ARRAY[p.author_id, top.author_id]) AS told (user_id)
        WHERE c.parent_id = ANY($1::uuid[])
        """,
        comment_ids,
    )
    return [Deed(*row) for row in rows]


def columns(rows: Iterable[tuple[UUID, ...]]) -> list[list[UUID]]:
    """Their parts, each as a list."""
    return [list(column) for column in zip(*rows, strict=True)]
