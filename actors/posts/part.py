"""What the parts of posts at work have in common: how a post shows."""

from functools import cached_property
from uuid import UUID

from actors.kernel.actor import Actor
from actors.kernel.errors import NotFound
from actors.kernel.transaction import Transaction
from actors.media.addresses import Addresses
from actors.posts.cards import Cards, cards
from actors.posts.messages import PostView


class PostsPart(Actor):
    """Knows how a post shows, in a transaction too."""

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self.adapters.settings.media_url, self.adapters.storage)

    @cached_property
    def _cards(self) -> Cards:
        return Cards(self._addresses)

    async def _card(self, tx: Transaction, post_id: UUID) -> PostView:
        posts = await cards(tx, [post_id], self._addresses)
        if post_id not in posts:
            raise NotFound
        return posts[post_id]
