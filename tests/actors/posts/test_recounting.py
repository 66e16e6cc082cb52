"""The recounts of posts and of their authors' profiles: right while people write, and drift is healed once."""

import asyncio
import random
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.kernel import dead
from actors.kernel.system import System
from actors.posts import jobs
from actors.posts.events import PostLikesChanged
from actors.posts.messages import DeletePost, GetPost, SetLike, SetRepost
from actors.profiles.messages import AdjustCounts, GetProfile
from load.counts import miscounted
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.clock import strike
from tests.actors.comments.commenting import settle
from tests.actors.posts.posting import plant


async def drift(database_url: str) -> list[str]:
    """Counts of posts and of their authors' profiles that differ from their rows."""
    return await miscounted(database_url, "likes", "reposts", "posts of people", "likes of people")


async def counted(system: System, database_url: str, posts: list[UUID]) -> None:
    """Count planted posts on profiles, which no fact announced."""
    rows = await fetch(database_url, "SELECT author_id FROM posts WHERE id = ANY($1)", posts)
    for row in rows:
        await system.ask(AdjustCounts(user_id=row["author_id"], posts=1))


async def storm(system: System, people: list[Caller], posts: list[UUID], *, acts: int) -> None:
    """So many likes, unlikes and reposts at random, and one post withdrawn."""
    chance = random.Random(7)

    async def act() -> None:
        person, post = chance.choice(people), chance.choice(posts[1:])
        if chance.random() < 0.95:
            await system.ask(SetLike(caller=person, post_id=post))
        else:
            await system.ask(SetRepost(caller=person, post_id=post))

    await asyncio.gather(*(system.ask(SetLike(caller=person, post_id=posts[0])) for person in people))
    for _ in range(acts // 250):
        await asyncio.gather(*(act() for _ in range(250)))
    await system.ask(DeletePost(caller=people[0], post_id=posts[0]))


async def test_after_two_thousand_operations_with_recounts_in_between_counts_equal_rows_and_none_was_healed(
    system: System, outside: Outside, database_url: str
) -> None:
    people = await callers(system, *(f"person{n}" for n in range(5)))
    posts = await plant(database_url, [people[n % 3].id for n in range(6)])
    await counted(system, database_url, posts)
    is_over = asyncio.Event()

    async def recount() -> int:
        times = 0
        while not is_over.is_set():
            await strike(outside, "posts.recount")
            await strike(outside, "posts.recount_authors")
            times += 1
            await asyncio.sleep(0.1)
        return times

    recounting = asyncio.create_task(recount())
    await storm(system, people, posts, acts=2_000)
    is_over.set()
    assert await recounting > 2
    await settle(database_url)
    assert await drift(database_url) == []
    assert await facts(database_url, "AuthorMiscounted") + await facts(database_url, "PostRecounted") == []


async def test_a_posts_counters_are_put_right_for_its_watchers_and_in_the_ranking(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    first, _ = await plant(database_url, [ana.id, ana.id])
    await system.ask(SetLike(caller=bea, post_id=first, liked=True))
    await settle(database_url)
    await fetch(database_url, "UPDATE posts SET likes = 90, reposts = -3, v = v + 1 WHERE id = $1", first)
    await asyncio.gather(*(strike(outside, "posts.recount") for _ in range(3)))
    await settle(database_url)
    counts = (await system.ask(GetPost(post_id=first))).post.counts
    assert (counts.likes, counts.reposts, counts.v) == (1, 0, 3)
    (healed,) = await facts(database_url, "PostRecounted")
    assert (healed["likes"], healed["reposts"], healed["v"]) == (1, 0, 3)
    rows = await fetch(database_url, "SELECT live_type, ephemeral FROM outbox WHERE type = 'PostRecounted'")
    assert [tuple(row) for row in rows] == [("counts", True)]
    (rank,) = await fetch(database_url, "SELECT v FROM feed_scores WHERE post_id = $1", first)
    assert rank["v"] == 3


async def test_a_profiles_counts_are_put_right_once_whoever_else_recounts_and_whatever_is_on_its_way(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    posts = await plant(database_url, [ana.id] * 3)
    await counted(system, database_url, posts)
    await settle(database_url)
    await fetch(database_url, "UPDATE profiles SET likes = likes + 10, posts = posts - 1 WHERE user_id = $1", ana.id)
    await asyncio.gather(
        *(strike(outside, "posts.recount_authors") for _ in range(4)),
        *(system.ask(SetLike(caller=fan, post_id=post, liked=True)) for fan in (bea, cleo) for post in posts),
    )
    await settle(database_url)
    healed = await facts(database_url, "AuthorMiscounted")
    assert [(fact["posts_too_many"], fact["likes_too_many"]) for fact in healed] == [(-1, 10)]
    assert await drift(database_url) == []
    counts = (await system.ask(GetProfile(username="ana"))).profile.counts
    assert (counts.posts, counts.likes) == (3, 6)
    name = {"count": "posts and likes of profiles"}
    await strike(outside, "posts.recount_authors")
    assert REGISTRY.get_sample_value("vitrine_counts_drift", name) == 0
    assert (REGISTRY.get_sample_value("vitrine_counts_healed_total", name) or 0) >= 1


async def test_a_fact_that_died_is_made_up_for_and_its_replay_is_too(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await counted(system, database_url, [post])
    await fetch(database_url, "INSERT INTO likes (post_id, user_id, created_at) VALUES ($1, $2, now())", post, bea.id)
    await fetch(database_url, "UPDATE posts SET likes = 1, v = 1 WHERE id = $1", post)
    lost = PostLikesChanged(post_id=post, author_id=ana.id, likes=1, reposts=0, comments=0, v=1, liked_by=(bea.id,))
    await dead.bury_event(outside.database, "posts", lost, RuntimeError("six times"), 6)

    async def recounted() -> tuple[int, int]:
        await strike(outside, "posts.recount_authors")
        await settle(database_url)
        likes = (await system.ask(GetProfile(username="ana"))).profile.counts.likes
        return likes, len(await facts(database_url, "AuthorMiscounted"))

    assert await recounted() == (1, 1)
    (letter,) = await fetch(database_url, "SELECT id FROM dead_letters")
    async with outside.database.for_command() as connection:
        await dead.replay(connection, letter["id"])
    await settle(database_url)
    assert await recounted() == (1, 2)
    assert await drift(database_url) == []


async def test_the_walk_over_profiles_goes_a_stretch_at_a_time_and_begins_again(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AUTHORS_RECOUNTED", 2)
    await callers(system, *(f"person{n}" for n in range(5)))
    await settle(database_url)
    await fetch(database_url, "UPDATE profiles SET likes = 4")
    for healed in (2, 4, 5, 5):
        await strike(outside, "posts.recount_authors")
        await settle(database_url)
        assert len(await facts(database_url, "AuthorMiscounted")) == healed
    assert await drift(database_url) == []
