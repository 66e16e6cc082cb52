"""Bookmarks: idempotent, listed, and nobody else's business."""

import asyncio

import pytest
from uuid_utils.compat import uuid7

from actors.graph.messages import SetBlock
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.posts import marks
from actors.posts.messages import (
    BookmarkState,
    DeletePost,
    GetPost,
    ListBookmarks,
    SetBookmark,
    TooManyBookmarks,
)
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.posts.posting import plant, whole


async def test_bookmarking_twice_is_once_and_only_ones_own_devices_hear(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    for on in (True, True, False, False, None):
        state = await system.ask(SetBookmark(caller=bea, post_id=post, bookmarked=on))
        assert state == BookmarkState(bookmarked=on is not False)
    changes = await facts(database_url, "BookmarksChanged")
    assert [(fact["user_ids"], fact["on"]) for fact in changes] == [([str(bea.id)], on) for on in (True, False, True)]
    rows = await fetch(database_url, "SELECT topics, live_type, ephemeral FROM outbox WHERE type = 'BookmarksChanged'")
    assert {tuple(row) for row in rows} == {(f"user:{bea.id}", "mine.changed", False)}
    (row,) = await fetch(database_url, "SELECT v FROM posts")
    assert row["v"] == 0, "nothing of it shows on the post"
    for who, kept in ((bea, True), (ana, False)):
        viewer = (await system.ask(GetPost(caller=who, post_id=post))).viewer
        assert viewer is not None
        assert viewer.bookmarked is kept


async def test_those_who_keep_a_post_at_once_are_told_by_one_fact(system: System, database_url: str) -> None:
    people = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [people[0].id])
    await asyncio.gather(*(system.ask(SetBookmark(caller=who, post_id=post, bookmarked=True)) for who in people))
    changes = await facts(database_url, "BookmarksChanged")
    assert sorted(user for fact in changes for user in fact["user_ids"]) == sorted(str(who.id) for who in people)
    assert len(changes) < 3


async def test_bookmarks_are_listed_the_latest_kept_first_as_far_as_they_show(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    posts = await plant(database_url, [ana.id, ana.id, cleo.id, ana.id, cleo.id, ana.id])
    order = [posts[place] for place in (3, 0, 2, 5, 4, 1)]
    for post in order:
        await system.ask(SetBookmark(caller=bea, post_id=post, bookmarked=True))
    kept = await whole(system, ListBookmarks(caller=bea, limit=2))
    assert [item.post.id for item in kept] == order[::-1]
    assert all(item.viewer and item.viewer.bookmarked for item in kept)
    await system.ask(DeletePost(caller=ana, post_id=order[0]))
    await system.ask(SetBlock(caller=cleo, username="bea", blocking=True))
    kept = await whole(system, ListBookmarks(caller=bea, limit=2))
    assert [item.post.id for item in kept] == [order[5], order[3], order[1]]
    assert await whole(system, ListBookmarks(caller=ana)) == []


async def test_nothing_that_is_not_there_is_kept(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    (gone,) = await plant(database_url, [ana.id])
    await system.ask(DeletePost(caller=ana, post_id=gone))
    for post in (gone, uuid7()):
        with pytest.raises(NotFound):
            await system.ask(SetBookmark(caller=ana, post_id=post, bookmarked=True))


async def test_so_many_posts_are_kept_and_no_more_until_one_is_let_go(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_BOOKMARKS", 2)
    ana, bea = await callers(system, "ana", "bea")
    first, second, third = await plant(database_url, [ana.id] * 3)
    wishes = ((first, True), (second, True), (first, True), (second, None), (second, None))
    for post, on in wishes:
        await system.ask(SetBookmark(caller=bea, post_id=post, bookmarked=on))
    for on in (True, None):
        with pytest.raises(TooManyBookmarks):
            await system.ask(SetBookmark(caller=bea, post_id=third, bookmarked=on))
    assert not (await system.ask(SetBookmark(caller=bea, post_id=third, bookmarked=False))).bookmarked
    assert (await system.ask(SetBookmark(caller=ana, post_id=third, bookmarked=True))).bookmarked
    await system.ask(SetBookmark(caller=bea, post_id=first, bookmarked=False))
    assert (await system.ask(SetBookmark(caller=bea, post_id=third, bookmarked=True))).bookmarked
    assert [item.post.id for item in await whole(system, ListBookmarks(caller=bea))] == [third, second]


async def test_of_posts_kept_at_once_there_are_so_many_and_no_more_and_letting_go_is_never_too_many(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(marks, "MOST_BOOKMARKS", 3)
    ana, bea = await callers(system, "ana", "bea")
    first, *others = await plant(database_url, [ana.id] * 20)
    await system.ask(SetBookmark(caller=bea, post_id=first, bookmarked=True))
    for people in ((bea,), (bea, ana)):
        wishes = [SetBookmark(caller=who, post_id=post, bookmarked=True) for post in others for who in people]
        outcomes = await asyncio.gather(*map(system.ask, wishes), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes} == {BookmarkState, TooManyBookmarks}
        rows = await fetch(database_url, "SELECT user_id, count(*)::int AS n FROM bookmarks GROUP BY user_id")
        assert {row["user_id"]: row["n"] for row in rows} == {who.id: 3 for who in people}
    kept = {item.post.id for item in await whole(system, ListBookmarks(caller=bea))}
    spare = next(post for post in others if post not in kept)
    _, let_go, again = await asyncio.gather(
        *(
            system.ask(SetBookmark(caller=bea, post_id=post, bookmarked=on))
            for post, on in ((spare, True), (spare, False), (first, True))
        ),
        return_exceptions=True,
    )
    assert let_go == BookmarkState(bookmarked=False)
    assert again == BookmarkState(bookmarked=True)
