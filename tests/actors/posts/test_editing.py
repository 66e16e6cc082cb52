"""Editing posts: only what is named changes, what was shown is kept, and everybody who has it on a screen is told."""

import asyncio

import pytest
from pydantic import ValidationError

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.graph.messages import SetBlock, SetPrivacy
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.media.messages import FocalPoint
from actors.posts.edit_messages import EditPost, ListRevisions
from actors.posts.messages import DeletePost, GetPost, PostView
from actors.posts.tag_messages import ListTagPosts
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.posts.posting import plant, publish, whole


async def edit(system: System, who: Caller, post: PostView, **changes: object) -> PostView:
    return await system.ask(EditPost.model_validate({"caller": who, "post_id": post.id, **changes}))


async def first_post(system: System, who: Caller, database_url: str) -> PostView:
    (post_id,) = await plant(database_url, [who.id], tags=("sea", "sky"))
    return (await system.ask(GetPost(caller=who, post_id=post_id))).post


async def test_an_edit_changes_what_is_named_and_keeps_what_was(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "Ana")
    post = await first_post(system, ana, database_url)
    assert post.edited_at is None
    edited = await edit(
        system,
        ana,
        post,
        caption="Dusk",
        tags=("Sea", "dusk"),
        alt="the sea",
        focus={"x": 0.25, "y": 1},
        sensitive=True,
    )
    assert (edited.caption, edited.tags, edited.sensitive) == ("Dusk", ("sea", "dusk"), True)
    assert (edited.photo.alt, edited.photo.focus) == ("the sea", FocalPoint(x=0.25, y=1))
    again = await edit(system, ana, post, caption=None, focus=None)
    assert (again.caption, again.photo.focus, again.photo.alt, again.tags) == ("", None, "the sea", ("sea", "dusk"))
    assert (await system.ask(GetPost(post_id=post.id))).post == again

    later, earlier = await whole(system, ListRevisions(post_id=post.id, limit=1))
    assert (earlier.number, earlier.caption, earlier.tags, earlier.sensitive) == (1, "", ("sea", "sky"), False)
    assert (later.number, later.caption, later.alt, later.focus) == (2, "Dusk", "the sea", FocalPoint(x=0.25, y=1))
    assert [earlier.shown_from, earlier.shown_until] == [post.created_at, edited.edited_at]
    assert [later.shown_from, later.shown_until] == [edited.edited_at, again.edited_at]


async def test_an_edit_is_announced_wherever_the_post_is_or_was_on_a_screen(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "Ana")
    post = await first_post(system, ana, database_url)
    edited = await edit(system, ana, post, tags=("sea", "dusk"))
    (row,) = await fetch(database_url, "SELECT topics, live_type, author FROM outbox WHERE type = 'PostEdited'")
    assert row["topics"].split() == [
        *(f"post:{post.id}", f"author:{ana.id}", "profile:ana"),
        *("tag:sea", "tag:dusk", "tag:sky"),
    ]
    assert (row["live_type"], row["author"]) == ("post.updated", ana.id)
    (fact,) = await facts(database_url, "PostEdited")
    assert fact["post"] == edited.model_dump(mode="json")
    assert [item.post.id for item in await whole(system, ListTagPosts(tag="dusk"))] == [post.id]
    assert await whole(system, ListTagPosts(tag="sky")) == []


async def test_what_changes_nothing_leaves_no_trace(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    post = await first_post(system, ana, database_url)
    assert await edit(system, ana, post) == post
    assert await edit(system, ana, post, caption="  ", tags=("SEA", "sky", "sea"), sensitive=False, focus=None) == post
    assert await facts(database_url, "PostEdited") == []
    assert await whole(system, ListRevisions(post_id=post.id)) == []


async def test_closing_the_comments_shows_and_is_no_edit(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    post = await first_post(system, ana, database_url)
    closed = await edit(system, ana, post, comments_closed=True)
    assert closed == post.model_copy(update={"comments_closed": True})
    assert len(await facts(database_url, "PostEdited")) == 1
    assert await whole(system, ListRevisions(post_id=post.id)) == []


async def test_edits_at_once_in_two_processes_take_turns_and_none_is_lost(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    post = await first_post(system, ana, database_url)
    other = System(outside, actors())
    await other.start()
    captions = [f"caption {n}" for n in range(12)]
    try:
        replies = await asyncio.gather(
            *(edit((system, other)[n % 2], ana, post, caption=caption) for n, caption in enumerate(captions))
        )
    finally:
        await other.stop()
    assert [reply.caption for reply in replies] == captions
    kept = (await whole(system, ListRevisions(post_id=post.id, limit=5)))[::-1]
    now = (await system.ask(GetPost(post_id=post.id))).post
    assert [revision.number for revision in kept] == list(range(1, 13))
    assert {revision.caption for revision in kept} | {now.caption} == {"", *captions}
    assert [revision.shown_until for revision in kept] == [*(one.shown_from for one in kept[1:]), now.edited_at]


async def test_only_its_author_edits_a_post_and_only_while_it_lives(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    post = await first_post(system, ana, database_url)
    with pytest.raises(NotFound):
        await edit(system, bea, post, caption="mine")
    await system.ask(DeletePost(caller=ana, post_id=post.id))
    with pytest.raises(NotFound):
        await edit(system, ana, post, caption="gone")
    with pytest.raises(NotFound):
        await system.ask(ListRevisions(caller=ana, post_id=post.id))


async def test_who_may_not_see_a_post_does_not_see_what_it_was(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    post = await first_post(system, ana, database_url)
    await edit(system, ana, post, caption="seen by followers")
    await system.ask(SetPrivacy(caller=ana, private=True))
    for who in (bea, None):
        with pytest.raises(NotFound):
            await system.ask(ListRevisions(caller=who, post_id=post.id))
    assert len(await whole(system, ListRevisions(caller=ana, post_id=post.id))) == 1


@pytest.mark.usefixtures("storage")
async def test_a_caption_names_those_who_may_see_it(system: System, database_url: str) -> None:
    ana, bea, _, dora = await callers(system, "ana", "bea", "cleo", "dora")
    await system.ask(SetBlock(caller=dora, username="ana", blocking=True))
    post = await publish(system, ana, caption="with @BEA, @dora, @nobody and @bea")
    assert [(one.id, one.username) for one in post.mentions] == [(bea.id, "bea")]
    (fact,) = await facts(database_url, "PostPublished")
    assert fact["mentions"] == [str(bea.id)]
    edited = await edit(system, ana, post, caption="with @cleo")
    assert [one.username for one in edited.mentions] == ["cleo"]
    same = await edit(system, ana, post, sensitive=True)
    assert same.mentions == edited.mentions
    fact, _ = await facts(database_url, "PostEdited")
    assert (fact["mentions"], fact["unmentioned"]) == ([str(edited.mentions[0].id)], [str(bea.id)])
    await fetch(database_url, "UPDATE users SET deleted_at = now() WHERE username = 'cleo'")
    assert (await system.ask(GetPost(post_id=post.id))).post.mentions == ()


@pytest.mark.parametrize("focus", [{"x": 1.01, "y": 0}, {"x": -0.01, "y": 0}, {"x": 0.5}, {"x": float("nan"), "y": 0}])
async def test_a_focus_lies_within_the_picture(focus: object) -> None:
    with pytest.raises(ValidationError, match="focus"):
        EditPost.model_validate({"caller": None, "post_id": None, "focus": focus})
