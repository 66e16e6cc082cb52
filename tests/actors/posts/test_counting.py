"""Counters: one move of one row a batch, equal to rows whatever happens at once."""

import asyncio
import random
from uuid import UUID

from actors.adapters.outside import open_outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.posts.messages import DeletePost, RestorePost, SetBookmark, SetLike, SetRepost
from actors.settings import Settings
from tests.actors.auth.people import callers, fetch, until
from tests.actors.posts.posting import crowd, do, plant, wrong_marks

LIKES = 2_000


async def test_thousands_of_likes_on_one_post_move_one_row_once_a_batch(settings: Settings) -> None:
    url = settings.database_url
    async with open_outside(settings) as outside:
        system = System(outside, actors())
        await system.start()
        (ana,) = await callers(system, "ana")
        (post,) = await plant(url, [ana.id])
        fans = await crowd(url, ana, LIKES)
        await asyncio.gather(*(system.ask(SetLike(caller=fan, post_id=post, liked=True)) for fan in fans))
        (row,) = await fetch(url, "SELECT likes, v FROM posts")
        await system.stop()
    assert row["likes"] == LIKES
    assert row["v"] <= LIKES / 10

    async def moves() -> int:
        # What a connection did is counted at its end at the latest: the system's are closed.
        (stat,) = await fetch(url, "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'posts'")
        return int(stat["n_tup_upd"])

    await until(moves, row["v"])


async def test_whatever_happens_at_once_counts_equal_rows(system: System, database_url: str) -> None:
    people = await callers(system, "ana", "bea", "cleo", "dora")
    posts = await plant(database_url, [people[0].id] * 8, tags=("sea",))
    rng = random.Random(11)

    async def something() -> None:
        post = rng.choice(posts)
        chance = rng.random()
        try:
            if chance < 0.1:
                wish = DeletePost if chance < 0.05 else RestorePost
                await do(system, wish, people[0], post)
            else:
                kind = rng.choice((SetLike, SetLike, SetRepost, SetBookmark))
                await do(system, kind, rng.choice(people), post)
        except NotFound:
            pass

    for _ in range(4):
        await asyncio.gather(*(something() for _ in range(200)))
    assert await wrong_marks(database_url) == []
    (row,) = await fetch(
        database_url,
        "SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS living, (SELECT count(*) FROM post_tags) AS tagged FROM "
        "posts WHERE original_post_id IS NULL",
    )
    assert row["living"] == row["tagged"]


async def test_profile_totals_equal_rows_after_posts_went_and_came_back(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    posts = await plant(database_url, [ana.id] * 3)

    async def churn(post: UUID, who: Caller) -> None:
        for _ in range(3):
            await do(system, SetLike, who, post)
        await do(system, DeletePost, ana, post)
        await do(system, RestorePost, ana, post)

    await asyncio.gather(*(churn(post, bea) for post in posts))

    async def likes() -> int:
        rows = await fetch(database_url, "SELECT likes FROM profiles WHERE user_id = $1", ana.id)
        return rows[0]["likes"] if rows else 0

    await until(likes, 3)
