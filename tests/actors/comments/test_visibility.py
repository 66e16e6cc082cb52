"""Who sees whose comments, and whom they name."""

import pytest
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.comments.messages import DeleteComment, EditComment, ListComments
from actors.graph.messages import SetFollow
from actors.kernel.errors import NotFound
from actors.kernel.filling import ROUNDS, SPARE
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.comments.commenting import said, say
from tests.actors.posts.posting import plant


async def block(database_url: str, blocker: Caller, blocked: Caller) -> None:
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", blocker.id, blocked.id)


async def make_private(database_url: str, who: Caller) -> None:
    await fetch(database_url, "INSERT INTO private_accounts VALUES ($1, now())", who.id)


async def test_between_people_who_block_each_other_nothing_is_heard_and_for_others_all_is(
    system: System, database_url: str
) -> None:
    owner, ana, bea = await callers(system, "omar", "ana", "bea")
    (post,) = await plant(database_url, [owner.id])
    by_ana, by_owner = await say(system, ana, post), await say(system, owner, post)
    reply = await say(system, ana, post, parent_id=by_owner.id)
    await block(database_url, ana, bea)
    everything = {by_ana.id, by_owner.id}
    for viewer, seen in ((bea, {by_owner.id}), (ana, everything), (owner, everything), (None, everything)):
        assert {comment.id for comment in await said(system, post, viewer)} == seen
    assert await said(system, post, bea, parent_id=by_owner.id) == []
    for parent_id in (by_ana.id, reply.id):
        with pytest.raises(NotFound):
            await say(system, bea, post, parent_id=parent_id)
    with pytest.raises(NotFound):
        await said(system, post, bea, parent_id=by_ana.id)


async def test_a_private_post_is_commented_on_by_followers_and_a_private_person_is_heard_elsewhere(
    system: System, database_url: str
) -> None:
    owner, friend, stranger = await callers(system, "omar", "friend", "stranger")
    private_post, public_post = await plant(database_url, [owner.id, stranger.id])
    before = await say(system, stranger, private_post)
    await system.ask(SetFollow(caller=friend, username="omar", following=True))
    await make_private(database_url, owner)
    comment = await say(system, friend, private_post)
    assert await said(system, private_post, friend) == [comment, before]
    for viewer in (stranger, None):
        with pytest.raises(NotFound):
            await said(system, private_post, viewer)
    with pytest.raises(NotFound):
        await say(system, stranger, private_post)
    with pytest.raises(NotFound):
        await system.ask(EditComment(caller=stranger, comment_id=before.id, body="Hello?"))
    elsewhere = await say(system, owner, public_post)
    assert await said(system, public_post) == [elsewhere]


async def test_ones_own_words_are_taken_back_where_one_sees_nothing_any_more(system: System, database_url: str) -> None:
    owner, ana, bea = await callers(system, "omar", "ana", "bea")
    (post,) = await plant(database_url, [owner.id])
    top = await say(system, bea, post)
    by_ana, reply, by_bea = await say(system, ana, post), await say(system, ana, post, parent_id=top.id), top
    await block(database_url, owner, ana)
    await make_private(database_url, owner)
    for who, comment in ((ana, by_ana), (ana, reply), (bea, by_bea)):
        with pytest.raises(NotFound):
            await system.ask(EditComment(caller=who, comment_id=comment.id, body="Hello?"))
    with pytest.raises(NotFound):
        await system.ask(DeleteComment(caller=ana, comment_id=by_bea.id))
    for who, comment in ((ana, by_ana), (ana, reply), (bea, by_bea)):
        await system.ask(DeleteComment(caller=who, comment_id=comment.id))
    assert await said(system, post, owner) == []


async def test_a_page_over_many_who_are_not_heard_is_short_and_the_list_goes_on(
    system: System, database_url: str
) -> None:
    owner, loud = await callers(system, "omar", "loud")
    (post,) = await plant(database_url, [owner.id])
    top = await say(system, owner, post, "the first")
    noise = [uuid7() for _ in range(2 * (ROUNDS * (2 + SPARE) + 5))]
    await fetch(
        database_url,
        """
        INSERT INTO comments (id, post_id, author_id, parent_id, body, mentions, replies, created_at)
        SELECT id, $2, $3, CASE WHEN place % 2 = 0 THEN $4::uuid END, 'noise', '{}', 0, now()
        FROM unnest($1::uuid[]) WITH ORDINALITY AS c (id, place)
        """,
        noise,
        post,
        loud.id,
        top.id,
    )
    last = await say(system, owner, post, "the last", parent_id=top.id)
    await fetch(database_url, "UPDATE users SET suspended_until = 'infinity' WHERE id = $1", loud.id)
    for parent_id, found in ((None, top.id), (top.id, last.id)):
        page = await system.ask(ListComments(post_id=post, parent_id=parent_id, limit=2))
        assert (page.items, page.next is None) == ((), False)
        assert [one.id for one in await said(system, post, parent_id=parent_id, limit=2)] == [found]


async def test_who_is_suspended_is_not_heard_for_as_long(system: System, database_url: str) -> None:
    owner, loud = await callers(system, "omar", "loud")
    (post,) = await plant(database_url, [owner.id])
    await say(system, loud, post)
    await fetch(database_url, "UPDATE users SET suspended_until = 'infinity' WHERE id = $1", loud.id)
    assert await said(system, post, owner) == []
    await fetch(database_url, "UPDATE users SET suspended_until = now() WHERE id = $1", loud.id)
    assert len(await said(system, post, owner)) == 1


async def test_a_comment_names_those_who_may_see_the_post_and_tells_whom_it_is_addressed_to(
    system: System, database_url: str
) -> None:
    owner, ana, bea, foe = await callers(system, "omar", "ana", "bea", "foe")
    (post,) = await plant(database_url, [owner.id])
    await block(database_url, foe, ana)
    top = await say(system, bea, post)
    comment = await say(system, ana, post, "Look, @BEA and @omar, @foe, @nobody", parent_id=top.id)
    assert [(person.id, person.username) for person in comment.mentions] == [(bea.id, "bea"), (owner.id, "omar")]
    edited = await system.ask(EditComment(caller=ana, comment_id=comment.id, body="Look, nobody"))
    assert edited.mentions == ()
    await system.ask(DeleteComment(caller=ana, comment_id=comment.id))
    told = [
        (await facts(database_url, kind))[-1]["told"] for kind in ("CommentPosted", "CommentEdited", "CommentDeleted")
    ]
    assert told == [
        [str(owner.id), str(bea.id)],
        [str(owner.id), str(bea.id)],
        [str(owner.id), str(bea.id)],
    ]
