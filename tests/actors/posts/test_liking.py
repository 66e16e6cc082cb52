"""Likes: idempotent, in order, counted once, refused one by one."""

import asyncio
import random
from collections import defaultdict
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.posts.messages import DeletePost, GetPost, LikeState, SetLike
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.posts.posting import crowd, plant


async def like(system: System, who: Caller, post_id: UUID, liked: bool | None = True) -> LikeState:
    return await system.ask(SetLike(caller=who, post_id=post_id, liked=liked))


def restarts() -> float:
    """How often a lane of posts had to begin anew."""
    return REGISTRY.get_sample_value("vitrine_lane_restarts_total", {"domain": "posts"}) or 0.0


async def test_liking_twice_counts_once_and_is_announced_once(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    for _ in range(2):
        assert await like(system, bea, post) == LikeState(liked=True, likes=1)
    (fact,) = await facts(database_url, "PostLikesChanged")
    assert (fact["author_id"], fact["likes"], fact["v"]) == (str(ana.id), 1, 1)
    assert (fact["liked_by"], fact["unliked_by"]) == ([str(bea.id)], [])
    for _ in range(2):
        assert await like(system, bea, post, liked=False) == LikeState(liked=False, likes=0)
    _, fact = await facts(database_url, "PostLikesChanged")
    assert (fact["likes"], fact["v"], fact["liked_by"], fact["unliked_by"]) == (0, 2, [], [str(bea.id)])


async def test_wishes_of_one_person_in_one_batch_take_effect_in_order(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    wishes: list[bool | None] = [None, None, True, None, None, False, None, None, None]
    states = await asyncio.gather(*(like(system, bea, post, wish) for wish in wishes))
    assert [state.liked for state in states] == [True, False, True, False, True, False, True, False, True]
    assert states[-1].likes == 1
    assert len(await fetch(database_url, "SELECT 1 FROM likes")) == 1


async def test_what_comes_to_nothing_is_not_announced(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await asyncio.gather(*(like(system, bea, post, None) for _ in range(2)))
    rows = await fetch(database_url, "SELECT likes, v FROM posts")
    changes = await facts(database_url, "PostLikesChanged")
    # Both toggles in one batch leave no trace; a batch each leave two, which undo each other.
    assert (rows[0]["likes"], rows[0]["v"]) == (0, len(changes))
    assert len(changes) in {0, 2}


async def test_a_vanished_post_refuses_its_own_likes_only(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    living, gone = await plant(database_url, [ana.id, ana.id])
    await system.ask(DeletePost(caller=ana, post_id=gone))
    outcomes = await asyncio.gather(
        *(like(system, bea, post) for post in (living, gone, uuid7(), living)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [LikeState, NotFound, NotFound, LikeState]


async def test_a_like_does_not_pass_a_delete_that_came_first(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    first, _, second = await asyncio.gather(
        like(system, bea, post),
        system.ask(DeletePost(caller=ana, post_id=post)),
        like(system, ana, post),
        return_exceptions=True,
    )
    assert first == LikeState(liked=True, likes=1)
    assert isinstance(second, NotFound)


async def test_two_processes_end_with_counts_equal_to_rows_and_versions_without_gaps(
    system: System, outside: Outside, database_url: str
) -> None:
    people = await callers(system, "ana", "bea", "cleo", "dora")
    posts = await plant(database_url, [people[0].id] * 12)
    other = System(outside, actors())
    await other.start()
    rng = random.Random(5)
    try:
        for _ in range(10):
            await asyncio.gather(
                *(
                    like(
                        rng.choice((system, other)),
                        rng.choice(people),
                        rng.choice(posts),
                        rng.choice((True, False, None)),
                    )
                    for _ in range(500)
                )
            )
    finally:
        await other.stop()
    drift = await fetch(
        database_url,
        "SELECT id FROM posts p WHERE likes <> (SELECT count(*) FROM likes l WHERE l.post_id = p.id)",
    )
    assert drift == []
    versions: dict[str, list[int]] = defaultdict(list)
    for fact in await facts(database_url, "PostLikesChanged"):
        versions[fact["post_id"]].append(fact["v"])
    assert len(versions) == 12
    assert all(seen == list(range(1, len(seen) + 1)) for seen in versions.values())


async def test_two_processes_that_turn_the_same_like_round_never_agree(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    fans = await crowd(database_url, ana, 100)
    before = restarts()
    (post,) = await plant(database_url, [ana.id])
    other = System(outside, actors())
    await other.start()
    try:
        for turn in range(30):
            await asyncio.gather(*(like(system, fan, post, liked=turn % 2 == 1) for fan in fans))
            states = await asyncio.gather(*(like(at, fan, post, None) for at in (system, other) for fan in fans))
            for here, there in zip(states[:100], states[100:], strict=True):
                assert here.liked != there.liked
    finally:
        await other.stop()
    assert restarts() == before, "a batch that reads before it locks trips over the other process and is run again"


async def test_likes_received_are_counted_on_the_profile(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    for who, liked in ((bea, True), (cleo, True), (bea, False), (ana, True)):
        await like(system, who, post, liked)

    async def likes() -> int:
        rows = await fetch(database_url, "SELECT likes FROM profiles WHERE user_id = $1", ana.id)
        return rows[0]["likes"] if rows else 0

    await until(likes, 2)


async def test_a_viewer_sees_their_own_like_and_others_do_not(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    of_bea, of_ana, of_nobody = await asyncio.gather(
        *(system.ask(GetPost(caller=who, post_id=post)) for who in (bea, ana, None))
    )
    assert of_bea.post == of_ana.post == of_nobody.post
    assert of_bea.post.counts.likes == 1
    assert of_bea.viewer is not None
    assert of_bea.viewer.liked
    assert of_ana.viewer is not None
    assert not of_ana.viewer.liked
    assert of_nobody.viewer is None
    with pytest.raises(NotFound):
        await system.ask(GetPost(caller=ana, post_id=uuid7()))
