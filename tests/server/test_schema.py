"""Migrations: the same schema as the tables declare, once, whoever comes first, whatever is in the database."""

import asyncio
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from actors.adapters.database import Database
from actors.settings import Settings, SettingsError
from server import schema
from tests.flows.stack import environment_of

FIRST = "2026-11-22T12:12:17:926514"
OLD_WORLD = """
INSERT INTO users (id, username, username_key, email, password_hash, created_at)
    VALUES ('00000000-0000-7000-8000-000000000001', 'ana', 'ana', 'ana@example.org', '', now());
INSERT INTO profiles (user_id, updated_at, avatar_photo_id, avatar_url)
    VALUES ('00000000-0000-7000-8000-000000000001', now(), '00000000-0000-7000-8000-000000000002',
        'https://old.example/variants/1/thumb.webp');
INSERT INTO photos (
    id, owner_id, state, content_type, bytes, object_key, variants_key, variants, alt, created_at, expires_at)
    VALUES ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'ready', 'image/jpeg', 1,
        'uploads/1', 'variants/1',
        '[{"key": "variants/1/full.webp", "width": 800}, {"key": "variants/1/thumb.webp", "width": 320}]',
        'A boat', now(), now());
INSERT INTO posts (id, author_id, photo_id, caption, tags, created_at)
    VALUES ('00000000-0000-7000-8000-000000000003', '00000000-0000-7000-8000-000000000001',
        '00000000-0000-7000-8000-000000000002', 'Early', '{sea,dawn}', now());
"""


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


async def test_who_starts_before_the_migrations_is_told_to_run_them(bare_settings: Settings) -> None:
    async with schema.scratch(bare_settings.database_url) as url:
        settings = bare_settings.model_copy(update={"database_url": url})
        with pytest.raises(SettingsError, match="vitrine migrate"):
            await Database.open(settings)
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "server", "dead", "list"],
            env=environment_of(settings),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 2
        assert "vitrine migrate" in done.stderr
        assert "Traceback" not in done.stderr


async def test_a_filled_database_keeps_what_it_holds_and_gains_what_is_made_of_it(servers: dict[str, str]) -> None:
    async with schema.scratch(servers["DB_URL"]) as url:
        await schema.migrate(url, until=FIRST)
        connection = await asyncpg.connect(url)
        await connection.execute(OLD_WORLD)
        await schema.migrate(url)
        tags = await connection.fetch("SELECT tag FROM post_tags ORDER BY tag")
        post = await connection.fetchrow("SELECT alt, caption, comments_closed FROM posts")
        original = await connection.fetchval("SELECT original_key FROM photos")
        avatar = await connection.fetchval("SELECT avatar_key FROM profiles")
        await connection.close()
    assert [row["tag"] for row in tags] == ["dawn", "sea"]
    assert post is not None
    assert tuple(post) == ("A boat", "Early", False)
    assert original == "uploads/1"
    assert avatar == "variants/1/thumb.webp"
