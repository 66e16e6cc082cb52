"""Lists of people around somebody, the latest first. A place in one is a moment and whoever stands there."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from actors.graph.visibility import may_meet, may_see
from actors.kernel.filling import Step, fill
from actors.kernel.paging import Key, Page, key_at, moment_of_key
from actors.kernel.transaction import Reads
from actors.profiles.messages import ListFollowers, ListFollowing, ListMuted, PersonView
from actors.profiles.queries import PEOPLE
from actors.profiles.views import person_of

Place = tuple[datetime, UUID]

_SHOWN = "u.id, u.username, coalesce(p.display_name, u.username) AS display_name, p.avatar_url AS avatar"
_MET = f"SELECT {_SHOWN} FROM {PEOPLE} WHERE u.id = ANY($1::uuid[]) AND {may_meet('$2::uuid', 'u.id')}"


def _around(table: str, near: str, far: str, *, of: str) -> str:
    return f"""
        SELECT f.{far} AS id, f.created_at FROM {table} f
        WHERE f.{near} = $1 AND {of} AND (f.created_at, f.{far}) < ($3, $4)
        ORDER BY f.created_at DESC, f.{far} DESC LIMIT $5
    """


_SEEN = may_see("$2::uuid", "$1::uuid")
_LISTS = {
    ListFollowers: _around("follows", "followee_id", "follower_id", of=_SEEN),
    ListFollowing: _around("follows", "follower_id", "followee_id", of=_SEEN),
    ListMuted: _around("mutes", "muter_id", "muted_id", of=f"{_SEEN} AND (f.until IS NULL OR f.until > now())"),
}
"""Who stands so to somebody ($1); nobody for a viewer ($2) who may not see what that person shows."""


async def around(
    db: Reads, question: ListFollowers | ListFollowing | ListMuted, viewer_id: UUID | None, user_id: UUID
) -> Page[PersonView]:
    """People around somebody, as far as the viewer may meet them: a page may be short."""

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(_LISTS[type(question)], user_id, viewer_id, *moment_of_key(after), count)
        return [Step(key_at(row["created_at"], row["id"]), row["id"]) for row in rows]

    async def show(ids: Sequence[UUID]) -> Mapping[UUID, PersonView]:
        return {row["id"]: person_of(row) for row in await db.fetch(_MET, ids, viewer_id)}

    return await fill(look, show, after=question.after, limit=question.limit)


async def blocked(db: Reads, user_id: UUID, limit: int, below: Place) -> list[asyncpg.Record]:
    """Whom the person blocks: nowhere else do these two meet."""
    return await db.fetch(
        f"""
        SELECT {_SHOWN}, f.created_at AS since FROM blocks f JOIN {PEOPLE} ON u.id = f.blocked_id
        WHERE f.blocker_id = $1 AND u.deleted_at IS NULL AND (f.created_at, f.blocked_id) < ($3, $4)
        ORDER BY f.created_at DESC, f.blocked_id DESC LIMIT $2
        """,
        user_id,
        limit,
        *below,
    )


async def requests(db: Reads, user_id: UUID, limit: int, below: UUID) -> list[asyncpg.Record]:
    """Who asks to follow the person, with `request_id`, which orders them, and `created_at`."""
    return await db.fetch(
        f"""
        SELECT {_SHOWN}, f.id AS request_id, f.created_at FROM follow_requests f JOIN {PEOPLE} ON u.id = f.requester_id
        WHERE f.target_id = $1 AND f.id < $3 AND {may_meet("$1::uuid", "u.id")}
        ORDER BY f.id DESC LIMIT $2
        """,
        user_id,
        limit,
        below,
    )
