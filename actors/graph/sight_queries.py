"""All SQL of who sees whom, about many people at once."""

from collections.abc import Collection, Iterable
from typing import NamedTuple
from uuid import UUID

from actors.auth.presence import is_present
from actors.graph.sight_messages import Shown, ViewerId
from actors.graph.visibility import is_open, may_meet, may_see, wants_to_hear_of
from actors.kernel.transaction import Reads


class Sight(NamedTuple):
    """A viewer and somebody: whether the one may see what the other shows, or at least meet them."""

    viewer_id: ViewerId
    person_id: UUID
    is_work: bool


async def hidden(db: Reads, asked: Collection[Sight]) -> frozenset[Sight]:
    """What is not allowed of this."""
    rows = await db.fetch(
        f"""
        SELECT a.* FROM unnest($1::uuid[], $2::uuid[], $3::boolean[]) AS a (viewer_id, person_id, is_work)
        WHERE CASE WHEN a.is_work THEN NOT {may_see("a.viewer_id", "a.person_id")}
            ELSE NOT {may_meet("a.viewer_id", "a.person_id")} END
        """,
        [sight.viewer_id for sight in asked],
        [sight.person_id for sight in asked],
        [sight.is_work for sight in asked],
    )
    return frozenset(Sight(*row) for row in rows)


async def open_among(db: Reads, ids: Iterable[UUID]) -> frozenset[UUID]:
    """Those whom everybody may see."""
    rows = await db.fetch(f"SELECT a.id FROM unnest($1::uuid[]) AS a (id) WHERE {is_open('a.id')}", list(set(ids)))
    return frozenset(row["id"] for row in rows)


async def readers(db: Reads, user_ids: Collection[UUID], shown: Collection[Shown]) -> frozenset[tuple[UUID, Shown]]:
    """Who of these people shows it, or follows who shows it, may see both and has muted neither.

    Most authors hide from nobody and nobody has muted them, which is found out once for each of them and not for each
    reader.
    """
    rows = await db.fetch(
        f"""
        WITH shown AS MATERIALIZED (
            SELECT s.*, {is_open("s.by_id")} AND {is_open("s.author_id")} AS is_open,
                EXISTS (SELECT FROM mutes WHERE muted_id IN (s.by_id, s.author_id)) AS is_muted
            FROM unnest($2::uuid[], $3::uuid[]) AS s (by_id, author_id)),
        reads AS (
            SELECT f.follower_id AS user_id, s.* FROM shown s
            JOIN follows f ON f.followee_id = s.by_id AND f.follower_id = ANY($1)
            UNION ALL SELECT s.by_id, s.* FROM shown s WHERE s.by_id = ANY($1))
        SELECT r.user_id, r.by_id, r.author_id FROM reads r
        WHERE (r.is_open OR {may_see("r.user_id", "r.by_id")} AND {may_see("r.user_id", "r.author_id")})
            AND (NOT r.is_muted OR {wants_to_hear_of("r.user_id", "r.by_id")}
                AND {wants_to_hear_of("r.user_id", "r.author_id")})
        """,
        user_ids,
        [by_id for by_id, _ in shown],
        [author_id for _, author_id in shown],
    )
    return frozenset((row["user_id"], (row["by_id"], row["author_id"])) for row in rows)


class Person(NamedTuple):
    """Somebody the viewer may meet, and whether they may see what that person shows."""

    id: UUID
    is_seen: bool


async def person_named(db: Reads, viewer_id: ViewerId, username_key: str) -> Person | None:
    """Who bears this name; None: nobody whom the viewer may meet."""
    row = await db.fetchrow(
        f"SELECT u.id, {may_see('$2::uuid', 'u.id')} AS is_seen FROM users u "
        f"WHERE u.username_key = $1 AND {may_meet('$2::uuid', 'u.id')}",
        username_key,
        viewer_id,
    )
    return None if row is None else Person(*row)


async def absent(db: Reads, ids: Collection[UUID]) -> frozenset[UUID]:
    """Those whose accounts do not show."""
    rows = await db.fetch(f"SELECT id FROM users u WHERE id = ANY($1) AND NOT {is_present('u')}", ids)
    return frozenset(row["id"] for row in rows)
