"""*For you*: pages along a frozen ranking, those of many askers filled together."""

from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

from actors.auth.people import id_of
from actors.feed import queries
from actors.feed.messages import FeedType, GetFeed
from actors.feed.queries import Rank
from actors.feed.snapshots import Snapshot, Snapshots
from actors.kernel.errors import Malformed
from actors.kernel.paging import Key, Page, key_of
from actors.kernel.transaction import Reads
from actors.media.addresses import Addresses
from actors.posts.messages import PostItem, PostView, Why
from actors.posts.queries import Pair, Seen, seen

SPARE = 4
"""Read beyond what a page needs, for those that turn out not to be shown."""
ROUNDS = 8
"""A page that so many readings did not fill is given short; the walk goes on from there."""


class Walk:
    """One asker's way along the ranking, and the page that is being filled.

    Beyond a snapshot, or when it is lost, the way goes on along the ranking as it is now, from the last place.
    """

    def __init__(self, question: GetFeed, name: str, offset: int, last: Rank | None) -> None:
        self.question = question
        self.viewer_id = id_of(question.caller)
        self.posts: list[Seen] = []
        self.name = name
        self._snapshot: Snapshot | None = None
        self._offset = offset
        self._last = last
        self._offered: Sequence[Rank] = ()
        self._is_live = False
        self._is_over = False

    @classmethod
    def of(cls, question: GetFeed) -> Self:
        """Where the asker goes on. Raises `Malformed` for the cursor of another feed."""
        key = key_of(question.after, str, str, int, float, str)
        if key is None:
            return cls(question, "", 0, None)
        feed, name, offset, score, post_id = key
        if feed != FeedType.for_you:
            raise Malformed("this cursor belongs to another feed")
        return cls(question, str(name), int(offset), Rank(float(score), UUID(str(post_id))))

    @property
    def is_first(self) -> bool:
        """Whether this is a first page."""
        return self._last is None

    @property
    def is_open(self) -> bool:
        """Whether the page wants more and there may be more."""
        return len(self.posts) < self.question.limit and not self._is_over

    def go_along(self, snapshot: Snapshot | None) -> None:
        """Walk this snapshot; None: the ranking as it is now."""
        self._snapshot = snapshot
        self.name = snapshot.name if snapshot else ""

    async def look_ahead(self, db: Reads) -> Sequence[Rank]:
        """The next places."""
        count = self.question.limit - len(self.posts) + SPARE
        snapshot = self._snapshot
        if snapshot and self._offset < len(snapshot.ranks):
            self._offered = snapshot.ranks[self._offset : self._offset + count]
            return self._offered
        self._is_live = True
        without = [rank.post_id for rank in snapshot.ranks] if snapshot else []
        self._offered = await queries.ranking(db, below=self._last, without=without, limit=count)
        self._is_over = len(self._offered) < count
        return self._offered

    def take(self, seen: Mapping[Pair, Seen]) -> None:
        """Fill the page from the places looked at, passing over what is not for the asker, and what is their own."""
        for rank in self._offered:
            if len(self.posts) == self.question.limit:
                self._is_over = False
                break
            self._last = rank
            self._offset += not self._is_live
            found = seen.get((self.viewer_id, rank.post_id))
            if found and found.post.author.id != self.viewer_id:
                self.posts.append(found)
        snapshot = self._snapshot
        if snapshot and snapshot.is_whole and self._offset >= len(snapshot.ranks):
            self._is_over = True

    @property
    def next(self) -> Key | None:
        """Where the next page begins; None at the end."""
        if self._is_over or self._last is None:
            return None
        return (FeedType.for_you, self.name, self._offset, self._last.score, str(self._last.post_id))


async def fill(db: Reads, walks: Sequence[Walk], snapshots: Snapshots, addresses: Addresses) -> list[Page[PostItem]]:
    """The pages of all walks, with one question for all at each step.

    What a snapshot holds is anybody's; who may see which of it is asked when it is shown.
    """
    for walk in walks:
        walk.go_along(await (snapshots.newest(db) if walk.is_first else _recall(snapshots, walk.name)))
    for _ in range(ROUNDS):
        waiting = [walk for walk in walks if walk.is_open]
        pairs = {(walk.viewer_id, rank.post_id) for walk in waiting for rank in await walk.look_ahead(db)}
        found = await seen(db, pairs, addresses, in_feed=True)
        for walk in waiting:
            walk.take(found)
    return [
        Page(
            items=tuple(PostItem(post=post, viewer=viewer, why=_why(post)) for post, viewer in walk.posts),
            next=walk.next,
        )
        for walk in walks
    ]


async def _recall(snapshots: Snapshots, name: str) -> Snapshot | None:
    return await snapshots.recall(name) if name else None


def _why(post: PostView) -> Why:
    engagement = post.counts.likes + post.counts.reposts + post.counts.comments
    return Why.popular if engagement else Why.fresh
