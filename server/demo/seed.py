"""The demo world, put into an empty database and the storage."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
from argon2 import PasswordHasher

from actors.adapters.storage import open_storage
from actors.kernel.errors import Conflict
from actors.settings import Settings
from server.demo import words
from server.demo.news import news_of
from server.demo.pictures import COUNT, Stored, store_all
from server.demo.rows import Rows, rows_of
from server.demo.tokens import write_tokens
from server.demo.world import World, make_world


class Inhabited(Conflict):
    """There are people here already; a demo world begins in an empty database (`vitrine dev --fresh`)."""

    code = "inhabited"


async def seed(
    settings: Settings, *, people: int = 200, posts: int = 2000, tokens: Path | None = None, if_empty: bool = False
) -> None:
    """Make the world of so many people and posts, and write access tokens of all people to `tokens`, one JSON
    object a line.

    All rows come in one transaction. Where there are people already it raises `Inhabited`, or with `if_empty`
    leaves the world as it is. Progress goes to stderr.
    """
    connection = await asyncpg.connect(settings.database_url, timeout=10)
    try:
        if not await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
            await _fill(connection, settings, people, posts)
        elif not if_empty:
            raise Inhabited
        if tokens is not None:
            users = await connection.fetch("SELECT id FROM users WHERE deleted_at IS NULL ORDER BY id")
            await write_tokens(settings, [row["id"] for row in users], tokens)
            _say(f"tokens of {len(users)} people are in {tokens}")
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, settings: Settings, people: int, posts: int) -> None:
    began = time.monotonic()
    world = make_world(people, posts, datetime.now(UTC))
    pictures = await _pictures(settings, world)
    # The salt of one hash that serves everybody keeps nothing secret: the password is printed at every start.
    hasher = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
    password_hash = hasher.hash(words.PASSWORD)
    await _insert(connection, world, pictures, password_hash)
    seconds = time.monotonic() - began
    _say(
        f"{people} people, {posts} posts, {len(world.likes)} likes, {len(world.remarks)} comments, "
        f"{len(world.follows)} follows in {seconds:.1f} s"
    )


async def _pictures(settings: Settings, world: World) -> dict[int, Stored]:
    needed = {post.number for post in world.posts} | {COUNT + person.face for person in world.people}
    pictures: dict[int, Stored] = {}
    async with open_storage(settings) as storage:
        await storage.ensure_bucket()
        async for number, picture in store_all(storage, sorted(needed)):
            pictures[number] = picture
            if len(pictures) % 12 == 0:
                _say(f"developing photographs, {len(pictures)} of {len(needed)}")
    return pictures


async def _insert(
    connection: asyncpg.Connection, world: World, pictures: dict[int, Stored], password_hash: str
) -> None:
    tables = []
    async with connection.transaction():
        await connection.execute("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
        if await connection.fetchval("SELECT EXISTS (SELECT FROM users)"):
            raise Inhabited
        for rows in (*rows_of(world, pictures, password_hash), *news_of(world)):
            await _copy(connection, rows)
            tables.append(rows.table)
    await connection.execute(f"ANALYZE {', '.join(tables)}")


async def _copy(connection: asyncpg.Connection, rows: Rows) -> None:
    await connection.copy_records_to_table(rows.table, columns=rows.columns.split(), records=rows.rows)


def _say(text: str) -> None:
    print(f"seed     {text}", file=sys.stderr, flush=True)
