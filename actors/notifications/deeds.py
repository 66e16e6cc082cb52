"""What people do to each other, and whether it stands: facts come in any order, the rows are the truth."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

from actors.graph.visibility import may_meet, wants_to_hear_of
from actors.kernel.transaction import Reads, Transaction
from actors.notifications.messages import NotificationKind

_SAYS = """FROM comments c JOIN posts p ON p.id = c.post_id LEFT JOIN comments top ON top.id = c.parent_id
    WHERE c.post_id = a.subject_id AND c.author_id = a.person_id AND c.deleted_at IS NULL AND top.deleted_at IS NULL"""
_STANDS = {
    NotificationKind.like: "FROM likes WHERE post_id = a.subject_id AND user_id = a.person_id",
    NotificationKind.repost: "FROM reposts WHERE post_id = a.subject_id AND user_id = a.person_id",
    NotificationKind.follow: "FROM follows WHERE followee_id = a.subject_id AND follower_id = a.person_id",
    NotificationKind.follow_request: """FROM follow_requests
        WHERE target_id = a.subject_id AND requester_id = a.person_id""",
    # Nobody is told twice of one comment: to whom it replies, else under whose post it is, else whom it names.
    NotificationKind.reply: f"{_SAYS} AND top.author_id = a.user_id",
    NotificationKind.comment: f"{_SAYS} AND p.author_id = a.user_id AND top.author_id IS DISTINCT FROM a.user_id",
    NotificationKind.mention: f"""{_SAYS} AND a.user_id = ANY(c.mentions)
            AND p.author_id <> a.user_id AND top.author_id IS DISTINCT FROM a.user_id
        UNION ALL SELECT FROM posts
        WHERE id = a.subject_id AND author_id = a.person_id AND a.user_id = ANY(mentions) AND deleted_at IS NULL""",
}
"""Where it stands written that somebody does something now."""


class Deed(NamedTuple):
    """A person did something to a subject of somebody's, or undid it."""

    user_id: UUID
    subject_id: UUID
    person_id: UUID


async def standing(tx: Transaction, kind: NotificationKind, deeds: Sequence[Deed]) -> dict[Deed, bool]:
    """Which of these deeds stand now, and are by people one may meet and wants to hear of. Asked after the lock, so
    that who asks last knows best."""
    rows = await tx.fetch(
        f"""
        SELECT a.*, EXISTS (SELECT {_STANDS[kind]}) AND {may_meet("a.user_id", "a.person_id")}
            AND {wants_to_hear_of("a.user_id", "a.person_id")} AS stands
        FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS a (user_id, subject_id, person_id)
        """,
        *columns(deeds),
    )
    return {Deed(row["user_id"], row["subject_id"], row["person_id"]): row["stands"] for row in rows}


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


def columns(deeds: Iterable[Deed]) -> list[list[UUID]]:
    """Their parts, each as a list."""
    return [list(column) for column in zip(*deeds, strict=True)]
