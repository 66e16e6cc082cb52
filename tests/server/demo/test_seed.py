"""The demo world in its tables: everything the tables promise holds."""

import hashlib
import math
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
import orjson
import pytest
from argon2 import PasswordHasher

from actors.adapters.storage import open_storage
from actors.auth.messages import Refresh
from actors.feed.messages import FeedType, GetFeed
from actors.kernel.paging import Page
from actors.kernel.system import System
from actors.notifications.messages import GetUnread, ListNotifications
from actors.posts.messages import PostItem
from server.demo.pictures import draw
from server.demo.seed import Inhabited, seed
from server.http.tokens import Tokens
from tests.server.demo.conftest import Seeded

COUNTERS = """
SELECT count(*) FROM posts p WHERE original_post_id IS NULL AND (
    p.likes != (SELECT count(*) FROM likes WHERE post_id = p.id) OR
    p.reposts != (SELECT count(*) FROM reposts WHERE post_id = p.id) OR
    p.comments != (SELECT count(*) FROM comments WHERE post_id = p.id) OR p.v < p.likes + p.reposts + p.comments)
"""
PROFILES = """
SELECT count(*) FROM users u LEFT JOIN profiles pr ON pr.user_id = u.id WHERE
    pr.posts IS DISTINCT FROM (
        SELECT count(*) FROM posts WHERE author_id = u.id AND original_post_id IS NULL) OR
    pr.followers IS DISTINCT FROM (SELECT count(*) FROM follows WHERE followee_id = u.id) OR
    pr.following IS DISTINCT FROM (SELECT count(*) FROM follows WHERE follower_id = u.id) OR
    pr.likes IS DISTINCT FROM (
        SELECT count(*) FROM likes l JOIN posts p ON p.id = l.post_id WHERE p.author_id = u.id)
"""
GROUPS = """
SELECT count(*) FROM notifications n WHERE
    n.people != (SELECT count(*) FROM notification_people WHERE notification_id = n.id AND shown) OR
    n.at != (SELECT max(at) FROM notification_people WHERE notification_id = n.id)
"""
REPLIES = """
SELECT count(*) FROM comments c LEFT JOIN comments top ON top.id = c.parent_id WHERE
    c.replies != (SELECT count(*) FROM comments WHERE parent_id = c.id) OR
    c.parent_id IS NOT NULL AND (top.post_id != c.post_id OR top.parent_id IS NOT NULL OR top.id >= c.id)
"""
REPOSTS = """
SELECT count(*) FROM reposts r LEFT JOIN posts p ON p.id = r.repost_id
WHERE (p.author_id, p.original_post_id) IS DISTINCT FROM (r.user_id, r.post_id)
"""


async def test_counters_equal_rows_and_every_photograph_can_be_fetched(
    seeded: Seeded, database: "asyncpg.Connection[Any]"
) -> None:
    db = database
    assert await db.fetchval("SELECT count(*) FROM users") == 12
    assert await db.fetchval("SELECT count(*) FROM posts WHERE original_post_id IS NULL") == 24
    assert await db.fetchval("SELECT count(*) FROM likes") > 0
    assert await db.fetchval("SELECT count(*) FROM comments") > 0
    for question in (COUNTERS, PROFILES, GROUPS, REPLIES, REPOSTS):
        assert await db.fetchval(question) == 0, question
    urls = [
        f"{seeded.settings.media_url}/{variant['key']}"
        for row in await db.fetch("SELECT variants FROM photos WHERE state = 'ready'")
        for variant in orjson.loads(row["variants"])
    ]
    assert len(urls) == 3 * (12 + 24)
    async with aiohttp.ClientSession() as http:
        for url in sorted(set(urls)):
            async with http.get(url) as response:
                assert response.status == 200, url
                assert len(await response.read()) > 500


