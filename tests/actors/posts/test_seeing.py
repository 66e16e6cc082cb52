"""Who may not see a post neither marks it nor finds it; everybody else in the same batch is served."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from actors.auth.people import Caller
from actors.graph.messages import SetBlock, SetFollow, SetPrivacy
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.posts.messages import BookmarkState, LikeState, RepostState, SetBookmark, SetLike, SetRepost
from tests.actors.auth.people import callers, fetch
from tests.actors.posts.posting import do, plant, wrong_marks

Hide = Callable[[System, Caller, Caller, str], Awaitable[object]]


async def block(system: System, author: Caller, other: Caller, _: str) -> object:
    return await system.ask(SetBlock(caller=author, username=other.username, blocking=True))


async def be_blocked(system: System, author: Caller, other: Caller, _: str) -> object:
    return await system.ask(SetBlock(caller=other, username=author.username, blocking=True))


async def be_private(system: System, author: Caller, other: Caller, _: str) -> object:
    await system.ask(SetPrivacy(caller=author, private=True))
    return None


async def be_suspended(system: System, author: Caller, other: Caller, url: str) -> object:
    return await fetch(url, "UPDATE users SET suspended_until = now() + interval '1 day' WHERE id = $1", author.id)


@pytest.mark.parametrize("hide", [block, be_blocked, be_private, be_suspended])
async def test_what_one_may_not_see_one_does_not_mark(system: System, database_url: str, hide: Hide) -> None:
    author, other, third = await callers(system, "author1", "other1", "third1")
    hidden, shown = await plant(database_url, [author.id, third.id])
    await hide(system, author, other, database_url)
    outcomes = await asyncio.gather(
        *(do(system, wish, other, post) for post in (hidden, shown) for wish in (SetLike, SetRepost, SetBookmark)),
        return_exceptions=True,
    )
    assert [type(one) for one in outcomes] == [*(NotFound,) * 3, LikeState, RepostState, BookmarkState]
    for table in ("likes", "reposts", "bookmarks"):
        assert [row["post_id"] for row in await fetch(database_url, f"SELECT post_id FROM {table}")] == [shown]


async def test_followers_of_a_private_account_mark_its_posts(system: System, database_url: str) -> None:
    author, follower = await callers(system, "author1", "follower1")
    (post,) = await plant(database_url, [author.id])
    await system.ask(SetFollow(caller=follower, username="author1", following=True))
    await system.ask(SetPrivacy(caller=author, private=True))
    for who, likes in ((follower, 1), (author, 2)):
        assert await system.ask(SetLike(caller=who, post_id=post)) == LikeState(liked=True, likes=likes)


@pytest.mark.parametrize("hide", [block, be_private])
async def test_what_one_put_on_a_post_one_takes_back_where_one_sees_nothing_any_more(
    system: System, database_url: str, hide: Hide
) -> None:
    author, other = await callers(system, "author1", "other1")
    (post,) = await plant(database_url, [author.id])
    wishes = (SetLike, SetRepost, SetBookmark)
    await asyncio.gather(*(do(system, wish, who, post) for wish in wishes for who in (author, other)))
    await hide(system, author, other, database_url)
    with pytest.raises(NotFound):
        await system.ask(SetLike(caller=other, post_id=post, liked=True))
    # How many others there are is not theirs to know any more.
    assert await system.ask(SetLike(caller=other, post_id=post, liked=False)) == LikeState(liked=False, likes=0)
    assert await system.ask(SetRepost(caller=other, post_id=post)) == RepostState(reposted=False, reposts=0)
    assert await system.ask(SetBookmark(caller=other, post_id=post, bookmarked=False)) == BookmarkState(
        bookmarked=False
    )
    for wish in wishes:
        with pytest.raises(NotFound):
            await do(system, wish, other, post)
    for table in ("likes", "reposts", "bookmarks"):
        assert [row["user_id"] for row in await fetch(database_url, f"SELECT user_id FROM {table}")] == [author.id]
    (row,) = await fetch(database_url, "SELECT likes, reposts FROM posts WHERE id = $1", post)
    assert tuple(row) == (1, 1)
    assert await wrong_marks(database_url) == []
