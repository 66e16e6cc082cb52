"""Migrations: the same schema as the tables declare, once, whoever comes first, whatever is in the database."""

import asyncio
from pathlib import Path

import asyncpg

from server import schema


async def test_the_migrations_build_what_the_tables_declare(database_url: str) -> None:
    assert await schema.differences(database_url) == []


async def test_what_only_one_of_them_has_is_found(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    built = await schema.catalogue(database_url)
    await connection.execute("CREATE INDEX forgotten ON likes (created_at)")
    await connection.execute("ALTER TABLE posts ALTER caption DROP NOT NULL")
    changed = await schema.catalogue(database_url)
    await connection.close()
    assert any("forgotten" in line for line in changed - built)
    assert any("column posts.caption" in line for line in changed - built)


async def test_several_processes_migrate_one_database_at_once(servers: dict[str, str], tmp_path: Path) -> None:
    async with schema.scratch(servers["DB_URL"]) as url:
        await asyncio.gather(*(schema.migrate(url) for _ in range(3)))
        connection = await asyncpg.connect(url)
        applied = await connection.fetch("SELECT name, count(*) FROM migration GROUP BY name HAVING count(*) > 1")
        await connection.close()
        assert applied == []


async def test_a_filled_database_keeps_what_it_holds(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO dead_letters (id, event_id) VALUES (gen_random_uuid(), gen_random_uuid())")
    await schema.migrate(database_url)
    assert await connection.fetchval("SELECT count(*) FROM dead_letters") == 1
    await connection.close()
