"""The feed at work."""

import asyncio
from collections.abc import Sequence
from functools import cached_property

from actors.feed import following, for_you, queries
from actors.feed.events import FeedGrew
from actors.feed.filling import Filling, Showing, told
from actors.feed.messages import FeedType, GetFeed, GetSuggestions, Suggestion
from actors.feed.readers import Readers
from actors.feed.snapshots import Snapshots
from actors.feed.suggestions import suggestions
from actors.feed.tastes import TaggedPosts
from actors.feed.tasting import Tasting
from actors.kernel.actor import on
from actors.kernel.errors import Malformed, Refusal
from actors.kernel.paging import Page
from actors.kernel.transaction import Transaction
from actors.posts.cards import Cards
from actors.posts.events import (
    PostCommentsChanged,
    PostDeleted,
    PostLikesChanged,
    PostPublished,
    PostRecounted,
    PostRepostsChanged,
    PostRestored,
)
from actors.posts.messages import PostItem

Ranked = PostPublished | PostLikesChanged | PostRepostsChanged | PostCommentsChanged | PostRecounted | PostRestored


class FeedActor(Filling, Tasting, domain="feed", lanes=4):
    """Answers feeds and keeps the ranking."""

    @cached_property
    def _readers(self) -> Readers:
        return Readers(self.timelines, self.ask)

    @cached_property
    def _snapshots(self) -> Snapshots:
        return Snapshots(self.adapters.cache.redis)

    @cached_property
    def _tagged(self) -> TaggedPosts:
        return TaggedPosts()

    @cached_property
    def _cards(self) -> Cards:
        return Cards(self.adapters.addresses)

    @on(GetFeed, batch=64)
    async def get(self, questions: Sequence[GetFeed]) -> Sequence[Page[PostItem] | Refusal]:
        walks: dict[int, for_you.Walk] = {}
        following_of: dict[int, following.Walk] = {}
        answers: dict[int, Page[PostItem] | Refusal] = {}
        for place, question in enumerate(questions):
            try:
                if question.caller is None or question.type is FeedType.for_you:
                    walks[place] = for_you.Walk.of(question)
                else:
                    following_of[place] = following.Walk.of(question, question.caller.id)
            except Malformed as refusal:
                answers[place] = refusal
        filled, pages = await asyncio.gather(
            for_you.fill(self.read, list(walks.values()), self._snapshots, self._tagged, self._cards),
            asyncio.gather(
                *(following.page(self.read, walk, self._cards, self._readers) for walk in following_of.values())
            ),
        )
        answers.update(zip(walks, filled, strict=True))
        answers.update(zip(following_of, pages, strict=True))
        return [answers[place] for place in range(len(questions))]

    @on(GetSuggestions)
    async def suggest(self, question: GetSuggestions) -> Page[Suggestion]:
        return Page(items=await suggestions(self.read, question.caller.id, question.limit, self.adapters.addresses))

    @on(PostPublished, batch=256)
    async def rank_published(self, events: Sequence[PostPublished]) -> None:
        async with self.transaction() as tx:
            await self._rank(tx, events, shown=events)
            if newest := await queries.news(tx, [event.post_id for event in events]):
                tx.emit(FeedGrew(newest=tuple(newest)))

    @on(PostLikesChanged, batch=256)
    async def rank_liked(self, events: Sequence[PostLikesChanged]) -> None:
        await self._rescore(events)

    @on(PostRepostsChanged, batch=256)
    async def rank_reposted(self, events: Sequence[PostRepostsChanged]) -> None:
        await self._rescore(events, shown=events)

    @on(PostCommentsChanged, batch=256)
    async def rank_commented(self, events: Sequence[PostCommentsChanged]) -> None:
        await self._rescore(events)

    @on(PostRecounted, batch=256)
    async def rank_recounted(self, events: Sequence[PostRecounted]) -> None:
        await self._rescore(events)

    @on(PostRestored, batch=256)
    async def rank_restored(self, events: Sequence[PostRestored]) -> None:
        await self._rescore(events, shown=events)

    async def _rescore(self, events: Sequence[Ranked], *, shown: Sequence[Showing] = ()) -> None:
        async with self.transaction() as tx:
            await self._rank(tx, events, shown=shown)

    async def _rank(self, tx: Transaction, events: Sequence[Ranked], *, shown: Sequence[Showing]) -> None:
        await queries.rescore(tx, (event.post_id for event in events))
        tx.emit(*await told(tx, shown))

    @on(PostDeleted, batch=256)
    async def forget_deleted(self, events: Sequence[PostDeleted]) -> None:
        async with self.transaction() as tx:
            await queries.forget(tx, (event.post_id for event in events))


ACTOR = FeedActor
