"""Posts at work."""

from collections.abc import Sequence

from actors.accounts.events import AccountErased
from actors.kernel.actor import on
from actors.posts.counted import Counted, adjustment_of
from actors.posts.events import AuthorMiscounted, PostDeleted, PostLikesChanged, PostPublished, PostRestored
from actors.posts.marking import Marking
from actors.posts.publishing import Publishing
from actors.posts.showing import Showing


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
        adjustments = ((event, adjustment_of(event)) for event in events)
        await self.have_done((event, wish) for event, wish in adjustments if wish.posts or wish.likes)


ACTOR = PostsActor
