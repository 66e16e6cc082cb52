"""Redis loses everything, or only what came last. It holds no only copy: nothing is lost, and clients are told."""

import asyncio
from pathlib import Path

from redis.asyncio import Redis

from load.processes import Served
from tests.faults.conditions import all_is_well
from tests.faults.load import Likes
from tests.flows.stack import Stack, eventually, stack_of
from tests.flows.test_journey import register, upload
from tests.images import photograph
from tests.servers import OwnValkey


async def publish(stack: Stack, served: Served, username: str, count: int) -> list[str]:
    """Posts whose photographs have to be processed by a job; returns their ids."""
    author = await register(stack, served, username)
    posts = []
    for _ in range(count):
        upload_id = await upload(stack, served, author, photograph(320, 240))
        post = await stack.ok(served, "POST", "/v1/posts", author, json={"upload_id": upload_id})
        posts.append(post["id"])
    return posts


async def flush(stack: Stack) -> None:
    """Redis forgets all."""
    async with Redis.from_url(stack.settings.redis_url) as redis:
        await redis.flushall()


UNREADY = "SELECT count(*) FROM photos WHERE state <> 'ready'"


async def test_redis_is_flushed_again_and_again_under_load_and_nothing_is_lost(stack: Stack) -> None:
    author, *fans = await stack.people(41)
    liked = await stack.posts(author, 6)
    servers = [await stack.serve(), await stack.serve()]
    stack.worker()
    screen = await stack.watch(servers[1], author, "me", f"post:{liked[0]}")
    likes = Likes(stack, fans, liked, rate=150)
    async with likes.going_on(*servers):
        publishing = asyncio.create_task(publish(stack, servers[0], "ada", 4))
        for _ in range(2):
            await likes.has_flowed(120)
            epoch = await stack.value("SELECT epoch FROM relay_state")
            await flush(stack)
            await stack.becomes(True, "SELECT epoch > $1 FROM relay_state", epoch)
        await publishing
        await likes.has_flowed(150)

    await all_is_well(stack)
    await likes.are_rows()
    await stack.becomes(0, UNREADY)
    assert (likes.broken, likes.refused) == (0, {}), "losing Redis refuses nobody"

    async def to_refetch() -> set[str]:
        return {frame["topic"] for frame in screen.pushed if frame["push"] == "lag"}

    await eventually(to_refetch, {"me", f"post:{liked[0]}"}, "who was connected is told to refetch")
    row = await stack.database.fetchrow("SELECT v, likes FROM posts WHERE id = $1", liked[0])
    assert row is not None
    await screen.counts(liked[0], v=row["v"], likes=row["likes"])
    await _nothing_loops(stack, servers)


async def _nothing_loops(stack: Stack, servers: list[Served]) -> None:
    """At rest no epoch begins, and nothing is relayed or tried again."""
    names = ("vitrine_epochs_total", "vitrine_relayed_facts_total", "vitrine_inbox_retries_total")

    async def turning() -> list[float]:
        return [await stack.metric(served, name) for served in servers for name in names]

    before = await turning()
    await asyncio.sleep(1.5)
    assert await turning() == before


async def test_a_job_whose_kick_was_flushed_before_a_worker_took_it_is_done(stack: Stack) -> None:
    served = await stack.serve()
    await publish(stack, served, "ada", 2)
    await stack.becomes(2, "SELECT count(*) FROM job_intents WHERE published_at IS NOT NULL AND task = 'media.process'")
    await flush(stack)
    stack.worker()
    await stack.becomes(0, UNREADY)
    await all_is_well(stack)
    assert await stack.value("SELECT count(*) FROM job_intents WHERE done_at IS NULL") == 0
    ready = await stack.value("SELECT count(*) FROM outbox WHERE type = 'PhotoReady'")
    assert ready == 2


async def test_a_fact_lost_for_one_of_its_domains_is_told_to_that_one_again(stack: Stack) -> None:
    author, fan = await stack.people(2)
    (post,) = await stack.posts(author)
    served = await stack.serve()
    await stack.ok(served, "PUT", f"/v1/posts/{post}/like", fan)
    await all_is_well(stack)
    await served.stop()
    # As if it had been lost on its way to notifications, after the others had it.
    await stack.database.execute("DELETE FROM notifications")
    await stack.database.execute("DELETE FROM inbox_records WHERE domain = 'notifications'")
    await flush(stack)

    await stack.serve()
    await stack.becomes(1, "SELECT people FROM notifications WHERE subject_id = $1", post)
    await all_is_well(stack)


async def test_redis_that_comes_back_without_its_newest_entries_is_noticed_and_told_again(
    stack: Stack, own_valkey: OwnValkey, tmp_path: Path
) -> None:
    settings = stack.settings.model_copy(update={"redis_url": own_valkey.url})
    (tmp_path / "own").mkdir()
    async with stack_of(settings, tmp_path / "own") as own:
        author, *fans = await own.people(31)
        posts = await own.posts(author, 4)
        served = await own.serve()
        screen = await own.watch(served, author, "me", f"post:{posts[0]}")
        likes = Likes(own, fans, posts, rate=100)
        async with likes.going_on(served):
            await likes.has_flowed(60)
            async with Redis.from_url(own_valkey.url) as redis:
                await redis.save()
            await likes.has_flowed(60)
            own_valkey.kill()
            own_valkey.start()
            await likes.has_flowed(60)

        await all_is_well(own)
        await likes.are_rows()

        async def is_told() -> bool:
            return any(frame["push"] == "lag" for frame in screen.pushed) or screen.is_closed

        await eventually(is_told, wanted=True, what="the socket is told to refetch")
        position = screen.connected["position"]
        again = await own.watch(served, author, me=position)
        assert again.connected["topics"]["me"]["recovered"] is False, "a position of the old epoch is never resumed"
        row = await own.database.fetchrow("SELECT v, likes FROM posts WHERE id = $1", posts[0])
        assert row is not None
        await screen.counts(posts[0], v=row["v"], likes=row["likes"])