async def test_scores_are_what_the_feed_would_give_and_every_original_has_one(
    database: "asyncpg.Connection[Any]",
) -> None:
    rows = await database.fetch(
        "SELECT s.score, s.v, s.author_id = p.author_id AS is_theirs, p.likes, p.reposts, p.created_at, p.v AS post_v "
        "FROM posts p LEFT JOIN feed_scores s ON s.post_id = p.id WHERE p.original_post_id IS NULL"
    )
    assert len(rows) == 24
    again = await database.fetch(
        "SELECT s.score FROM feed_scores s JOIN posts p ON p.id = s.post_id WHERE abs(s.score - ("
        "log((1 + p.likes + 2 * p.reposts + 3 * p.comments)::float8) + "
        "extract(epoch FROM p.created_at)::float8 / 45000)) > 1e-6"
    )
    assert again == []
    for row in rows:
        assert row["is_theirs"]
        assert row["v"] == row["post_v"]
        assert math.isfinite(row["score"])


async def test_everybody_signs_in_with_the_password_and_by_their_tokens(
    seeded: Seeded, database: "asyncpg.Connection[Any]", system: System
) -> None:
    hashes = {row["password_hash"] for row in await database.fetch("SELECT password_hash FROM users")}
    assert [PasswordHasher().verify(stored, "demo-vitrine") for stored in hashes] == [True]
    lines = [orjson.loads(line) for line in seeded.tokens.read_bytes().splitlines()]
    assert {line["username"] for line in lines} >= {"ada", "boris", "chloe"}
    assert len(lines) == 12
    assert seeded.tokens.stat().st_mode & 0o077 == 0
    tokens = Tokens.of(seeded.settings)
    for line in lines:
        identity = tokens.verify(line["access_token"])
        assert str(identity.caller.id) == line["user_id"]
        open_session = "SELECT user_id FROM sessions WHERE id = $1 AND revoked_at IS NULL"
        assert await database.fetchval(open_session, identity.caller.session_id) == UUID(line["user_id"])
    again = await system.ask(Refresh(refresh_token=lines[0]["refresh_token"]))
    assert str(again.user.id) == lines[0]["user_id"]


async def test_a_demo_account_finds_a_feed_and_news_under_the_bell(seeded: Seeded, system: System) -> None:
    ada = next(line for line in map(orjson.loads, seeded.tokens.read_bytes().splitlines()) if line["username"] == "ada")
    caller = Tokens.of(seeded.settings).verify(ada["access_token"]).caller
    for kind in FeedType:
        page: Page[PostItem] = await system.ask(GetFeed(caller=caller, type=kind, limit=5))
        assert len(page.items) == 5, kind
        assert all(item.post.photo.variants and item.post.author.avatar for item in page.items)
    news = await system.ask(ListNotifications(caller=caller, limit=20))
    assert {item.kind.value for item in news.items} >= {"like", "follow"}
    unread = await system.ask(GetUnread(caller=caller))
    assert 0 < unread.unread == sum(not item.read for item in news.items)


async def test_a_world_with_people_is_left_alone_or_refused(
    seeded: Seeded, database: "asyncpg.Connection[Any]", tmp_path: Path
) -> None:
    before = await database.fetch("SELECT id, likes FROM posts ORDER BY id")
    await seed(seeded.settings, people=50, posts=10, if_empty=True)
    with pytest.raises(Inhabited):
        await seed(seeded.settings, people=50, posts=10)
    assert await database.fetch("SELECT id, likes FROM posts ORDER BY id") == before
    later = tmp_path / "later.jsonl"
    await seed(seeded.settings, tokens=later, if_empty=True)
    assert len(later.read_bytes().splitlines()) == 12


async def test_pictures_are_the_same_each_time_and_their_originals_are_kept(
    seeded: Seeded, database: "asyncpg.Connection[Any]"
) -> None:
    assert draw(3) == draw(3)
    assert draw(3, "another") != draw(3)
    row = await database.fetchrow("SELECT sha256, variants_key FROM photos WHERE id IN (SELECT photo_id FROM posts)")
    assert row is not None
    async with open_storage(seeded.settings) as storage:
        folder = row["variants_key"].rpartition("/")[0]
        original = await storage.read(folder.replace("variants/", "originals/"), 10_000_000)
    assert hashlib.sha256(original).hexdigest() == row["sha256"]
