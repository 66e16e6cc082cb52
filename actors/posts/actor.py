"""Posts at work."""

import asyncio
from collections.abc import Sequence

from actors.accounts.events import AccountErased
from actors.kernel.actor import on
from actors.kernel.errors import NotFound
from actors.kernel.message import Event
from actors.posts.events import PostDeleted, PostLikesChanged, PostPublished, PostRestored
from actors.posts.marking import Marking
from actors.posts.publishing import Publishing
from actors.posts.showing import Showing
from actors.profiles.messages import AdjustCounts

ASKED_AT_ONCE = 128
"""All may be about one person, whose lane has room for twice as many."""


class PostsActor(Publishing, Marking, Showing, domain="posts", lanes=8, mailbox=16_384):
    """Has posts published, marked and shown, and what there is of them counted on profiles."""

    @on(PostPublished, batch=64)
    async def count_published(self, events: Sequence[PostPublished]) -> None:
        await self._count([(event, AdjustCounts(user_id=event.author_id, posts=1)) for event in events])

    @on(PostDeleted, batch=64)
    async def count_deleted(self, events: Sequence[PostDeleted]) -> None:
        await self._count(
            [(event, AdjustCounts(user_id=event.author_id, posts=-1, likes=-event.likes)) for event in events]
        )

    @on(PostRestored, batch=64)
    async def count_restored(self, events: Sequence[PostRestored]) -> None:
        await self._count(
            [(event, AdjustCounts(user_id=event.author_id, posts=1, likes=event.post.counts.likes)) for event in events]
        )

    @on(PostLikesChanged, batch=512)
    async def count_likes(self, events: Sequence[PostLikesChanged]) -> None:
        await self._count(
            [
                (event, AdjustCounts(user_id=event.author_id, likes=gained))
                for event in events
                if (gained := len(event.liked_by) - len(event.unliked_by))
            ]
        )

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            tx.enqueue("posts.erase", user_id=str(event.user_id))

    async def _count(self, adjustments: Sequence[tuple[Event, AdjustCounts]]) -> None:
        for start in range(0, len(adjustments), ASKED_AT_ONCE):
            outcomes = await asyncio.gather(
                *(self.ask(wish, cause=event) for event, wish in adjustments[start : start + ASKED_AT_ONCE]),
                return_exceptions=True,
            )
            for outcome in outcomes:
                if isinstance(outcome, BaseException) and not isinstance(outcome, NotFound):
                    raise outcome


ACTOR = PostsActor
