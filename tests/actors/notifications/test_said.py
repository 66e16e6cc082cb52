"""Who is told of what somebody says: once for each comment, and no longer than it stands."""

from typing import Any

import pytest
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.comments.events import CommentPosted
from actors.comments.messages import DeleteComment, EditComment
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from actors.notifications.messages import ListNotifications
from actors.posts.edit_messages import EditPost
from tests.actors.auth.people import callers, fetch
from tests.actors.comments.commenting import say, settle
from tests.actors.posts.posting import plant, publish


async def bell(system: System, *people: Caller) -> list[dict[str, Any]]:
    """For each person: their notifications by kind, with the people in them."""
    pages = [await system.ask(ListNotifications(caller=person)) for person in people]
    return [{item.kind.value: [who.username for who in item.people] for item in page.items} for page in pages]


async def test_each_comment_tells_everybody_it_is_for_once_by_its_nearest_reason(
    system: System, database_url: str
) -> None:
    omar, ana, bea, cleo = await callers(system, "omar", "ana", "bea", "cleo")
    (post,) = await plant(database_url, [omar.id])
    top = await say(system, ana, post, "@omar, @ana")
    await settle(database_url)
    assert await bell(system, omar, ana) == [{"comment": ["ana"]}, {}], "under whose post it is; never oneself"
    await say(system, bea, post, "@ana @omar @cleo", parent_id=top.id)
    await settle(database_url)
    assert await bell(system, omar, ana, cleo) == [
        {"comment": ["bea", "ana"]},
        {"reply": ["bea"]},
        {"mention": ["bea"]},
    ]
    own = await say(system, omar, post)
    await say(system, cleo, post, parent_id=own.id)
    await settle(database_url)
    assert await bell(system, omar) == [{"reply": ["cleo"], "comment": ["bea", "ana"]}]


async def test_what_is_taken_back_is_taken_from_the_bell_unless_there_is_more_of_it(
    system: System, database_url: str
) -> None:
    omar, ana, bea = await callers(system, "omar", "ana", "bea")
    (post,) = await plant(database_url, [omar.id])
    first, second = await say(system, ana, post, "@bea"), await say(system, ana, post)
    await settle(database_url)
    assert await bell(system, omar, bea) == [{"comment": ["ana"]}, {"mention": ["ana"]}]
    await system.ask(EditComment(caller=ana, comment_id=first.id, body="nobody"))
    await settle(database_url)
    assert await bell(system, omar, bea) == [{"comment": ["ana"]}, {}]
    await system.ask(EditComment(caller=ana, comment_id=second.id, body="now @bea"))
    await system.ask(DeleteComment(caller=ana, comment_id=first.id))
    await settle(database_url)
    assert await bell(system, omar, bea) == [{"comment": ["ana"]}, {"mention": ["ana"]}]
    await system.ask(DeleteComment(caller=omar, comment_id=second.id))
    await settle(database_url)
    assert await bell(system, omar, bea) == [{}, {}]


async def test_replies_that_go_with_a_comment_go_from_the_bell_too_and_late_facts_bring_nothing_back(
    system: System, database_url: str
) -> None:
    omar, ana, bea, cleo = await callers(system, "omar", "ana", "bea", "cleo")
    (post,) = await plant(database_url, [omar.id])
    top = await say(system, ana, post)
    reply = await say(system, bea, post, "@cleo", parent_id=top.id)
    await settle(database_url)
    assert await bell(system, omar, ana, cleo) == [
        {"comment": ["bea", "ana"]},
        {"reply": ["bea"]},
        {"mention": ["bea"]},
    ]
    await system.ask(DeleteComment(caller=ana, comment_id=top.id))
    await settle(database_url)
    assert await bell(system, omar, ana, cleo) == [{}, {}, {}]
    told = (omar.id, ana.id, cleo.id)
    late = CommentPosted(post_id=post, comment_id=reply.id, author_id=bea.id, told=told, comment=reply)
    await system.deliver("notifications", late, Origin())
    assert await bell(system, omar, ana, cleo) == [{}, {}, {}]


@pytest.mark.parametrize(
    ("sql", "told_before"),
    [
        ("INSERT INTO blocks VALUES ($1, $2, now())", {}),
        ("INSERT INTO blocks VALUES ($2, $1, now())", {}),
        ("INSERT INTO mutes (muter_id, muted_id, created_at) VALUES ($1, $2, now())", {"comment": ["ana"]}),
    ],
    ids=["blocking", "blocked", "muting"],
)
async def test_nobody_is_told_of_people_they_do_not_want_to_hear_of(
    system: System, database_url: str, sql: str, told_before: dict[str, list[str]]
) -> None:
    omar, ana = await callers(system, "omar", "ana")
    (post,) = await plant(database_url, [omar.id])
    comment = await say(system, ana, post)
    await settle(database_url)
    assert await bell(system, omar) == [{"comment": ["ana"]}]
    await fetch(database_url, sql, omar.id, ana.id)
    told = (omar.id,)
    late = CommentPosted(post_id=post, comment_id=comment.id, author_id=ana.id, told=told, comment=comment)
    await system.deliver("notifications", late, Origin())
    assert await bell(system, omar) == [told_before]
    await fetch(database_url, "DELETE FROM notification_people")
    await fetch(database_url, "DELETE FROM notifications")
    again = late.model_copy(update={"id": uuid7()})
    await system.deliver("notifications", again, Origin())
    assert await bell(system, omar) == [{}], "and nothing new of the muted"


async def test_a_caption_tells_those_it_names_as_long_as_it_names_them(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    post = await publish(system, ana, caption="With @bea and @ana")
    await settle(database_url)
    assert await bell(system, ana, bea, cleo) == [{}, {"mention": ["ana"]}, {}]
    await system.ask(EditPost(caller=ana, post_id=post.id, caption="With @cleo"))
    await settle(database_url)
    assert await bell(system, bea, cleo) == [{}, {"mention": ["ana"]}]
