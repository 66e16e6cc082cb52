"""Deleted posts come back with everything they had, for a while; after that they go for good."""

import asyncio
from uuid import UUID

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.feed.messages import FeedType, GetFeed
from actors.graph.messages import SetFollow
from actors.kernel.envelope import Origin
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.posts import jobs
from actors.posts.edit_messages import EditPost, ListRevisions
from actors.posts.events import PostDeleted
from actors.posts.messages import (
    DeletePost,
    GetPost,
    ListBookmarks,
    ListProfilePosts,
    RestorePost,
    SetBookmark,
    SetLike,
    SetRepost,
)
from actors.posts.tag_messages import ListTagPosts
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.clock import strike
from tests.actors.posts.posting import crowd, do, plant, whole, wrong_marks


async def deleted(system: System, database_url: str, who: Caller, *, days: float = 0) -> UUID:
    """A post with a tag that was deleted so many days ago."""
    (post,) = await plant(database_url, [who.id], tags=("sea",))
    await system.ask(DeletePost(caller=who, post_id=post))
    await fetch(database_url, "UPDATE posts SET deleted_at = now() - $1 * interval '1 day' WHERE id = $2", days, post)
    return post


async def test_a_restored_post_has_everything_it_had(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id], tags=("sea",))
    await system.ask(EditPost(caller=ana, post_id=post, caption="Dusk"))
    for wish in (SetLike, SetRepost, SetBookmark):
        await do(system, wish, bea, post)
    before = await system.ask(GetPost(caller=bea, post_id=post))
    await system.ask(DeletePost(caller=ana, post_id=post))
    for question in (ListTagPosts(tag="sea"), ListProfilePosts(username="ana"), ListBookmarks(caller=bea)):
        assert await whole(system, question) == []
    restored = await system.ask(RestorePost(caller=ana, post_id=post))
    assert await system.ask(GetPost(caller=bea, post_id=post)) == before
    assert restored == before.post
    for question in (ListTagPosts(tag="sea"), ListProfilePosts(username="ana"), ListBookmarks(caller=bea)):
        assert [item.post for item in await whole(system, question)] == [before.post]
    assert len(await whole(system, ListRevisions(post_id=post))) == 1
    with pytest.raises(NotFound):
        await system.ask(RestorePost(caller=ana, post_id=post))
    assert len(await facts(database_url, "PostRestored")) == 1
    (row,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'PostRestored'")
    assert row["topics"].split() == [f"post:{post}", f"author:{ana.id}", "profile:ana", "tag:sea"]
    assert row["live_type"] == "post.published"


async def test_reposts_of_a_deleted_post_vanish_and_come_back_and_so_does_its_place(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    await system.ask(SetFollow(caller=cleo, username="bea", following=True))
    await system.ask(SetRepost(caller=bea, post_id=post))

    async def shown() -> tuple[int, int]:
        following = await system.ask(GetFeed(caller=cleo, type=FeedType.following))
        return len(following.items), len(await fetch(database_url, "SELECT 1 FROM feed_scores"))

    await until(shown, (1, 1))
    await system.ask(DeletePost(caller=ana, post_id=post))
    await until(shown, (0, 0))
    await system.ask(RestorePost(caller=ana, post_id=post))
    await until(shown, (1, 1))


async def test_a_deletion_heard_of_after_the_restoring_takes_no_place_away(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])

    async def ranked() -> int:
        return len(await fetch(database_url, "SELECT 1 FROM feed_scores"))

    await system.ask(DeletePost(caller=ana, post_id=post))
    await system.ask(RestorePost(caller=ana, post_id=post))
    await until(ranked, 1)
    late = PostDeleted(post_id=post, author_id=ana.id, username="ana")
    await system.deliver("feed", late, Origin())
    assert await ranked() == 1
    await system.ask(DeletePost(caller=ana, post_id=post))
    await until(ranked, 0)


async def test_what_a_profile_counts_goes_and_comes_back(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    for who in (bea, cleo):
        await system.ask(SetLike(caller=who, post_id=post))

    async def counted() -> tuple[int, int]:
        rows = await fetch(database_url, "SELECT posts, likes FROM profiles WHERE user_id = $1", ana.id)
        # The profile itself comes by an event.
        return (rows[0]["posts"], rows[0]["likes"]) if rows else (0, 0)

    await until(counted, (0, 2))  # planted behind the actors' backs, the post itself was not counted
    await system.ask(DeletePost(caller=ana, post_id=post))
    await until(counted, (-1, 0))
    await system.ask(RestorePost(caller=ana, post_id=post))
    await until(counted, (0, 2))


async def test_only_its_author_restores_a_post_and_not_for_ever(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    post, late = (
        await deleted(system, database_url, ana, days=29.99),
        await deleted(system, database_url, ana, days=30.01),
    )
    for who, what in ((bea, post), (ana, late)):
        with pytest.raises(NotFound):
            await system.ask(RestorePost(caller=who, post_id=what))
    await system.ask(RestorePost(caller=ana, post_id=post))


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE posts SET deleted_for = 'photo'",
        "UPDATE photos SET state = 'rejected'",
        "UPDATE photos SET released_at = now()",
    ],
)
async def test_what_its_author_did_not_delete_or_has_no_photograph_stays_away(
    system: System, database_url: str, sql: str
) -> None:
    (ana,) = await callers(system, "ana")
    post = await deleted(system, database_url, ana)
    await fetch(database_url, sql)
    with pytest.raises(NotFound):
        await system.ask(RestorePost(caller=ana, post_id=post))


async def test_what_nobody_can_restore_any_more_goes_with_all_that_hangs_on_it(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "STRIPPED_AT_ONCE", 3)
    (ana,) = await callers(system, "ana")
    kept, old, young = await plant(database_url, [ana.id] * 3, tags=("sea",))
    fans = await crowd(database_url, ana, 7)
    await asyncio.gather(
        *(
            do(system, wish, fan, post)
            for fan in fans
            for wish in (SetLike, SetRepost, SetBookmark)
            for post in (old, kept)
        )
    )
    for n in range(5):
        await system.ask(EditPost(caller=ana, post_id=old, caption=str(n)))
    for post, days in ((old, 31.01), (young, 30.99)):
        await system.ask(DeletePost(caller=ana, post_id=post))
        await fetch(
            database_url, "UPDATE posts SET deleted_at = now() - $1 * interval '1 day' WHERE id = $2", days, post
        )
    (photo,) = await fetch(database_url, "SELECT photo_id AS id FROM posts WHERE id = $1", old)

    async def released() -> list[object]:
        return [row["id"] for row in await fetch(database_url, "SELECT id FROM photos WHERE released_at IS NOT NULL")]

    await strike(outside, "posts.purge")
    await until(released, [photo["id"]])
    left = await fetch(database_url, "SELECT id FROM posts WHERE original_post_id IS NULL ORDER BY id")
    assert [row["id"] for row in left] == [kept, young]
    for table in ("likes", "reposts", "bookmarks"):
        rows = await fetch(database_url, f"SELECT DISTINCT post_id FROM {table}")
        assert [row["post_id"] for row in rows] == [kept]
    assert await fetch(database_url, "SELECT 1 FROM post_revisions") == []
    assert await wrong_marks(database_url) == []
