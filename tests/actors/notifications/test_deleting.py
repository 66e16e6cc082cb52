"""What was told of a post goes with it, and comes back with it."""

from uuid import UUID

import pytest

from actors.auth.people import Caller
from actors.comments.messages import DeleteComment
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from actors.notifications import actor, reviewing
from actors.posts.events import PostLikesChanged, PostPurged
from actors.posts.messages import DeletePost, RestorePost, SetRepost
from tests.actors.auth.people import callers, fetch
from tests.actors.comments.commenting import say
from tests.actors.notifications.telling import rings, told
from tests.actors.notifications.test_notifications import like, mine, outline, settle, unread
from tests.actors.posts.posting import plant


async def told_of(system: System, url: str, post: UUID, other: UUID, ana: Caller, bea: Caller, cleo: Caller) -> None:
    """Likes, a repost, a comment and a reply under one post of Ana's, a like of another."""
    for fan in (bea, cleo):
        await like(system, fan, post)
    await like(system, bea, other)
    await settle(url)
    await system.ask(SetRepost(caller=bea, post_id=post, reposted=True))
    await settle(url)
    said = await say(system, bea, post)
    await settle(url)
    await say(system, cleo, post, parent_id=said.id)
    await settle(url)


@pytest.mark.parametrize("at_once", [500, 2])
async def test_what_was_told_of_a_post_goes_with_it_and_comes_back_without_ringing(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(reviewing, "AT_ONCE", at_once)
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    post, other = await plant(database_url, [ana.id, ana.id])
    await told_of(system, database_url, post, other, ana, bea, cleo)
    before = await mine(system, ana), await mine(system, bea)
    assert [item.kind for item in before[0]] == ["comment", "repost", "like", "like"]
    assert [item.kind for item in before[1]] == ["reply"]
    rung = await rings(database_url, ana)
    await system.ask(DeletePost(caller=ana, post_id=post))
    await settle(database_url)
    assert await outline(system, ana) == [("like", other, ["bea"], 1)]
    assert await outline(system, bea) == []
    assert (await unread(system, ana), await unread(system, bea)) == ((1, 1), (0, 0))
    removed = {fact["removed"] for who in (ana, bea) for fact in await told(database_url, who)}
    assert removed == {None, *(str(item.id) for items in before for item in items if item.subject.id == post)}
    await system.ask(RestorePost(caller=ana, post_id=post))
    await settle(database_url)
    assert (await mine(system, ana), await mine(system, bea)) == before
    assert await rings(database_url, ana) == rung


async def test_a_like_that_is_heard_of_after_the_post_went_is_not_told(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    await system.ask(DeletePost(caller=ana, post_id=post))
    await settle(database_url)
    again = PostLikesChanged(post_id=post, author_id=ana.id, likes=1, reposts=0, comments=0, v=9, liked_by=(bea.id,))
    await system.deliver("notifications", again, Origin())
    assert await mine(system, ana) == []
    assert await unread(system, ana) == (0, 0)


async def test_a_comment_that_is_deleted_goes_with_what_was_said_below_it(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    said = await say(system, bea, post)
    await say(system, cleo, post, parent_id=said.id)
    await settle(database_url)
    assert (await unread(system, ana), await unread(system, bea)) == ((1, 1), (1, 1))
    await system.ask(DeleteComment(caller=bea, comment_id=said.id))
    await settle(database_url)
    assert (await mine(system, ana), await mine(system, bea)) == ([], [])


async def test_what_was_told_of_a_post_is_forgotten_with_it(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "ERASED_AT_ONCE", 2)
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    post, other = await plant(database_url, [ana.id, ana.id])
    await told_of(system, database_url, post, other, ana, bea, cleo)
    await system.ask(DeletePost(caller=ana, post_id=post))
    await settle(database_url)
    await system.deliver("notifications", PostPurged(post_id=post, photo_id=post), Origin())
    await settle(database_url)
    assert [row["subject_id"] for row in await fetch(database_url, "SELECT subject_id FROM notifications")] == [other]
