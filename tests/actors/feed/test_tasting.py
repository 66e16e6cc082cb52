"""What people tell their feed, and what becomes of it."""

import asyncio
from uuid import UUID

import pytest

from actors.auth.people import Caller
from actors.feed import tasting
from actors.feed.messages import GetFeed
from actors.feed.tasting_messages import GetFeedPreferences, GiveFeedback, SetFeedPreferences, Signal
from actors.graph.messages import SetBlock
from actors.kernel.errors import Malformed, NotFound
from actors.kernel.system import System
from actors.posts.messages import PostItem, Why
from actors.posts.tag_messages import SetTagFollow
from tests.actors.auth.people import callers, fetch
from tests.actors.feed.test_for_you import ids, rank, walk
from tests.actors.posts.posting import crowd, plant


async def tell(system: System, who: Caller, post_id: UUID, signal: Signal) -> None:
    await system.ask(GiveFeedback(caller=who, post_id=post_id, signal=signal))


async def page(system: System, who: Caller | None, limit: int = 50) -> list[PostItem]:
    return list((await system.ask(GetFeed(caller=who, limit=limit))).items)


async def test_less_takes_the_post_away_at_once_and_its_author_and_tags_down(system: System, database_url: str) -> None:
    me, bea = await callers(system, "me1", "bea")
    ana, *others = [person.id for person in await crowd(database_url, me, 4)]
    disliked, by_ana = await plant(database_url, [ana, ana])
    (tagged,) = await plant(database_url, others[:1], tags=["sea"])
    rest = await plant(database_url, others[1:])
    await fetch(database_url, "UPDATE posts SET tags = '{sea}' WHERE id = $1", disliked)
    await rank(database_url, [disliked, by_ana, tagged, *rest])
    await fetch(database_url, "UPDATE feed_scores SET score = score / 100")
    begun = await system.ask(GetFeed(caller=me, limit=1))
    await tell(system, me, disliked, Signal.less)
    assert disliked not in ids(await page(system, me))
    assert ids(await page(system, me)) == [*rest, tagged, by_ana]
    assert disliked not in ids(await walk([system], me, after=begun.next)), "a walk under way is rid of it, too"
    assert ids(await page(system, bea))[0] == disliked, "it is nobody else's business"
    await fetch(database_url, "UPDATE feed_feedback SET at = at - interval '200 days'")
    assert ids(await page(system, me)) == [by_ana, tagged, *rest], "it wears off"


async def test_what_was_seen_comes_last_for_a_while(system: System, database_url: str) -> None:
    me, *_ = await callers(system, "me1")
    authors = [person.id for person in await crowd(database_url, me, 6)]
    posts = await plant(database_url, authors)
    await rank(database_url, posts)
    for post in posts[:2]:
        await tell(system, me, post, Signal.seen)
    items = await walk([system], me, limit=3)
    assert ids(items) == [*posts[2:], posts[1], posts[0]]
    assert [item.why for item in items[4:]] == [Why.more] * 2
    await fetch(database_url, "UPDATE feed_feedback SET at = at - interval '4 days'")
    assert ids(await page(system, me)) == posts


async def test_followed_tags_weigh_in_and_say_so(system: System, database_url: str) -> None:
    me, *_ = await callers(system, "me1")
    authors = [person.id for person in await crowd(database_url, me, 8)]
    posts = await plant(database_url, authors[:7])
    (tagged,) = await plant(database_url, authors[7:], tags=["sea"])
    await rank(database_url, [*posts, tagged])
    await fetch(database_url, "UPDATE feed_scores SET score = score / 9.5")
    assert ids(await page(system, me))[-1] == tagged
    await system.ask(SetTagFollow(caller=me, tag="sea", following=True))
    items = await page(system, me)
    assert ids(items) == [*posts[:3], tagged, *posts[3:]], "half a point, as three times the engagement gives"
    assert [item.why for item in items] == [Why.fresh] * 3 + [Why.followed_tag] + [Why.fresh] * 4


async def test_sensitive_posts_are_for_those_who_want_them(system: System, database_url: str) -> None:
    me, *_ = await callers(system, "me1")
    authors = [person.id for person in await crowd(database_url, me, 3)]
    posts = await plant(database_url, authors)
    await rank(database_url, posts)
    await fetch(database_url, "UPDATE posts SET sensitive = true WHERE id = $1", posts[1])
    for who in (None, me):
        assert ids(await page(system, who)) == [posts[0], posts[2]]
    wanted = await system.ask(SetFeedPreferences(caller=me, show_sensitive=True))
    assert wanted.show_sensitive
    assert (await system.ask(SetFeedPreferences(caller=me))) == wanted, "what is not named stays"
    assert ids(await page(system, me)) == posts
    await system.ask(SetFeedPreferences(caller=me, show_sensitive=False))
    assert not (await system.ask(GetFeedPreferences(caller=me))).show_sensitive


async def test_feedback_is_about_what_one_may_see_is_the_same_twice_and_bounded(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(tasting.KEPT, Signal.seen, 5)
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    posts = await plant(database_url, [ana.id] * 9)
    await system.ask(SetBlock(caller=bea, username="me1", blocking=True))
    (hidden,) = await plant(database_url, [bea.id])
    for post in (hidden, UUID(int=5)):
        with pytest.raises(NotFound):
            await tell(system, me, post, Signal.less)
    for _ in range(2):
        await asyncio.gather(*(tell(system, who, posts[0], signal) for who in (me, bea) for signal in Signal))
    assert len(await fetch(database_url, "SELECT FROM feed_feedback")) == 4
    for post in posts:
        await tell(system, me, post, Signal.seen)
    rows = await fetch(
        database_url, "SELECT post_id FROM feed_feedback WHERE user_id = $1 AND signal = 'seen' ORDER BY at", me.id
    )
    assert [row["post_id"] for row in rows] == posts[4:]


async def test_nobody_walks_along_anothers_own_ranking(system: System, database_url: str) -> None:
    me, bea = await callers(system, "me1", "bea")
    authors = [person.id for person in await crowd(database_url, me, 5)]
    posts = await plant(database_url, authors)
    await rank(database_url, posts)
    await tell(system, me, posts[0], Signal.seen)
    mine = await system.ask(GetFeed(caller=me, limit=2))
    for who in (bea, None):
        with pytest.raises(Malformed):
            await system.ask(GetFeed(caller=who, limit=2, after=mine.next))
    assert (await system.ask(GetFeed(caller=me, limit=2, after=mine.next))).items
