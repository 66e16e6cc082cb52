"""The following feed: everything once, newest first, whoever shows how much or how little."""

import asyncio
import random
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.feed import following
from actors.feed.messages import FeedType, GetFeed
from actors.feed.queries import Shown
from actors.graph.messages import SetFollow
from actors.kernel.errors import Malformed
from actors.kernel.paging import NEWEST, Key, Page
from actors.kernel.system import System
from actors.posts.messages import DeletePost, PostItem, SetLike, SetRepost, Why
from tests.actors.auth.people import callers
from tests.actors.feed.showing import ago, id_at
from tests.actors.posts.posting import plant


async def page(system: System, who: Caller | None, after: Key | None = None, limit: int = 20) -> Page[PostItem]:
    return await system.ask(GetFeed(caller=who, type=FeedType.following, after=after, limit=limit))


async def walk(system: System, who: Caller, limit: int = 3) -> list[PostItem]:
    """Every item, page by page."""
    items: list[PostItem] = []
    after: Key | None = None
    while True:
        part = await page(system, who, after, limit)
        items += part.items
        if part.next is None:
            return items
        after = part.next


def ids(items: list[PostItem]) -> list[UUID]:
    return [item.post.id for item in items]


async def follow(system: System, who: Caller, *whom: Caller) -> None:
    for followee in whom:
        await system.ask(SetFollow(caller=who, username=followee.username, following=True))


async def repost(system: System, who: Caller, post_id: UUID) -> None:
    await system.ask(SetRepost(caller=who, post_id=post_id, reposted=True))


@pytest.mark.parametrize("limit", [1, 3, 100])
async def test_pages_hold_the_posts_of_followees_and_my_own_newest_first(
    system: System, database_url: str, limit: int
) -> None:
    me, ana, bea, stranger = await callers(system, "me1", "ana", "bea", "stranger")
    await follow(system, me, ana, bea)
    rng = random.Random(3)
    # Ana shows much, the others little.
    authors = rng.choices([ana, bea, me, stranger], weights=[20, 2, 2, 6], k=40)
    planted = await plant(database_url, [author.id for author in authors])
    expected = [post for post, author in zip(planted, authors, strict=True) if author is not stranger][::-1]
    items = await walk(system, me, limit)
    assert ids(items) == expected
    assert {(item.why, item.post.author.username) for item in items} == {
        (Why.followed, "ana"),
        (Why.followed, "bea"),
        (Why.own, "me1"),
    }


async def test_posts_that_come_during_a_walk_change_nothing_below(system: System, database_url: str) -> None:
    me, ana = await callers(system, "me1", "ana")
    await follow(system, me, ana)
    planted = await plant(database_url, [ana.id] * 9)
    first = await page(system, me, limit=3)
    await plant(database_url, [ana.id] * 5)
    second = await page(system, me, first.next, limit=3)
    assert ids([*first.items, *second.items]) == planted[:2:-1]


async def test_a_repost_shows_the_original_once_with_who_did(system: System, database_url: str) -> None:
    me, ana, bea, stranger = await callers(system, "me1", "ana", "bea", "stranger")
    await follow(system, me, ana, bea)
    of_ana, of_stranger, *others = await plant(database_url, [ana.id, stranger.id, *[ana.id] * 6])
    for who, post in ((ana, of_stranger), (bea, of_ana), (bea, of_stranger), (stranger, of_ana)):
        await repost(system, who, post)
    for limit in (1, 2, 20):
        items = await walk(system, me, limit)
        assert ids(items) == [of_stranger, of_ana, *others[::-1]]
        twice, once = items[0], items[1]
        assert twice.reposted_by is not None
        assert ([user.username for user in twice.reposted_by.users], twice.reposted_by.count) == (["bea", "ana"], 2)
        assert once.reposted_by is not None
        assert ([user.username for user in once.reposted_by.users], once.reposted_by.count) == (["bea"], 1)
        assert {item.why for item in items[:2]} == {Why.reposted}
        assert all(item.reposted_by is None for item in items[2:])


@pytest.mark.parametrize("remembered", [128, 1])
async def test_an_original_shows_once_though_its_reposter_is_unfollowed_meanwhile(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch, remembered: int
) -> None:
    monkeypatch.setattr(following, "REMEMBERED", remembered)
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(system, me, ana, bea)
    old, middle, new = await plant(database_url, [ana.id] * 3)
    await repost(system, bea, old)
    first = await page(system, me, limit=1)
    await system.ask(SetFollow(caller=me, username="bea", following=False))
    second = await page(system, me, first.next)
    assert ids([*first.items, *second.items]) == [old, new, middle]


