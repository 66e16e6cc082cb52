"""An erased person's comments: gone from every list and every count, their words from the tables."""

import pytest

from actors.accounts.events import AccountErased
from actors.comments import actor
from actors.comments.messages import DeleteComment
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.comments.commenting import drift, said, say, settle
from tests.actors.posts.posting import plant


async def test_what_an_erased_person_said_goes_and_what_was_said_to_them_with_it(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actor, "ERASED_AT_ONCE", 3)
    ana, bea = await callers(system, "ana", "bea")
    first, second = await plant(database_url, [bea.id, ana.id])
    kept = await say(system, bea, first, "stays")
    own = await say(system, ana, first, "goes")
    await say(system, bea, first, "goes with it", parent_id=own.id)
    await say(system, ana, first, "goes once", parent_id=own.id)
    await say(system, ana, first, "goes from below", parent_id=kept.id)
    mine = await say(system, bea, first, "stays below", parent_id=kept.id)
    withdrawn = await say(system, ana, second, "taken back before")
    await system.ask(DeleteComment(caller=ana, comment_id=withdrawn.id))
    for n in range(4):
        await say(system, ana, second, f"number {n}")
    erased = AccountErased(user_id=ana.id)
    for _ in range(2):
        await system.deliver("comments", erased, Origin())
        await settle(database_url)
    assert [(comment.id, comment.replies) for comment in await said(system, first)] == [(kept.id, 1)]
    assert await said(system, first, parent_id=kept.id) == [mine]
    assert await said(system, second) == []
    assert await drift(database_url) == [0, 0]
    rows = await fetch(database_url, "SELECT DISTINCT body, mentions FROM comments WHERE author_id = $1", ana.id)
    assert [tuple(row) for row in rows] == [("", [])]
    gone = [fact["comment_id"] for fact in await facts(database_url, "CommentDeleted")]
    assert len(gone) == len(set(gone)) == 1 + 1 + 1 + 4
