"""People and posts put into the tables directly, for tests that need many of them at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
from uuid_utils.compat import uuid7


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in."""

    id: str
    username: str
    token: str


async def insert_people(database: "asyncpg.Pool[Any]", token: Callable[[str, str], str], count: int) -> list[Person]:
    """Accounts that cannot sign in by password, with profiles and tokens."""
    ids = [str(uuid7()) for _ in range(count)]
    names = [f"p{place:05}x{person_id[-8:]}" for place, person_id in enumerate(ids)]
    now = datetime.now(UTC)
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(
            """INSERT INTO users (id, username, username_key, email, password_hash, role, plan, created_at)
            SELECT id, name, name, name || '@example.com', '', 'user', 'free', $3
            FROM unnest($1::uuid[], $2::text[]) AS p(id, name)""",
            ids,
            names,
            now,
        )
        await connection.execute(
            "INSERT INTO profiles (user_id, updated_at, links, socials, bio) "
            "SELECT id, $2, '[]', '{}', '' FROM unnest($1::uuid[]) AS p(id)",
            ids,
            now,
        )
    return [Person(person, name, token(person, name)) for person, name in zip(ids, names, strict=True)]


async def insert_uploads(
    database: "asyncpg.Pool[Any]", owner: Person, count: int, *, posted_at: datetime | None = None
) -> list[str]:
    """Photographs that are ready, and to be posted unless they were."""
    photos = [str(uuid7()) for _ in range(count)]
    await database.execute(
        """INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, width,
                               height, placeholder, variants, posted_at, created_at, expires_at)
        SELECT id, $2, 'ready', 'image/jpeg', 1000, 'test/' || id, 'test/' || id, 640, 480, '',
               '[]', $3, $4, $4 FROM unnest($1::uuid[]) AS p(id)""",
        photos,
        owner.id,
        posted_at,
        datetime.now(UTC),
    )
    return photos


async def insert_posts(database: "asyncpg.Pool[Any]", author: Person, count: int) -> list[str]:
    """Posts with ready photographs, oldest first."""
    posts, now = [str(uuid7()) for _ in range(count)], datetime.now(UTC)
    photos = await insert_uploads(database, author, count, posted_at=now)
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(
            """INSERT INTO posts (id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v,
                                  created_at)
            SELECT id, $3, photo, 'a post', '{}', false, 0, 0, 0, 0, $4
            FROM unnest($1::uuid[], $2::uuid[]) AS p(id, photo)""",
            posts,
            photos,
            author.id,
            now,
        )
    return posts
