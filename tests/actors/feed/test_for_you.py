"""*For you*: ranked, frozen for a walk, kept by what happens to posts."""

import asyncio
import random
from uuid import UUID

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.feed import arranging, ranking
from actors.feed.messages import GetFeed
from actors.kernel.paging import Key
from actors.kernel.system import System
from actors.posts.messages import DeletePost, PostItem, RestorePost, SetLike, SetRepost, Why
from tests.actors.auth.people import callers, fetch, until
from tests.actors.posts.posting import plant, publish


async def rank(database_url: str, posts: list[UUID]) -> None:
    """Scores for planted posts, the first named on top."""
    await fetch(
        database_url,
        """
        INSERT INTO feed_scores (post_id, author_id, score, v)
        SELECT id, author_id, -array_position($1::uuid[], id), 0 FROM posts WHERE id = ANY($1::uuid[])
        """,
        posts,
    )


async def ranked(database_url: str) -> list[UUID]:
    rows = await fetch(database_url, "SELECT post_id FROM feed_scores ORDER BY score DESC")
    return [row["post_id"] for row in rows]


async def walk(
    systems: list[System], who: Caller | None, *, limit: int = 7, after: Key | None = None
) -> list[PostItem]:
    """Every item from there on, page by page, each page asked of another process."""
    items: list[PostItem] = []
    for turn in range(1000):
        part = await systems[turn % len(systems)].ask(GetFeed(caller=who, limit=limit, after=after))
        items += part.items
        after = part.next
        if after is None:
            return items
    raise AssertionError("the walk has no end")


def ids(items: list[PostItem]) -> list[UUID]:
    return [item.post.id for item in items]


