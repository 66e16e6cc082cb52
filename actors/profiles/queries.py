"""All SQL of profiles."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from actors.auth.queries import OWN
from actors.graph.visibility import is_private, may_meet
from actors.kernel.transaction import Reads, Transaction
from actors.profiles.people import OF_PERSON, PERSON

_SHOWN = f"""u.id, {PERSON}, coalesce(pr.bio, '') AS bio, coalesce(pr.links, '[]') AS links,
    coalesce(pr.socials, '{{}}') AS socials, u.role, {is_private("u.id")} AS private, u.created_at,
    greatest(coalesce(pr.posts, 0), 0) AS posts, greatest(coalesce(pr.followers, 0), 0) AS followers,
    greatest(coalesce(pr.following, 0), 0) AS following, greatest(coalesce(pr.likes, 0), 0) AS likes"""


class Delta(NamedTuple):
    """What is to be added to somebody's counts."""

    posts: int = 0
    followers: int = 0
    following: int = 0
    likes: int = 0


async def by_username(
    db: Reads, asked: Collection[tuple[UUID | None, str]]
) -> dict[tuple[UUID | None, str], asyncpg.Record]:
    """For each viewer (None: a visitor) and username key the profile, if that viewer may meet that person."""
    rows = await db.fetch(
        f"""
        SELECT a.viewer_id, u.username_key, {_SHOWN}
        FROM unnest($1::uuid[], $2::text[]) AS a (viewer_id, username_key)
        JOIN users u ON u.username_key = a.username_key {OF_PERSON}
        WHERE {may_meet("a.viewer_id", "u.id")}
        """,
        [viewer_id for viewer_id, _ in asked],
        [key for _, key in asked],
    )
    return {(row["viewer_id"], row["username_key"]): row for row in rows}


async def by_id(db: Reads, ids: Collection[UUID]) -> dict[UUID, asyncpg.Record]:
    """Profiles, with what only their owners see of their accounts, of the living people among these."""
    rows = await db.fetch(
        f"SELECT {_SHOWN}, {OWN} FROM users u {OF_PERSON} WHERE u.id = ANY($1) AND u.deleted_at IS NULL", ids
    )
    return {row["id"]: row for row in rows}


async def user_id_of(db: Reads, viewer_id: UUID | None, username_key: str) -> UUID | None:
    """The person with that name, if the viewer may meet them."""
    user_id: UUID | None = await db.fetchval(
        f"SELECT id FROM users u WHERE username_key = $1 AND {may_meet('$2::uuid', 'u.id')}", username_key, viewer_id
    )
    return user_id


async def open_profiles(tx: Transaction, user_ids: Collection[UUID]) -> None:
    """Give a row to those of the living people who have none."""
    await tx.execute(
        "INSERT INTO profiles (user_id, updated_at) SELECT id, now() FROM users "
        "WHERE id = ANY($1) AND deleted_at IS NULL ORDER BY id ON CONFLICT DO NOTHING",
        user_ids,
    )


async def remove(tx: Transaction, user_id: UUID) -> None:
    """Remove the profile of somebody who is gone. Counting for them makes no new one."""
    await tx.execute("DELETE FROM profiles WHERE user_id = $1", user_id)


async def adjust(tx: Transaction, deltas: Mapping[UUID, Delta]) -> frozenset[UUID]:
    """Add to the counts of all these living people at once, locked in id order; returns whom there is."""
    rows = await tx.fetch(
        "INSERT INTO profiles AS p (user_id, posts, followers, following, likes, updated_at) "
        "SELECT u.id, d.posts, d.followers, d.following, d.likes, now() "
        "FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[]) "
        "AS d (id, posts, followers, following, likes) "
        "JOIN users u ON u.id = d.id AND u.deleted_at IS NULL ORDER BY u.id "
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
