"""Comments and replies: said, changed, taken back, and counted."""

import asyncio
import random

import pytest
from uuid_utils.compat import uuid7

from actors.comments.messages import CommentsClosed, DeleteComment, EditComment, ListComments
from actors.kernel.errors import Malformed, NotFound
from actors.kernel.system import System
from actors.posts.messages import GetPost
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.comments.commenting import drift, said, say, settle
from tests.actors.posts.posting import plant


async def test_comments_come_the_latest_first_and_replies_the_oldest_first(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    tops = [await say(system, bea, post, f"comment {n}") for n in range(5)]
    answers = [await say(system, ana, post, f"reply {n}", parent_id=tops[2].id) for n in range(5)]
    listed = await said(system, post, limit=2)
    assert [comment.id for comment in listed] == [comment.id for comment in reversed(tops)]
    assert [comment.replies for comment in listed] == [0, 0, 5, 0, 0]
    assert await said(system, post, bea, parent_id=tops[2].id, limit=2) == answers
    assert (answers[0].parent_id, answers[0].author.username, answers[0].body) == (tops[2].id, "ana", "reply 0")
    with pytest.raises(Malformed):
        await system.ask(ListComments(post_id=post, after=("not an id",)))


async def test_a_reply_to_a_reply_joins_the_comment_at_the_top(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    top = await say(system, ana, post)
    reply = await say(system, bea, post, parent_id=top.id)
    further = await say(system, ana, post, parent_id=reply.id)
    assert further.parent_id == top.id
    assert await said(system, post, parent_id=top.id) == [reply, further]
    with pytest.raises(NotFound):
        await said(system, post, parent_id=reply.id)


async def test_what_is_not_there_is_not_commented_on(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    post, other = await plant(database_url, [ana.id, ana.id])
    elsewhere = await say(system, ana, other)
    gone = await say(system, ana, post)
    await system.ask(DeleteComment(caller=ana, comment_id=gone.id))
    for post_id, parent_id in ((uuid7(), None), (post, uuid7()), (post, elsewhere.id), (post, gone.id)):
        with pytest.raises(NotFound):
            await say(system, bea, post_id, parent_id=parent_id)
    await fetch(database_url, "UPDATE posts SET deleted_at = now() WHERE id = $1", post)
    for wish in (say(system, bea, post), said(system, post)):
        with pytest.raises(NotFound):
            await wish


async def test_only_its_author_changes_a_comment_and_the_owner_of_the_post_removes_it_too(
    system: System, database_url: str
) -> None:
    owner, author, other = await callers(system, "omar", "author", "other")
    (post,) = await plant(database_url, [owner.id])
    comment = await say(system, author, post, "Nice")
    for caller in (owner, other):
        with pytest.raises(NotFound):
            await system.ask(EditComment(caller=caller, comment_id=comment.id, body="Not nice"))
    edited = await system.ask(EditComment(caller=author, comment_id=comment.id, body="Very nice"))
    assert (edited.body, edited.id, edited.created_at) == ("Very nice", comment.id, comment.created_at)
    assert edited.edited_at is not None
    assert await system.ask(EditComment(caller=author, comment_id=comment.id, body="Very nice")) == edited
    assert len(await facts(database_url, "CommentEdited")) == 1, "what says the same is no edit"
    assert await said(system, post) == [edited]
    with pytest.raises(NotFound):
        await system.ask(DeleteComment(caller=other, comment_id=comment.id))
    await system.ask(DeleteComment(caller=owner, comment_id=comment.id))
    assert await said(system, post) == []
    for again in (
        system.ask(DeleteComment(caller=author, comment_id=comment.id)),
        system.ask(EditComment(caller=author, comment_id=comment.id, body="Hello?")),
    ):
        with pytest.raises(NotFound):
            await again


async def test_a_deleted_comment_takes_its_replies_with_it_and_the_count_stays_right(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    top, kept = await say(system, bea, post), await say(system, bea, post, "stays")
    replies = [await say(system, ana, post, parent_id=top.id) for _ in range(3)]
    await system.ask(DeleteComment(caller=ana, comment_id=replies[0].id))
    assert [comment.replies for comment in await said(system, post)] == [0, 2]
    await settle(database_url)
    assert (await system.ask(GetPost(post_id=post))).post.counts.comments == 4
    await system.ask(DeleteComment(caller=bea, comment_id=top.id))
    for late in (
        said(system, post, parent_id=top.id),
        system.ask(DeleteComment(caller=ana, comment_id=replies[1].id)),
        system.ask(EditComment(caller=ana, comment_id=replies[1].id, body="But")),
    ):
        with pytest.raises(NotFound):
            await late
    await settle(database_url)
    assert (await system.ask(GetPost(post_id=post))).post.counts.comments == 1
    assert [comment.id for comment in await said(system, post)] == [kept.id]
    assert await drift(database_url) == [0, 0]


async def test_after_a_storm_of_comments_and_deletions_counts_equal_rows(system: System, database_url: str) -> None:
    owner, *people = await callers(system, "omar", *(f"person{n}" for n in range(4)))
    posts = await plant(database_url, [owner.id] * 3)
    chance = random.Random(11)
    there = [await say(system, people[0], post) for post in posts]

    async def act() -> None:
        someone, target = chance.choice([owner, *people]), chance.choice(there)
        try:
            match chance.randrange(4):
                case 0:
                    there.append(await say(system, someone, target.post_id))
                case 1 | 2:
                    there.append(await say(system, someone, target.post_id, parent_id=target.id))
                case _:
                    await system.ask(DeleteComment(caller=someone, comment_id=target.id))
        except NotFound:
            pass

    for _ in range(20):
        await asyncio.gather(*(act() for _ in range(20)))
    await settle(database_url)
    assert await drift(database_url) == [0, 0]
    counted = await fetch(database_url, "SELECT sum(comments)::int AS n, max(v)::int AS v FROM posts")
    assert counted[0]["n"] > 20
    versions = [(fact["post_id"], fact["v"]) for fact in await facts(database_url, "PostCommentsChanged")]
    assert len(versions) == len(set(versions)), "no version of a post's counts is announced twice"


async def test_a_post_counts_its_comments_while_it_is_deleted_for_it_may_be_restored(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])

    async def deleted() -> None:
        await fetch(database_url, "UPDATE posts SET deleted_at = now() WHERE id = $1", post)

    await asyncio.gather(*(say(system, bea, post) for _ in range(5)))
    await deleted()
    await settle(database_url)
    assert await drift(database_url) == [0, 0]


async def test_a_post_whose_comments_are_closed_takes_none_and_keeps_those_it_has(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    comment = await say(system, bea, post)
    await fetch(database_url, "UPDATE posts SET comments_closed = true WHERE id = $1", post)
    for caller, parent_id in ((bea, None), (bea, comment.id), (ana, None)):
        with pytest.raises(CommentsClosed):
            await say(system, caller, post, parent_id=parent_id)
    assert await said(system, post) == [comment]
    edited = await system.ask(EditComment(caller=bea, comment_id=comment.id, body="Still mine"))
    assert edited.body == "Still mine"
