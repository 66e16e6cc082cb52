"""All SQL of profiles."""

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from actors.kernel.transaction import Reads, Transaction

_SHOWN = """u.id, u.username, coalesce(p.display_name, u.username) AS display_name,
    coalesce(p.bio, '') AS bio, p.avatar_url AS avatar, coalesce(p.links, '[]') AS links,
    coalesce(p.socials, '{}') AS socials, u.role, coalesce(p.private, false) AS private, u.created_at,
    greatest(coalesce(p.posts, 0), 0) AS posts, greatest(coalesce(p.followers, 0), 0) AS followers,
    greatest(coalesce(p.following, 0), 0) AS following, greatest(coalesce(p.likes, 0), 0) AS likes"""
_ACCOUNT = "u.email, u.email_verified_at IS NOT NULL AS email_verified, u.plan"
_PEOPLE = "users u LEFT JOIN profiles p ON p.user_id = u.id"


class Delta(NamedTuple):
    """What is to be added to somebody's counts."""

    posts: int = 0
    followers: int = 0
    following: int = 0
    likes: int = 0


ListPeople = Callable[[Reads, UUID, int, tuple[datetime, UUID] | None], Coroutine[Any, Any, list[asyncpg.Record]]]


async def by_username(db: Reads, keys: Collection[str]) -> dict[str, asyncpg.Record]:
    """Profiles of the living people with these username keys, by key."""
    rows = await db.fetch(
        f"SELECT u.username_key, {_SHOWN} FROM {_PEOPLE} WHERE u.username_key = ANY($1) AND u.deleted_at IS NULL",
        keys,
    )
    return {row["username_key"]: row for row in rows}


async def by_id(db: Reads, ids: Collection[UUID]) -> dict[UUID, asyncpg.Record]:
    """Profiles, with what only their owners see of their accounts, of the living people among these."""
    rows = await db.fetch(
        f"SELECT {_SHOWN}, {_ACCOUNT} FROM {_PEOPLE} WHERE u.id = ANY($1) AND u.deleted_at IS NULL", ids
    )
    return {row["id"]: row for row in rows}


async def user_id_of(db: Reads, username_key: str) -> UUID | None:
    """The living person with that name."""
    user_id: UUID | None = await db.fetchval(
        "SELECT id FROM users WHERE username_key = $1 AND deleted_at IS NULL", username_key
    )
    return user_id


async def followers(db: Reads, user_id: UUID, limit: int, after: tuple[datetime, UUID] | None) -> list[asyncpg.Record]:
    """Who follows the person, the latest first, with `since` and `id` as the key of the next page."""
    return await _neighbours(db, "followee_id", "follower_id", user_id, limit, after)


async def following(db: Reads, user_id: UUID, limit: int, after: tuple[datetime, UUID] | None) -> list[asyncpg.Record]:
    """Whom the person follows, in the same shape and order."""
    return await _neighbours(db, "follower_id", "followee_id", user_id, limit, after)


async def _neighbours(
    db: Reads, near: str, far: str, user_id: UUID, limit: int, after: tuple[datetime, UUID] | None
) -> list[asyncpg.Record]:
    seek = f"AND (f.created_at, f.{far}) < ($3, $4)" if after else ""
    return await db.fetch(
        "SELECT u.id, u.username, coalesce(p.display_name, u.username) AS display_name, "
        "p.avatar_url AS avatar, f.created_at AS since "
        f"FROM follows f JOIN {_PEOPLE} ON u.id = f.{far} "
        f"WHERE f.{near} = $1 AND u.deleted_at IS NULL {seek} "
        f"ORDER BY f.created_at DESC, f.{far} DESC LIMIT $2",
        user_id,
        limit,
        *(after or ()),
    )


async def open_profiles(tx: Transaction, user_ids: Collection[UUID]) -> None:
    """Give a row to those of the people who have none."""
    await tx.execute(
        "INSERT INTO profiles (user_id, updated_at) SELECT id, now() FROM users "
        "WHERE id = ANY($1) ORDER BY id ON CONFLICT DO NOTHING",
        user_ids,
    )


async def adjust(tx: Transaction, deltas: Mapping[UUID, Delta]) -> frozenset[UUID]:
    """Add to the counts of everybody at once, locked in id order; returns whom there is."""
    rows = await tx.fetch(
        "INSERT INTO profiles AS p (user_id, posts, followers, following, likes, updated_at) "
        "SELECT u.id, d.posts, d.followers, d.following, d.likes, now() "
        "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
        "AS d (id, posts, followers, following, likes) JOIN users u ON u.id = d.id ORDER BY u.id "
        "ON CONFLICT (user_id) DO UPDATE SET posts = p.posts + excluded.posts, "
        "followers = p.followers + excluded.followers, following = p.following + excluded.following, "
        "likes = p.likes + excluded.likes RETURNING user_id",
        list(deltas),
        *([getattr(delta, field) for delta in deltas.values()] for field in Delta._fields),
    )
    return frozenset(row["user_id"] for row in rows)


async def edit(tx: Transaction, user_id: UUID, changes: Mapping[str, Any]) -> None:
    """Set the named columns of somebody's profile; `changes` names columns of `EDITABLE` only."""
    columns: Sequence[str] = [column for column in EDITABLE if column in changes]
    sets = "".join(f"{column} = ${place}, " for place, column in enumerate(columns, start=2))
    await tx.execute(
        f"UPDATE profiles SET {sets}updated_at = now() WHERE user_id = $1",
        user_id,
        *(changes[column] for column in columns),
    )


EDITABLE = ("display_name", "bio", "links", "socials")
