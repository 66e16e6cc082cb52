"""Notifications: grouped, taken back, never of one's own deeds, read and seen on every device."""

import asyncio
import random
from typing import Any
from uuid import UUID

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.graph.events import Followed, Unfollowed
from actors.graph.messages import SetFollow
from actors.kernel.envelope import Origin
from actors.kernel.errors import Malformed
from actors.kernel.system import System
from actors.notifications.messages import (
    GetUnread,
    ListNotifications,
    MarkSeen,
    NotificationView,
    UnreadCounts,
)
from actors.posts.events import PostLikesChanged
from actors.posts.messages import SetLike, SetRepost
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.posts.posting import crowd, plant


async def mine(system: System, who: Caller, limit: int = 20) -> list[NotificationView]:
    return [*(await system.ask(ListNotifications(caller=who, limit=limit))).items]


async def outline(system: System, who: Caller) -> list[tuple[str, UUID, list[str], int]]:
    """Kind, subject, people and count of each, the latest first."""
    return [
        (item.kind.value, item.subject.id, [person.username for person in item.people], item.count)
        for item in await mine(system, who)
    ]


async def unread(system: System, who: Caller) -> tuple[int, int]:
    counts = await system.ask(GetUnread(caller=who))
    return counts.unseen, counts.unread


async def settle(database_url: str) -> None:
    """Wait until every fact so far took effect in notifications."""

    async def waiting() -> int:
        rows = await fetch(
            database_url,
            """
            SELECT 1 FROM outbox o WHERE 'notifications' = ANY(string_to_array(o.targets, ' '))
                AND NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = 'notifications')
            """,
        )
        return len(rows)

    await until(waiting, 0)


async def like(system: System, who: Caller, post: UUID, liked: bool = True) -> None:
    await system.ask(SetLike(caller=who, post_id=post, liked=liked))


async def follow(system: System, who: Caller, whom: Caller, following: bool = True) -> None:
    await system.ask(SetFollow(caller=who, username=whom.username, following=following))


async def test_likes_of_one_post_are_one_notification_with_the_latest_three_people(
    system: System, database_url: str
) -> None:
    ana, *fans = await callers(system, "ana", "bea", "cleo", "dora", "eve")
    (post,) = await plant(database_url, [ana.id])
    for fan in fans:
        await like(system, fan, post)
        await settle(database_url)
    assert await outline(system, ana) == [("like", post, ["eve", "dora", "cleo"], 4)]
    assert await unread(system, ana) == (1, 1)


