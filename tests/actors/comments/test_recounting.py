"""The recount of comments: right while people write, and what has drifted is healed once, whoever else heals."""

import asyncio
import random

import pytest
from prometheus_client import REGISTRY

from actors.adapters.outside import Outside
from actors.comments import jobs
from actors.comments.messages import CommentView, DeleteComment
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.clock import strike
from tests.actors.comments.commenting import drift, say, settle
from tests.actors.posts.posting import plant

RECOUNT = "comments.recount"


async def test_no_comment_on_its_way_is_taken_for_drift_however_many_write(
    system: System, outside: Outside, database_url: str
) -> None:
    people = await callers(system, *(f"person{n}" for n in range(4)))
    posts = await plant(database_url, [people[0].id] * 3)
    chance = random.Random(5)
    is_over = asyncio.Event()

    async def write(number: int) -> None:
        there: list[CommentView] = []
        for _ in range(30):
            if there and chance.random() < 0.4:
                await system.ask(DeleteComment(caller=people[number], comment_id=there.pop().id))
            else:
                there.append(await say(system, people[number], chance.choice(posts)))

    async def recount() -> int:
        times = 0
        while not is_over.is_set():
            await strike(outside, RECOUNT)
            times += 1
            await asyncio.sleep(0.05)
        return times

    recounting = asyncio.create_task(recount())
    await asyncio.gather(*(write(number) for number in range(4)))
    is_over.set()
    assert await recounting > 2
    assert await facts(database_url, "CommentsMiscounted") == []
    await settle(database_url)
    assert await drift(database_url) == [0, 0]


async def test_injected_drift_is_reported_and_healed_once_while_people_write_and_several_recount(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    posts = await plant(database_url, [ana.id] * 3)
    await asyncio.gather(*(say(system, ana, post) for post in posts))
    await settle(database_url)
    await fetch(database_url, "UPDATE posts SET comments = comments + 7 WHERE id = $1", posts[0])
    await fetch(database_url, "UPDATE posts SET comments = comments - 2 WHERE id = $1", posts[1])
    await asyncio.gather(
        *(strike(outside, RECOUNT) for _ in range(4)), *(say(system, ana, posts[n % 3]) for n in range(20))
    )
    await settle(database_url)
    assert await drift(database_url) == [0, 0]
    healed = {fact["post_id"]: fact["too_many"] for fact in await facts(database_url, "CommentsMiscounted")}
    assert healed == {str(posts[0]): 7, str(posts[1]): -2}
    assert len(await facts(database_url, "CommentsMiscounted")) == 2
    await strike(outside, RECOUNT)
    assert REGISTRY.get_sample_value("vitrine_counts_drift", {"count": "comments of posts"}) == 0


async def test_the_walk_goes_through_all_posts_a_stretch_at_a_time_and_begins_again(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "POSTS_AT_ONCE", 2)
    (ana,) = await callers(system, "ana")
    posts = await plant(database_url, [ana.id] * 5)
    await fetch(database_url, "UPDATE posts SET comments = 1")
    for healed in (2, 4, 5, 5):
        await strike(outside, RECOUNT)
        await settle(database_url)
        assert len(await facts(database_url, "CommentsMiscounted")) == healed
    await fetch(database_url, "UPDATE posts SET comments = 1 WHERE id = $1", posts[3])
    await strike(outside, RECOUNT)
    await settle(database_url)
    assert await drift(database_url) == [0, 0]


async def test_replies_that_are_miscounted_are_counted_anew_while_people_reply(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    tops = [(await say(system, ana, post)).id for _ in range(3)]
    await fetch(database_url, "UPDATE comments SET replies = replies + 5 WHERE id = $1", tops[0])
    await fetch(database_url, "UPDATE comments SET replies = replies - 2 WHERE id = $1", tops[1])
    await asyncio.gather(
        *(strike(outside, RECOUNT) for _ in range(4)),
        *(say(system, ana, post, parent_id=tops[n % 3]) for n in range(20)),
    )
    await settle(database_url)
    assert await drift(database_url) == [0, 0]
    await strike(outside, RECOUNT)
    assert REGISTRY.get_sample_value("vitrine_counts_drift", {"count": "replies to comments"}) == 0
