"""What the feed announces."""

from uuid import UUID

from actors.feed.messages import FeedType
from actors.kernel.message import Event, Live, View

NAMED = 20
"""Posts of one hint that are named, a page of them."""


class FeedNewFrame(View):
    """Data of `feed.new`: how many posts are new, and the newest of them, the latest first."""

    count: int
    newest: tuple[UUID, ...]


class FeedGrew(Event, key="feed"):
    """There are new posts to be met in a feed: those that everybody may see, the latest first."""

    feed: FeedType = FeedType.for_you
    newest: tuple[UUID, ...]

    def live(self) -> Live:
        """For everybody who watches the feed: a hint to fetch it again, of which the latest is enough."""
        frame = FeedNewFrame(count=len(self.newest), newest=self.newest[:NAMED])
        return Live((f"feed:{self.feed}",), "feed.new", frame, ephemeral=True)
