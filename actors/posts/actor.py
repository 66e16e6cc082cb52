"""Posts at work."""

import asyncio
from collections.abc import Sequence

from actors.accounts.events import AccountErased
from actors.kernel.actor import on
from actors.kernel.errors import NotFound
from actors.posts.counted import Counted, adjustment_of
from actors.posts.events import AuthorMiscounted, PostDeleted, PostLikesChanged, PostPublished, PostRestored
from actors.posts.marking import Marking
from actors.posts.publishing import Publishing
from actors.posts.showing import Showing

ASKED_AT_ONCE = 128
"""All may be about one person, whose lane has room for twice as many."""


class PostsActor(Publishing, Marking, Showing, domain="posts", lanes=8, mailbox=16_384):
    """Has posts published, marked and shown, and what there is of them counted on profiles."""

    @on(PostPublished, batch=64)
    async def count_published(self, events: Sequence[PostPublished]) -> None:
        await self._count(events)

    @on(PostDeleted, batch=64)
    async def count_deleted(self, events: Sequence[PostDeleted]) -> None:
        await self._count(events)

    @on(PostRestored, batch=64)
    async def count_restored(self, events: Sequence[PostRestored]) -> None:
        await self._count(events)

    @on(PostLikesChanged, batch=512)
    async def count_likes(self, events: Sequence[PostLikesChanged]) -> None:
        await self._count(events)

    @on(AuthorMiscounted, batch=64)
    async def count_right(self, events: Sequence[AuthorMiscounted]) -> None:
        await self._count(events)

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            tx.enqueue("posts.erase", user_id=str(event.user_id))

    async def _count(self, events: Sequence[Counted]) -> None:
        adjustments = [(event, adjustment_of(event)) for event in events]
        adjustments = [(event, wish) for event, wish in adjustments if wish.posts or wish.likes]
        for start in range(0, len(adjustments), ASKED_AT_ONCE):
            outcomes = await asyncio.gather(
                *(self.ask(wish, cause=event) for event, wish in adjustments[start : start + ASKED_AT_ONCE]),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                    raise outcome


ACTOR = PostsActor
