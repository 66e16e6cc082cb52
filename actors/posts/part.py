"""What the parts of posts at work have in common: how a post shows."""

from functools import cached_property
from uuid import UUID

from actors.kernel.actor import Actor
from actors.kernel.errors import NotFound
from actors.kernel.transaction import Transaction
from actors.posts.cards import Cards, cards
from actors.posts.messages import PostView


class PostsPart(Actor):
    """Knows how a post shows, in a transaction too."""

    @cached_property
    def _cards(self) -> Cards:
        return Cards(self.adapters.addresses)

    async def _card(self, tx: Transaction, post_id: UUID) -> PostView:
        posts = await cards(tx, [post_id], self.adapters.addresses)
        if post_id not in posts:
            raise NotFound
        return posts[post_id]
