"""Reposts: a row that shows the original, counted on it, once a person."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from actors.auth.people import Caller
from actors.kernel.errors import NotFound
from actors.kernel.message import Request
from actors.kernel.system import System
from actors.posts.messages import DeletePost, GetPost, ListProfilePosts, RepostState, SetLike, SetRepost
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.posts.posting import plant


async def repost(system: System, who: Caller, post_id: UUID, reposted: bool | None = True) -> RepostState:
    return await system.ask(SetRepost(caller=who, post_id=post_id, reposted=reposted))


async def test_reposting_twice_makes_one_row_and_taking_it_back_leaves_none(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    for _ in range(2):
        assert await repost(system, bea, post) == RepostState(reposted=True, reposts=1)
    (row,) = await fetch(database_url, "SELECT author_id FROM posts WHERE original_post_id = $1", post)
    assert row["author_id"] == bea.id
    for _ in range(2):
        assert await repost(system, bea, post, reposted=False) == RepostState(reposted=False, reposts=0)
    assert await fetch(database_url, "SELECT 1 FROM posts WHERE original_post_id IS NOT NULL") == []
    assert await fetch(database_url, "SELECT 1 FROM reposts") == []
    on, off = await facts(database_url, "PostRepostsChanged")
    assert (on["reposted_by"], on["reposts"], on["v"]) == ([str(bea.id)], 1, 1)
    assert (off["unreposted_by"], off["reposts"], off["v"]) == ([str(bea.id)], 0, 2)


async def test_a_repost_is_no_post_of_its_own(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await repost(system, bea, post)
    (row,) = await fetch(database_url, "SELECT repost_id FROM reposts")
    messages: tuple[Request[Any], ...] = (
        GetPost(post_id=row["repost_id"]),
        SetLike(caller=ana, post_id=row["repost_id"]),
        SetRepost(caller=ana, post_id=row["repost_id"]),
        DeletePost(caller=bea, post_id=row["repost_id"]),
    )
    for message in messages:
        with pytest.raises(NotFound):
            await system.ask(message)
    assert (await system.ask(ListProfilePosts(username="bea"))).items == ()


async def test_random_reposts_and_likes_end_with_counts_equal_to_rows(system: System, database_url: str) -> None:
    people = await callers(system, "ana", "bea", "cleo")
    posts = await plant(database_url, [people[0].id] * 6)
    rng = random.Random(9)
    for _ in range(3):
        await asyncio.gather(
            *(
                system.ask(rng.choice((SetLike, SetRepost))(caller=rng.choice(people), post_id=rng.choice(posts)))
                for _ in range(150)
            )
        )
    drift = await fetch(
        database_url,
        """
        SELECT id FROM posts p WHERE original_post_id IS NULL AND (
            likes <> (SELECT count(*) FROM likes l WHERE l.post_id = p.id)
            OR reposts <> (SELECT count(*) FROM reposts r WHERE r.post_id = p.id)
            OR reposts <> (SELECT count(*) FROM posts r WHERE r.original_post_id = p.id))
        """,
    )
    assert drift == []


async def test_a_repost_is_shown_to_the_reposters_followers_if_it_still_stands(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await repost(system, bea, post)

    async def shown() -> int:
        return len(await fetch(database_url, "SELECT 1 FROM outbox WHERE type = 'PostReposted'"))

    await until(shown, 1)
    (row,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'PostReposted'")
    assert (row["topics"], row["live_type"]) == (f"author:{bea.id}", "post.reposted")
    (fact,) = await facts(database_url, "PostReposted")
    assert (fact["post"]["id"], fact["by"]["username"]) == (str(post), "bea")
