"""Comments for tests, and what their tables hold."""

from typing import Any
from uuid import UUID

from actors.auth.people import Caller
from actors.comments.messages import CommentView, ListComments, PostComment
from actors.kernel.system import System
from load.counts import miscounted
from tests.actors.auth.people import fetch, until

_OWED = """
SELECT count(*) AS n FROM outbox o, unnest(string_to_array(nullif(o.targets, ''), ' ')) AS target
WHERE NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)
"""


async def say(system: System, caller: Caller, post_id: UUID, body: str = "Well seen.", **more: Any) -> CommentView:
    """A new comment, or with `parent_id` a reply."""
    return await system.ask(PostComment(caller=caller, post_id=post_id, body=body, **more))


async def said(
    system: System, post_id: UUID, caller: Caller | None = None, *, limit: int = 20, parent_id: UUID | None = None
) -> list[CommentView]:
    """Every comment on a post, or every reply to a comment, read page by page."""
    found: list[CommentView] = []
    after = None
    while True:
        page = await system.ask(
            ListComments(caller=caller, post_id=post_id, parent_id=parent_id, limit=limit, after=after)
        )
        found += page.items
        if (after := page.next) is None:
            return found


async def settle(database_url: str) -> None:
    """Wait until every fact took effect in every domain that listens."""

    async def owed() -> int:
        return int((await fetch(database_url, _OWED))[0]["n"])

    await until(owed, 0, seconds=30)


async def drift(database_url: str) -> list[int]:
    """How many counts are wrong: of posts, of comments."""
    return [len(await miscounted(database_url, kind)) for kind in ("comments", "replies")]