async def test_the_ranking_follows_what_happens_to_posts(system: System, storage: object, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    first = await publish(system, ana)
    second = await publish(system, ana)

    async def order() -> list[UUID]:
        return await ranked(database_url)

    await until(order, [second.id, first.id])
    await system.ask(SetLike(caller=bea, post_id=first.id, liked=True))
    await until(order, [first.id, second.id])
    for who in (bea, cleo):
        await system.ask(SetRepost(caller=who, post_id=second.id, reposted=True))
    await until(order, [second.id, first.id])
    for who in (bea, cleo):
        await system.ask(SetRepost(caller=who, post_id=second.id, reposted=False))
    await until(order, [first.id, second.id])
    await system.ask(DeletePost(caller=ana, post_id=first.id))
    await until(order, [second.id])


async def test_what_is_deleted_during_a_walk_is_not_met_any_more_unless_it_is_restored(
    system: System, database_url: str
) -> None:
    me, ana = await callers(system, "me1", "ana")
    posts = await plant(database_url, [ana.id] * 9)
    await rank(database_url, posts)
    first = await system.ask(GetFeed(caller=me, limit=3))
    for post in (posts[4], posts[5]):
        await system.ask(DeletePost(caller=ana, post_id=post))
    assert first.next is not None
    page = await system.ask(GetFeed(caller=me, limit=3, after=first.next))
    assert ids(list(page.items)) == [posts[3], posts[6], posts[7]]
    await system.ask(RestorePost(caller=ana, post_id=posts[5]))
    page = await system.ask(GetFeed(caller=me, limit=3, after=first.next))
    assert ids(list(page.items)) == [posts[3], posts[5], posts[6]]


async def test_an_engagement_ten_times_as_large_weighs_half_a_day(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    old, new = await plant(database_url, [ana.id, ana.id])
    await fetch(
        database_url,
        "UPDATE posts SET created_at = created_at - interval '12 hours', likes = 8, v = 8 WHERE id = $1",
        old,
    )
    for post in (old, new):
        await system.ask(SetLike(caller=bea, post_id=post, liked=True))

    async def scores() -> int:
        return len(await ranked(database_url))

    await until(scores, 2)
    # log10(1 + 9) against log10(1 + 1) is 0.7; twelve hours are 0.96.
    assert await ranked(database_url) == [new, old]
    await fetch(database_url, "UPDATE posts SET likes = 99, v = 99 WHERE id = $1", old)
    await system.ask(SetLike(caller=ana, post_id=old, liked=True))

    async def top() -> UUID:
        return (await ranked(database_url))[0]

    await until(top, old)


async def test_a_post_whose_counts_drifted_below_zero_is_ranked_as_one_that_nobody_noticed(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await fetch(database_url, "UPDATE posts SET comments = -2 WHERE id = $1", post)
    await system.ask(SetLike(caller=bea, post_id=post, liked=True))

    async def first() -> list[UUID]:
        return await ranked(database_url)

    await until(first, [post])


async def test_a_walk_goes_along_the_ranking_its_first_page_saw(
    system: System, outside: Outside, database_url: str
) -> None:
    me, ana = await callers(system, "me1", "ana")
    posts = await plant(database_url, [ana.id] * 60)
    await rank(database_url, posts)
    other = System(outside, actors())
    await other.start()
    try:
        first = await system.ask(GetFeed(caller=me, limit=7))
        rng = random.Random(1)
        seen = list(first.items)
        after = first.next
        while after is not None:
            await fetch(database_url, "UPDATE feed_scores SET score = random()")
            part = await rng.choice((system, other)).ask(GetFeed(caller=me, limit=7, after=after))
            seen += part.items
            after = part.next
    finally:
        await other.stop()
    assert ids(seen) == posts


async def test_without_its_snapshot_a_walk_goes_on_with_what_is_left_the_newest_first(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    posts = await plant(database_url, [ana.id] * 30)
    await rank(database_url, posts)
    first = await system.ask(GetFeed(limit=7))
    await outside.cache.redis.flushdb()
    other = System(outside, actors())
    await other.start()
    try:
        rest = await walk([other], None, after=first.next)
    finally:
        await other.stop()
    assert ids([*first.items, *rest]) == posts[:7] + posts[:6:-1]


async def test_beyond_the_snapshot_the_walk_goes_on(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (arranging, ranking):
        monkeypatch.setattr(module, "LENGTH", 20)
    (ana,) = await callers(system, "ana")
    posts = await plant(database_url, [ana.id] * 50)
    await rank(database_url, posts)
    for limit in (7, 10, 100):
        items = await walk([system], None, limit=limit)
        assert ids(items) == posts[:20] + posts[:19:-1], "first the ranking, then what is left, the newest first"
        assert [item.why for item in items] == [Why.fresh] * 20 + [Why.more] * 30


async def test_my_own_posts_and_those_that_are_gone_are_passed_over(system: System, database_url: str) -> None:
    me, ana = await callers(system, "me1", "ana")
    posts = await plant(database_url, [me.id, me.id, ana.id, ana.id] * 10)
    await rank(database_url, posts)
    gone = posts[2]
    await fetch(database_url, "UPDATE posts SET deleted_at = now() WHERE id = $1", gone)
    of_ana = [post for place, post in enumerate(posts) if place % 4 > 1 and post != gone]
    part = await system.ask(GetFeed(caller=me, limit=10))
    assert ids([*part.items]) == of_ana[:10], "a page filtered short goes on filling"
    assert ids(await walk([system], me)) == of_ana
    assert sorted(ids(await walk([system], None))) == sorted(post for post in posts if post != gone)


async def test_many_askers_at_once_each_get_their_own_page(system: System, database_url: str) -> None:
    people = await callers(system, "ana", "bea", "cleo")
    posts = await plant(database_url, [people[0].id] * 25)
    await rank(database_url, posts)
    liked = {person.id: set(random.Random(n).sample(posts, 9)) for n, person in enumerate(people)}
    await asyncio.gather(
        *(
            system.ask(SetLike(caller=person, post_id=post, liked=True))
            for person in people
            for post in liked[person.id]
        )
    )
    asked = [person for person in people[1:] for _ in range(40)]
    pages = await asyncio.gather(*(system.ask(GetFeed(caller=person, limit=25)) for person in asked))
    for person, part in zip(asked, pages, strict=True):
        shown = {item.post.id for item in part.items if item.viewer and item.viewer.liked}
        assert shown == liked[person.id]
    for item in pages[0].items:
        assert item.why is (Why.popular if item.post.counts.likes else Why.fresh)


async def test_a_visitor_gets_for_you_whatever_they_ask(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    posts = await plant(database_url, [ana.id] * 3)
    await rank(database_url, posts)
    part = await system.ask(GetFeed.model_validate({"type": "following"}))
    assert ids([*part.items]) == posts
    assert all(item.viewer is None for item in part.items)
