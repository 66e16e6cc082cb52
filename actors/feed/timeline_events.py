"""What the feed tells itself."""

from datetime import datetime
from typing import Self
from uuid import UUID

from actors.kernel.message import Event
from actors.kernel.paging import LATEST


class RowShown(Event, key="row_id"):
    """An author shows a post or a repost to their followers, of whom those before this one have it in their timelines.

    Followers are gone through from the latest on.
    """

    row_id: UUID
    author_id: UUID
    followed_at: datetime = LATEST[0]
    follower_id: UUID = LATEST[1]

    def after(self, followed_at: datetime, follower_id: UUID) -> Self:
        """The fact for those who come after this follower."""
        return type(self)(
            row_id=self.row_id, author_id=self.author_id, followed_at=followed_at, follower_id=follower_id
        )
