"""All SQL of how people stand to each other. A pair is who and whom: follower and followee, blocker and blocked."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from uuid_utils.compat import uuid7

from actors.auth.presence import is_present
from actors.graph.messages import MOST_BLOCKED, MOST_FOLLOWED, MOST_MUTED
from actors.graph.ties import Pair, Side
from actors.graph.visibility import is_private
from actors.kernel.transaction import Reads, Transaction


class People(NamedTuple):
    """Locked people who live: their ids, the ids by username key, and those among them whose accounts show."""

    ids: frozenset[UUID]
    by_key: Mapping[str, UUID]
    present: frozenset[UUID]


async def lock_people(tx: Transaction, ids: Collection[UUID], keys: Collection[str] = ()) -> People:
    """Lock living people, named by id or by username key, in id order."""
    rows = await tx.fetch(
        f"SELECT id, username_key, {is_present('u')} AS is_present FROM users u "
        "WHERE (id = ANY($1) OR username_key = ANY($2)) AND deleted_at IS NULL ORDER BY id FOR NO KEY UPDATE",
        ids,
        keys,
    )
    return People(
        frozenset(row["id"] for row in rows),
        {row["username_key"]: row["id"] for row in rows},
        frozenset(row["id"] for row in rows if row["is_present"]),
    )


async def sides(db: Reads, pairs: Iterable[Pair]) -> dict[Pair, Side]:
    """How the first of each pair stands to the second."""
    rows = await db.fetch(
        f"""
        SELECT p.me, p.them,
            EXISTS (SELECT FROM follows WHERE follower_id = p.me AND followee_id = p.them) AS following,
            EXISTS (SELECT FROM follow_requests WHERE requester_id = p.me AND target_id = p.them) AS requested,
            EXISTS (SELECT FROM blocks WHERE blocker_id = p.me AND blocked_id = p.them) AS blocking,
            m.muter_id IS NOT NULL AS muting, m.until AS muted_until, {is_private("p.them")} AS is_private
        FROM unnest($1::uuid[], $2::uuid[]) AS p (me, them)
        LEFT JOIN mutes m ON m.muter_id = p.me AND m.muted_id = p.them AND (m.until IS NULL OR m.until > now())
        """,
        *_columns(pairs, 2),
    )
    return {(row["me"], row["them"]): Side(*tuple(row)[2:]) for row in rows}


RoomOf = Callable[[Transaction, Collection[UUID]], Awaitable[Mapping[UUID, int]]]
"""How much more of something each of these locked people may have."""


async def room_for_followed(tx: Transaction, ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many more people each of these may follow, or ask to."""
    return await _room(tx, ids, MOST_FOLLOWED, follows="follower_id", follow_requests="requester_id")


async def room_for_blocked(tx: Transaction, ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many more people each of these may block."""
    return await _room(tx, ids, MOST_BLOCKED, blocks="blocker_id")


async def room_for_muted(tx: Transaction, ids: Collection[UUID]) -> Mapping[UUID, int]:
    """How many more people each of these may mute. Mutes whose time is over are forgotten."""
    await tx.execute("DELETE FROM mutes WHERE muter_id = ANY($1::uuid[]) AND until <= now()", ids)
    return await _room(tx, ids, MOST_MUTED, mutes="muter_id")


async def _room(tx: Transaction, ids: Collection[UUID], most: int, **who: str) -> Mapping[UUID, int]:
    rows = " UNION ALL ".join(f"SELECT FROM {table} WHERE {column} = p.id" for table, column in who.items())
    found = await tx.fetch(
        f"SELECT id, $2 - (SELECT count(*) FROM (SELECT FROM ({rows}) AS ties LIMIT $2) AS have) AS room "
        "FROM unnest($1::uuid[]) AS p (id)",
        ids,
        most,
    )
    return {row["id"]: row["room"] for row in found}


async def follow(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Let locked people follow locked people whom they did not."""
    await tx.execute(
        "INSERT INTO follows (follower_id, followee_id, created_at) "
        "SELECT *, now() FROM unnest($1::uuid[], $2::uuid[])",
        *_columns(pairs, 2),
    )


async def unfollow(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Let locked people follow no longer."""
    await _delete(tx, "follows", "follower_id", "followee_id", pairs)


async def request(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Note that locked people ask to follow locked people."""
    await tx.execute(
        "INSERT INTO follow_requests (id, requester_id, target_id, created_at) "
        "SELECT *, now() FROM unnest($3::uuid[], $1::uuid[], $2::uuid[])",
        *_columns(pairs, 2),
        [uuid7() for _ in pairs],
    )


async def unrequest(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Forget that locked people asked to follow."""
    await _delete(tx, "follow_requests", "requester_id", "target_id", pairs)


async def block(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Let locked people block locked people."""
    await tx.execute(
        "INSERT INTO blocks (blocker_id, blocked_id, created_at) SELECT *, now() FROM unnest($1::uuid[], $2::uuid[])",
        *_columns(pairs, 2),
    )


async def unblock(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Let locked people block no longer."""
    await _delete(tx, "blocks", "blocker_id", "blocked_id", pairs)


async def mute(tx: Transaction, mutes: Sequence[tuple[UUID, UUID, datetime | None]]) -> None:
    """Let locked people mute others until then; None: for good. It replaces a mute that there is."""
    await tx.execute(
        "INSERT INTO mutes (muter_id, muted_id, until, created_at) "
        "SELECT *, now() FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[]) "
        "ON CONFLICT (muter_id, muted_id) DO UPDATE SET until = excluded.until, created_at = excluded.created_at",
        *_columns(mutes, 3),
    )


async def unmute(tx: Transaction, pairs: Sequence[Pair]) -> None:
    """Let locked people mute no longer."""
    await _delete(tx, "mutes", "muter_id", "muted_id", pairs)


async def _delete(tx: Transaction, table: str, who: str, whom: str, pairs: Sequence[Pair]) -> None:
    await tx.execute(
        f"DELETE FROM {table} t USING unnest($1::uuid[], $2::uuid[]) AS p (who, whom) "
        f"WHERE t.{who} = p.who AND t.{whom} = p.whom",
        *_columns(pairs, 2),
    )


async def requester_of(tx: Transaction, request_id: UUID, target_id: UUID) -> UUID | None:
    """Who asks with this request to follow the target; None: nobody does."""
    requester: UUID | None = await tx.fetchval(
        "SELECT requester_id FROM follow_requests WHERE id = $1 AND target_id = $2", request_id, target_id
    )
    return requester


async def requesters(tx: Transaction, target_id: UUID, limit: int) -> list[UUID]:
    """Who asks to follow the target, some of them, if the target is public now."""
    rows = await tx.fetch(
        f"SELECT requester_id FROM follow_requests WHERE target_id = $1 AND NOT {is_private('$1::uuid')} LIMIT $2",
        target_id,
        limit,
    )
    return [row["requester_id"] for row in rows]


async def set_private(tx: Transaction, user_id: UUID, *, private: bool) -> bool:
    """Make a locked person's account private, or public. False: it was."""
    tag = await tx.execute(
        "INSERT INTO private_accounts (user_id, since) VALUES ($1, now()) ON CONFLICT DO NOTHING"
        if private
        else "DELETE FROM private_accounts WHERE user_id = $1",
        user_id,
    )
    return not tag.endswith(" 0")


def _columns(rows: Iterable[tuple[Any, ...]], count: int) -> list[list[Any]]:
    ordered = list(rows)
    return [[row[column] for row in ordered] for column in range(count)]
