"""Two servers on one database."""

import asyncio
import random
from collections import Counter
from itertools import pairwise
from typing import Any

import asyncpg
import pytest

from load.wire import Wire, connect, packed
from tests.faults.conditions import all_is_well
from tests.flows.stack import Stack, eventually

PEOPLE, POSTS, CONNECTIONS = 120, 12, 48
MIX = (
    ("PUT", "like"),
    ("DELETE", "like"),
    ("POST", "like"),
    ("PUT", "repost"),
    ("DELETE", "repost"),
    ("POST", "repost"),
)

ORPHANS = """
SELECT (SELECT count(*) FROM posts p WHERE p.original_post_id IS NOT NULL AND p.deleted_at IS NULL
        AND NOT EXISTS (SELECT FROM reposts r WHERE r.repost_id = p.id))
     + (SELECT count(*) FROM reposts r WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = r.repost_id))
"""


DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.mark.parametrize("commands", [1_000, pytest.param(10_000, marks=pytest.mark.slow)])
async def test_mixed_commands_through_two_servers_end_with_counts_equal_to_rows(stack: Stack, commands: int) -> None:
    author, *people = await stack.people(PEOPLE + 1)
    posts = await stack.posts(author, POSTS)
    servers = [await stack.serve(), await stack.serve()]
    watchers = [await stack.watch(served, None, *(f"post:{post}" for post in posts)) for served in servers]
    draw = random.Random(7)
    requests = [
        packed(method, f"/v1/posts/{draw.choice(posts)}/{what}", draw.choice(people).token)
        for method, what in draw.choices(MIX, k=commands)
    ]
    wires = [await connect(servers[place % 2].url) for place in range(CONNECTIONS)]
    statuses: Counter[int] = Counter()
    deadlocks = await stack.value(DEADLOCKS)

    async def drive(wire: Wire) -> None:
        while requests:
            statuses[(await wire.ask(requests.pop())).status] += 1
        wire.close()

    await asyncio.gather(*(drive(wire) for wire in wires))
    assert statuses == {200: commands}
    assert await stack.value(DEADLOCKS) == deadlocks

    assert await stack.value(ORPHANS) == 0
    for post in posts:
        row = await stack.database.fetchrow("SELECT v, likes, reposts FROM posts WHERE id = $1", post)
        assert row is not None
        for watcher in watchers:
            await watcher.counts(post, v=row["v"], likes=row["likes"], reposts=row["reposts"])
    await all_is_well(stack, seconds=60)
    for watcher in watchers:
        _versions_only_grow(watcher.pushed)
    await _facts_of_a_post_are_in_order(stack.database, posts)


def _versions_only_grow(frames: list[dict[str, Any]]) -> None:
    last: dict[str, int] = {}
    for frame in frames:
        for post, v, *_ in frame["items"] if frame["push"] == "counts" else ():
            assert v > last.get(post, -1), "a frame overtook a newer one"
            last[post] = v


async def _facts_of_a_post_are_in_order(database: "asyncpg.Pool[Any]", posts: list[str]) -> None:
    """The outbox holds what each commit announced, in the order in which the row was locked."""
    rows = await database.fetch(
        "SELECT key, convert_from(payload, 'UTF8')::jsonb ->> 'v' AS v FROM outbox "
        "WHERE type IN ('PostLikesChanged', 'PostRepostsChanged') ORDER BY seq"
    )
    by_post: dict[str, list[int]] = {post: [] for post in posts}
    for row in rows:
        by_post[row["key"]].append(int(row["v"]))
    assert sum(map(len, by_post.values())) > POSTS
    for versions in by_post.values():
        assert all(earlier < later for earlier, later in pairwise(versions))


async def test_an_older_transaction_that_commits_after_a_newer_one_is_relayed(stack: Stack) -> None:
    author, slow, quick = await stack.people(3)
    (post,) = await stack.posts(author)
    served = await stack.serve()
    screen = await stack.watch(served, author, "me", f"post:{post}")
    # A follow draws its number in the outbox, then cannot commit before this test lets it.
    await stack.database.execute("""
        CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock(47); RETURN NULL; END $$;
        CREATE TRIGGER dawdle AFTER INSERT ON outbox
            FOR EACH ROW WHEN (NEW.type = 'Followed') EXECUTE FUNCTION dawdle();
    """)
    waiting = """
        SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE d.datname = current_database() AND l.locktype = 'advisory' AND l.objid = 47 AND NOT l.granted
    """
    async with stack.database.acquire() as gate:
        await gate.execute("SELECT pg_advisory_lock(47)")
        following = asyncio.create_task(stack.ok(served, "PUT", f"/v1/profiles/{author.username}/follow", slow))
        await stack.becomes(1, waiting)
        await stack.ok(served, "PUT", f"/v1/posts/{post}/like", quick)
        await screen.counts(post, likes=1)
        assert not following.done(), "the newer fact was relayed while the older was not committed yet"
        await gate.execute("SELECT pg_advisory_unlock(47)")
    await following
    # Which of the two is told first is not promised; that both are is.
    await screen.event("notification.changed", unseen=2)

    async def told() -> set[str]:
        return {frame["data"]["notification"]["kind"] for frame in screen.events("notification.changed")}

    await eventually(told, {"follow", "like"}, "both are told")
    numbers = await stack.database.fetch("SELECT type FROM outbox WHERE published_at IS NOT NULL ORDER BY seq")
    kinds = [row["type"] for row in numbers]
    assert kinds.index("Followed") < kinds.index("PostLikesChanged")
