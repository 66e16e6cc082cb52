"""The people and posts a scenario uses."""

import asyncio
import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import orjson


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in."""

    id: UUID
    username: str
    token: str


@dataclass(frozen=True, slots=True)
class World:
    """Distinct people, and posts, the newest first."""

    people: tuple[Person, ...]
    posts: tuple[UUID, ...]


def read_people(tokens: Path) -> tuple[Person, ...]:
    """Who is named in `tokens`, one JSON object with `access_token` a line."""
    named = [_person(orjson.loads(line)["access_token"]) for line in tokens.read_bytes().splitlines() if line]
    return tuple({person.id: person for person in named}.values())


async def read_world(database_url: str, people: tuple[Person, ...], *, posts: int = 500) -> World:
    """These people and the newest posts."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT id FROM posts WHERE deleted_at IS NULL AND original_post_id IS NULL ORDER BY id DESC LIMIT $1",
            posts,
        )
    finally:
        await connection.close()
    return World(people, tuple(row["id"] for row in rows))


def _person(token: str) -> Person:
    """Whom a token names; the server is the one that verifies it."""
    payload = token.split(".")[1]
    claims = orjson.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return Person(UUID(claims["sub"]), claims["name"], token)


async def likes_of(database_url: str, posts: Sequence[UUID]) -> set[tuple[UUID, UUID]]:
    """Who likes which of these posts: (post id, person id)."""
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT post_id, user_id FROM likes WHERE post_id = ANY($1)", posts)
    finally:
        await connection.close()
    return {(row["post_id"], row["user_id"]) for row in rows}


async def moves_of(database_url: str, posts: Sequence[UUID]) -> int:
    """How often the rows of these posts were moved by counting, in all: that is what their versions say."""
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("SELECT sum(v) FROM posts WHERE id = ANY($1)", posts))
    finally:
        await connection.close()


_OWED = """
SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)
    OR EXISTS (SELECT FROM outbox o, unnest(string_to_array(nullif(o.targets, ''), ' ')) AS target
               WHERE NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)
                 AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = o.id AND d.domain = target))
"""


async def settled(database_url: str, *, seconds: float) -> float | None:
    """The seconds until every fact took effect in every domain that listens; None when that takes longer."""
    connection = await asyncpg.connect(database_url)
    began = time.monotonic()
    try:
        while await connection.fetchval(_OWED):
            if time.monotonic() - began > seconds:
                return None
            await asyncio.sleep(0.1)
    finally:
        await connection.close()
    return time.monotonic() - began
