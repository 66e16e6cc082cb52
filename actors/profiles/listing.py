"""Lists of people around somebody, the latest first. A place in one is a moment and whoever stands there."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from actors.graph.visibility import may_meet, may_see
from actors.kernel.transaction import Reads
from actors.profiles.queries import PEOPLE

Place = tuple[datetime, UUID]
ListPeople = Callable[[Reads, UUID | None, UUID, int, Place], Coroutine[Any, Any, list[asyncpg.Record]]]
"""Of whom a viewer may meet, so many around somebody below a place, each with `since`."""

_SHOWN = "u.id, u.username, coalesce(p.display_name, u.username) AS display_name, p.avatar_url AS avatar"


async def followers(db: Reads, viewer_id: UUID | None, user_id: UUID, limit: int, below: Place) -> list[asyncpg.Record]:
    """Who follows the person; nobody if the viewer may not see what that person shows."""
    list_sql = _list("follows", "followee_id", "follower_id", of=may_see("$2::uuid", "$1::uuid"))
    return await db.fetch(list_sql, user_id, viewer_id, limit, *below)


async def following(db: Reads, viewer_id: UUID | None, user_id: UUID, limit: int, below: Place) -> list[asyncpg.Record]:
    """Whom the person follows; nobody if the viewer may not see what that person shows."""
    list_sql = _list("follows", "follower_id", "followee_id", of=may_see("$2::uuid", "$1::uuid"))
    return await db.fetch(list_sql, user_id, viewer_id, limit, *below)


async def muted(db: Reads, viewer_id: UUID | None, user_id: UUID, limit: int, below: Place) -> list[asyncpg.Record]:
    """Whom the person mutes now."""
    is_on = "(f.until IS NULL OR f.until > now())"
    return await db.fetch(_list("mutes", "muter_id", "muted_id", of=is_on), user_id, viewer_id, limit, *below)


def _list(table: str, near: str, far: str, *, of: str) -> str:
    return f"""
        SELECT {_SHOWN}, f.created_at AS since FROM {table} f JOIN {PEOPLE} ON u.id = f.{far}
        WHERE f.{near} = $1 AND {of} AND {may_meet("$2::uuid", "u.id")}
            AND (f.created_at, f.{far}) < ($4, $5)
        ORDER BY f.created_at DESC, f.{far} DESC LIMIT $3
    """


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
