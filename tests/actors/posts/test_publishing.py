"""Publishing, reading and withdrawing posts."""

import asyncio
from uuid import UUID

import pytest
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from actors.auth.people import UnknownUser
from actors.kernel.envelope import Origin
from actors.kernel.errors import NotFound
from actors.kernel.once import Idempotency
from actors.kernel.system import System
from actors.media.messages import PhotoState, UploadMissing
from actors.posts.messages import (
    CreatePost,
    DeletePost,
    GetPost,
    GetPosts,
    ListProfilePosts,
    PhotoUnfit,
    PhotoUsed,
    SetLike,
)
from actors.posts.sight_messages import GetCounts
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.media.uploading import signed, uploaded
from tests.actors.posts.posting import plant, publish
from tests.images import photograph

pytestmark = pytest.mark.usefixtures("storage")


async def test_a_new_post_is_public_at_once_and_is_announced(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "Ana", "bea")
    made = await publish(system, ana, caption="Dawn", tags=("Sky", "sky", "sea"), alt="the sea", sensitive=True)
    assert (made.caption, made.tags, made.sensitive) == ("Dawn", ("sky", "sea"), True)
    assert (made.author.id, made.author.username, made.photo.alt) == (ana.id, "Ana", "the sea")
    assert made.photo.state in {PhotoState.processing, PhotoState.ready}
    found = await system.ask(GetPost(caller=bea, post_id=made.id))
    assert found.post.id == made.id
    (row,) = await fetch(database_url, "SELECT topics, live_type, author FROM outbox WHERE type = 'PostPublished'")
    assert row["topics"].split() == [f"author:{ana.id}", "profile:ana", "tag:sky", "tag:sea"]
    assert (row["live_type"], row["author"]) == ("post.published", ana.id)


async def test_a_photograph_is_on_one_post_only(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    wish = CreatePost(caller=ana, photo_url=ticket.photo_url)
    outcomes = await asyncio.gather(*(system.ask(wish) for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["PhotoUsed"] * 3 + ["PostView"]
    assert len(await facts(database_url, "PostPublished")) == 1
    (made,) = [outcome for outcome in outcomes if not isinstance(outcome, BaseException)]
    await system.ask(DeletePost(caller=ana, post_id=made.id))
    with pytest.raises(PhotoUsed):
        await system.ask(wish)


async def test_the_same_request_repeated_at_once_makes_one_post(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    wish = CreatePost(caller=ana, upload_id=ticket.upload_id)
    once = Idempotency(scope=str(ana.id), key="k", fingerprint=b"f")
    made = {(await system.ask(wish, origin=Origin(idempotency=once))).id for _ in range(3)}
    assert len(made) == 1


async def test_no_post_without_bytes_or_with_somebody_elses(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    empty = await signed(system, ana, 1000)
    with pytest.raises(UploadMissing):
        await system.ask(CreatePost(caller=ana, upload_id=empty.upload_id))
    full = await uploaded(system, ana, photograph())
    with pytest.raises(NotFound):
        await system.ask(CreatePost(caller=bea, upload_id=full.upload_id))
    with pytest.raises(NotFound):
        await system.ask(CreatePost(caller=ana, upload_id=uuid7()))
    for given in ({}, {"upload_id": full.upload_id, "photo_url": full.photo_url}):
        with pytest.raises(ValidationError):
            CreatePost.model_validate({"caller": ana, **given})
    assert await fetch(database_url, "SELECT 1 FROM posts") == []


async def test_a_rejected_photograph_makes_no_post(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    await fetch(database_url, "UPDATE photos SET state = 'rejected', reason = 'not_an_image'")
    with pytest.raises(PhotoUnfit):
        await system.ask(CreatePost(caller=ana, upload_id=ticket.upload_id))


async def test_only_its_author_withdraws_a_post_and_nobody_finds_it_then(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    kept, gone = await plant(database_url, [ana.id, ana.id])
    with pytest.raises(NotFound):
        await system.ask(DeletePost(caller=bea, post_id=gone))
    await system.ask(DeletePost(caller=ana, post_id=gone))
    with pytest.raises(NotFound):
        await system.ask(DeletePost(caller=ana, post_id=gone))
    with pytest.raises(NotFound):
        await system.ask(GetPost(post_id=gone))
    several = await system.ask(GetPosts(ids=(gone, kept, uuid7(), kept)))
    assert [item.post.id for item in several.items] == [kept]
    of_ana = await system.ask(ListProfilePosts(username="ana"))
    assert [item.post.id for item in of_ana.items] == [kept]
    counts = await system.ask(GetCounts(post_ids=(gone, kept)))
    assert counts.items == ((kept, 0, 0, 0, 0),)
    (fact,) = await facts(database_url, "PostDeleted")
    assert fact["post_id"] == str(gone)


async def test_several_posts_come_in_the_order_asked_with_what_the_viewer_did(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    first, second = await plant(database_url, [ana.id, ana.id])
    await system.ask(SetLike(caller=bea, post_id=second, liked=True))
    page = await system.ask(GetPosts(caller=bea, ids=(second, first)))
    assert [(item.post.id, item.viewer.liked) for item in page.items if item.viewer] == [(second, True), (first, False)]
    assert page.next is None


async def test_a_profile_lists_its_own_posts_page_by_page(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    planted = await plant(database_url, [ana.id, bea.id] * 7)
    mine = planted[0::2][::-1]
    seen: list[UUID] = []
    after = None
    while True:
        page = await system.ask(ListProfilePosts(username="ANA", limit=3, after=after))
        seen += [item.post.id for item in page.items]
        if page.next is None:
            break
        after = page.next
    assert seen == mine
    with pytest.raises(UnknownUser):
        await system.ask(ListProfilePosts(username="nobody"))


async def test_posts_are_counted_on_the_profile(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    made = [await publish(system, ana) for _ in range(2)]

    async def posts() -> int:
        rows = await fetch(database_url, "SELECT posts FROM profiles WHERE user_id = $1", ana.id)
        return rows[0]["posts"] if rows else 0

    await until(posts, 2)
    await system.ask(DeletePost(caller=ana, post_id=made[0].id))
    await until(posts, 1)