async def test_a_walk_remembers_hundreds_of_reposts_and_forgets_what_cannot_come_again(
    system: System, database_url: str
) -> None:
    me, ana, bea, cleo = await callers(system, "me1", "ana", "bea", "cleo")
    await follow(system, me, ana, bea)
    old = await plant(database_url, [ana.id] * 200)
    await asyncio.gather(*(repost(system, bea, post) for post in old))
    first = await page(system, me, limit=100)
    second = await page(system, me, first.next, limit=100)
    await system.ask(SetFollow(caller=me, username="bea", following=False))
    rest = await page(system, me, second.next, limit=100)
    assert sorted(ids([*first.items, *second.items])) == old
    assert (rest.items, rest.next) == ((), None)
    met = [Shown(uuid7(), show_at(minutes), cleo.id, True, False) for minutes in (5, 3, 60)]
    way = following.Walk(me.id, 20, NEWEST, NEWEST)
    for row in met:
        way = way.past(row, is_item=True)
    assert len(remembered(way)) == 3
    way = way.past(Shown(show_at(30), show_at(30), ana.id, False, False), is_item=True)
    assert remembered(way) == [met[2].post_id.bytes[-3:]], "what is newer than where the walk is cannot come again"


def show_at(minutes: float) -> UUID:
    return id_at(ago(minutes=minutes))


def remembered(way: following.Walk) -> list[bytes]:
    """The last bytes of what the next page knows to have been met."""
    question = GetFeed(caller=None, type=FeedType.following, after=way.key)
    return [name[-3:] for name in following.Walk.of(question, way.viewer_id).met]


async def test_an_original_is_not_lost_though_somebody_is_followed_meanwhile_who_reposted_it(
    system: System, database_url: str
) -> None:
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(system, me, ana)
    old, new = await plant(database_url, [ana.id] * 2)
    await repost(system, bea, old)
    (newest,) = await plant(database_url, [ana.id])
    first = await page(system, me, limit=2)
    await follow(system, me, bea)
    second = await page(system, me, first.next)
    assert ids([*first.items, *second.items]) == [newest, new, old]


async def test_a_walk_that_met_more_reposts_than_it_remembers_shows_each_once(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "REMEMBERED", 2)
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(system, me, ana, bea)
    posts = await plant(database_url, [ana.id] * 5)
    for post in posts:
        await repost(system, bea, post)
    assert ids(await walk(system, me, limit=2)) == posts[::-1]


async def test_what_is_gone_is_not_shown_and_pages_go_on_filling(system: System, database_url: str) -> None:
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(system, me, bea)
    hidden = await plant(database_url, [ana.id] * 12)
    kept = await plant(database_url, [bea.id] * 3)
    for post in hidden:
        await repost(system, bea, post)
        await system.ask(DeletePost(caller=ana, post_id=post))
    part = await page(system, me, limit=3)
    assert ids([*part.items]) == kept[::-1]


async def test_items_say_what_the_viewer_did(system: System, database_url: str) -> None:
    me, ana = await callers(system, "me1", "ana")
    await follow(system, me, ana)
    first, second = await plant(database_url, [ana.id, ana.id])
    await system.ask(SetLike(caller=me, post_id=first, liked=True))
    await repost(system, me, second)
    items = {item.post.id: item.viewer for item in await walk(system, me)}
    of_first, of_second = items[first], items[second]
    assert of_first is not None
    assert of_second is not None
    assert (of_first.liked, of_first.reposted, of_first.following) == (True, False, True)
    assert (of_second.liked, of_second.reposted, of_second.following) == (False, True, True)


async def test_who_follows_nobody_has_an_empty_feed_and_its_end(system: System, database_url: str) -> None:
    me, ana = await callers(system, "me1", "ana")
    await plant(database_url, [ana.id])
    part = await page(system, me)
    assert (part.items, part.next) == ((), None)


async def test_a_cursor_of_the_other_feed_is_refused(system: System, database_url: str) -> None:
    me, ana = await callers(system, "me1", "ana")
    await follow(system, me, ana)
    await plant(database_url, [ana.id] * 3)
    part = await page(system, me, limit=1)
    with pytest.raises(Malformed):
        await system.ask(GetFeed(caller=me, type=FeedType.for_you, after=part.next))
