"""What is forgotten for good: what was said under posts that are gone, and what was taken back long ago."""

import pytest

from actors.adapters.outside import Outside
from actors.comments import jobs
from actors.comments.messages import DeleteComment
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.clock import strike
from tests.actors.comments.commenting import drift, say, settle
from tests.actors.posts.posting import plant


async def test_words_go_when_nothing_can_bring_them_back_and_not_a_day_before(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FORGOTTEN_AT_ONCE", 2)
    (ana,) = await callers(system, "ana")
    gone, restorable, living = await plant(database_url, [ana.id] * 3)
    for post in (gone, restorable):
        top = await say(system, ana, post)
        for _ in range(4):
            await say(system, ana, post, parent_id=top.id)
    taken_back = [await say(system, ana, living, word) for word in ("long ago", "lately")]
    kept = await say(system, ana, living, "kept")
    for comment in taken_back:
        await system.ask(DeleteComment(caller=ana, comment_id=comment.id))
    await settle(database_url)
    for table, identity, days in (
        ("posts", gone, 31),
        ("posts", restorable, 29),
        ("comments", taken_back[0].id, 31),
        ("comments", taken_back[1].id, 29),
    ):
        await fetch(
            database_url,
            f"UPDATE {table} SET deleted_at = now() - make_interval(days => $2) WHERE id = $1",
            identity,
            days,
        )
    await strike(outside, "comments.forget")
    rows = await fetch(database_url, "SELECT post_id, count(*) AS n FROM comments GROUP BY post_id")
    assert {row["post_id"]: row["n"] for row in rows} == {restorable: 5, living: 3}
    words = await fetch(database_url, "SELECT id, body FROM comments WHERE post_id = $1", living)
    assert {row["id"]: row["body"] for row in words} == {
        taken_back[0].id: "",
        taken_back[1].id: "lately",
        kept.id: "kept",
    }
    await strike(outside, "comments.recount")
    await settle(database_url)
    assert await facts(database_url, "CommentsMiscounted") == []
    assert (await drift(database_url))[1] == 0


async def test_with_a_comment_that_was_taken_back_long_ago_go_the_words_of_its_replies(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "FORGOTTEN_AT_ONCE", 2)
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    long_ago, lately, kept = [await say(system, ana, post, word) for word in ("long ago", "lately", "kept")]
    for top in (long_ago, lately, kept):
        for _ in range(3):
            await say(system, bea, post, f"to what was said {top.body}", parent_id=top.id)
    for top, days in ((long_ago, 31), (lately, 29)):
        await system.ask(DeleteComment(caller=ana, comment_id=top.id))
        at = "UPDATE comments SET deleted_at = now() - make_interval(days => $2) WHERE id = $1"
        await fetch(database_url, at, top.id, days)
    await settle(database_url)
    await strike(outside, "comments.forget")
    rows = await fetch(database_url, "SELECT COALESCE(parent_id, id) AS top, body FROM comments")
    words = {top.id: sorted(row["body"] for row in rows if row["top"] == top.id) for top in (long_ago, lately, kept)}
    assert words == {
        long_ago.id: [""] * 4,
        lately.id: ["lately"] + ["to what was said lately"] * 3,
        kept.id: ["kept"] + ["to what was said kept"] * 3,
    }
    assert await drift(database_url) == [0, 0]