async def test_kinds_and_subjects_are_apart_and_the_latest_comes_first(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    first, second = await plant(database_url, [ana.id, ana.id])
    await like(system, bea, first)
    await settle(database_url)
    await system.ask(SetRepost(caller=bea, post_id=second, reposted=True))
    await settle(database_url)
    await follow(system, bea, ana)
    await settle(database_url)
    assert await outline(system, ana) == [
        ("follow", ana.id, ["bea"], 1),
        ("repost", second, ["bea"], 1),
        ("like", first, ["bea"], 1),
    ]
    assert await outline(system, bea) == []


async def test_nobody_is_told_of_their_own_deeds(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    await like(system, ana, post)
    await system.ask(SetRepost(caller=ana, post_id=post, reposted=True))
    await settle(database_url)
    assert await mine(system, ana) == []
    assert await facts(database_url, "NotificationsChanged") == []


async def test_taking_it_back_takes_the_notification_back(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    (before,) = await mine(system, ana)
    await system.ask(MarkSeen(caller=ana, until=before.id))
    await like(system, cleo, post)
    await settle(database_url)
    assert await unread(system, ana) == (1, 1)
    await like(system, cleo, post, liked=False)
    await settle(database_url)
    (after,) = await mine(system, ana)
    assert ([person.username for person in after.people], after.count) == (["bea"], 1)
    assert (after.id, after.at, after.seen) == (before.id, before.at, True), "as if it had not been"
    assert await unread(system, ana) == (0, 1)
    await like(system, bea, post, liked=False)
    await follow(system, bea, ana)
    await settle(database_url)
    await follow(system, bea, ana, following=False)
    await settle(database_url)
    assert await mine(system, ana) == []
    assert await unread(system, ana) == (0, 0)
    removed = [fact["removed"] for fact in await facts(database_url, "NotificationsChanged") if fact["removed"]]
    assert str(before.id) in removed
    assert await fetch(database_url, "SELECT 1 FROM notification_people WHERE shown OR stands") == []


async def test_every_change_is_told_live_as_a_fresh_list_shows_it(
    system: System, outside: Outside, database_url: str
) -> None:
    other = System(outside, actors())
    await other.start()
    people = await callers(system, "ana", "bea", "cleo", "dora")
    ana, *others = people
    posts = await plant(database_url, [ana.id] * 3)
    rng = random.Random(4)
    for _ in range(10):
        await asyncio.gather(
            *(like(system, rng.choice(others), rng.choice(posts), rng.random() < 0.5) for _ in range(12)),
            *(follow(system, fan, ana, rng.random() < 0.5) for fan in others),
        )
    await settle(database_url)
    await other.stop()
    shown: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for fact in await facts(database_url, "NotificationsChanged"):
        assert fact["user_id"] == str(ana.id)
        last = fact
        if fact["removed"]:
            shown.pop(fact["removed"], None)
        else:
            shown[fact["notification"]["id"]] = fact["notification"]
    fresh = {str(item.id): item.model_dump(mode="json") for item in await mine(system, ana)}
    assert shown == fresh
    assert (last["unseen"], last["unread"]) == await unread(system, ana)
    rows = await fetch(database_url, "SELECT live_type, topics FROM outbox WHERE type = 'NotificationsChanged'")
    assert {(row["live_type"], row["topics"]) for row in rows} == {("notification.changed", f"user:{ana.id}")}
    for item in await mine(system, ana):
        if item.kind == "like":
            (row,) = await fetch(database_url, "SELECT likes FROM posts WHERE id = $1", item.subject.id)
            assert item.count == row["likes"]


async def test_facts_in_the_wrong_order_end_with_what_is_true(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await follow(system, bea, ana)
    await settle(database_url)
    assert len(await mine(system, ana)) == 1
    late = (
        Unfollowed(follower_id=bea.id, followee_id=ana.id),
        PostLikesChanged(post_id=post, author_id=ana.id, likes=1, reposts=0, comments=0, v=1, liked_by=(bea.id,)),
    )
    for event in late:
        await system.deliver("notifications", event, Origin())
    assert await outline(system, ana) == [("follow", ana.id, ["bea"], 1)]
    await follow(system, bea, ana, following=False)
    await settle(database_url)
    await system.deliver("notifications", Followed(follower_id=bea.id, followee_id=ana.id), Origin())
    assert await outline(system, ana) == []


async def test_a_thousand_likes_in_parallel_are_one_notification_with_the_right_count(
    system: System, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    fans = await crowd(database_url, ana, 1000)
    (post,) = await plant(database_url, [ana.id])
    await asyncio.gather(*(like(system, fan, post) for fan in fans))
    await settle(database_url)
    (item,) = await mine(system, ana)
    assert (item.count, len(item.people)) == (1000, 3)
    assert await unread(system, ana) == (1, 1)


async def test_pages_hold_everything_once_and_counts_stop_at_a_hundred(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    posts = await plant(database_url, [ana.id] * 120)
    await asyncio.gather(*(like(system, bea, post) for post in posts))
    await settle(database_url)
    seen: list[UUID] = []
    after = None
    while True:
        page = await system.ask(ListNotifications(caller=ana, limit=50, after=after))
        seen += [item.subject.id for item in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(seen) == sorted(posts)
    assert await system.ask(GetUnread(caller=ana)) == UnreadCounts(unseen=100, unread=100)
    with pytest.raises(Malformed):
        await system.ask(ListNotifications(caller=ana, after=("yesterday", "x")))
