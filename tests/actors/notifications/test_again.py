"""What is undone and done again within a day is no news; after a day it is."""

import asyncio
import random

import pytest
from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.domains import actors
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from actors.notifications.messages import MarkRead, MarkSeen
from actors.notifications.moving import REMEMBERED
from actors.posts.events import PostLikesChanged
from tests.actors.auth.people import callers, fetch
from tests.actors.clock import strike
from tests.actors.comments.commenting import say
from tests.actors.graph.standing import mute, unmute
from tests.actors.notifications.telling import a_day_passes, rings
from tests.actors.notifications.test_notifications import like, mine, outline, settle, unread
from tests.actors.posts.posting import crowd, plant


async def test_a_like_given_again_within_a_day_is_where_it_was_and_does_not_ring(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    first, second = await plant(database_url, [ana.id, ana.id])
    for post, fan in ((first, bea), (second, cleo)):
        await like(system, fan, post)
        await settle(database_url)
    before = await mine(system, ana)
    await system.ask(MarkSeen(caller=ana, until=before[0].id))
    for liked in (False, True, False, True):
        await like(system, bea, first, liked)
        await settle(database_url)
    after = await mine(system, ana)
    assert [(item.id, item.at, item.count) for item in after] == [(item.id, item.at, item.count) for item in before]
    assert await unread(system, ana) == (0, 2)
    assert await rings(database_url, ana) == 2


async def test_what_was_never_seen_is_new_again_but_rings_once(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    for liked, expected in ((True, (1, 1)), (False, (0, 0)), (True, (1, 1))):
        await like(system, bea, post, liked)
        await settle(database_url)
        assert await unread(system, ana) == expected
    assert await rings(database_url, ana) == 1


async def test_after_a_day_a_like_given_again_rings_whether_or_not_it_is_still_remembered(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    (old,) = await mine(system, ana)
    await system.ask(MarkRead(caller=ana, until=old.id))
    for times, is_pruned in ((2, False), (3, True)):
        await like(system, bea, post, liked=False)
        await settle(database_url)
        await a_day_passes(database_url)
        if is_pruned:
            await strike(outside, "notifications.forget_taken_back")
            assert (
                await fetch(database_url, "SELECT 1 FROM notifications UNION ALL SELECT 1 FROM notification_people")
                == []
            )
        await like(system, bea, post)
        await settle(database_url)
        assert await rings(database_url, ana) == times
        assert await unread(system, ana) == (1, 1)
        (again,) = await mine(system, ana)
        assert again.at > old.at
        await system.ask(MarkRead(caller=ana, until=again.id))


async def test_forgetting_takes_only_what_is_undone_and_old_however_much_there_is(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.notifications.jobs.FORGOTTEN_AT_ONCE", 2)
    ana, bea = await callers(system, "ana", "bea")
    fans = await crowd(database_url, ana, 5)
    (post,) = await plant(database_url, [ana.id])
    await asyncio.gather(*(like(system, fan, post) for fan in (*fans, bea)))
    await settle(database_url)
    await asyncio.gather(*(like(system, fan, post, liked=False) for fan in fans))
    await settle(database_url)
    remembered = "SELECT 1 FROM notification_people WHERE NOT stands"
    await strike(outside, "notifications.forget_taken_back")
    assert len(await fetch(database_url, remembered)) == 5
    await a_day_passes(database_url)
    for left in (3, 1, 0):
        await strike(outside, "notifications.forget_taken_back")
        assert len(await fetch(database_url, remembered)) == left
    assert await outline(system, ana) == [("like", post, ["bea"], 1)]
    owed = "SELECT 1 FROM job_intents WHERE task = 'notifications.forget_taken_back' AND done_at IS NULL"
    assert len(await fetch(database_url, owed)) == 2, "each full run owes the next"


async def test_nobody_s_likes_ring_twice_however_they_race_and_however_often_they_are_told(
    system: System, outside: Outside, database_url: str
) -> None:
    other = System(outside, actors())
    await other.start()
    ana, *fans = await callers(system, "ana", "bea", "cleo", "dora")
    (post,) = await plant(database_url, [ana.id])
    rng = random.Random(7)
    for _ in range(8):
        await asyncio.gather(
            *(like(rng.choice((system, other)), fan, post, rng.random() < 0.5) for fan in fans for _ in range(2)),
            *(
                rng.choice((system, other)).deliver(
                    "notifications",
                    PostLikesChanged(
                        post_id=post, author_id=ana.id, likes=0, reposts=0, comments=0, v=0, liked_by=(fan.id,)
                    ),
                    Origin(),
                )
                for fan in fans
            ),
        )
    await settle(database_url)
    await other.stop()
    people = await fetch(database_url, "SELECT count(*) FROM notification_people WHERE person_id <> $1", ana.id)
    assert 1 <= await rings(database_url, ana) <= people[0]["count"] <= len(fans)
    likes = await fetch(database_url, "SELECT user_id FROM likes WHERE post_id = $1", post)
    shown = await fetch(database_url, "SELECT person_id FROM notification_people WHERE shown")
    assert {row["person_id"] for row in shown} == {row["user_id"] for row in likes}


async def test_one_who_likes_while_muted_and_again_when_heard_rings_once(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await mute(system, ana, bea)
    await like(system, bea, post)
    await settle(database_url)
    await unmute(system, ana, bea)
    late = PostLikesChanged(
        post_id=post, author_id=ana.id, likes=1, reposts=0, comments=0, v=1, liked_by=(bea.id,), id=uuid7()
    )
    await system.deliver("notifications", late, Origin())
    assert (await outline(system, ana), await rings(database_url, ana)) == ([], 0)
    for _ in range(2):
        for liked in (False, True):
            await like(system, bea, post, liked)
            await settle(database_url)
        assert (await outline(system, ana), await rings(database_url, ana)) == ([("like", post, ["bea"], 1)], 1)


async def test_each_comment_rings_and_one_that_was_told_before_does_not(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    for times in (1, 2, 3):
        await say(system, bea, post, f"Number {times}")
        await settle(database_url)
        assert await rings(database_url, ana) == times
        assert await unread(system, ana) == (1, 1)
        (item,) = await mine(system, ana)
        assert item.count == 1
        await system.ask(MarkRead(caller=ana, until=item.id))


def test_what_is_remembered_is_remembered_for_a_day() -> None:
    assert REMEMBERED.total_seconds() == 24 * 3600
