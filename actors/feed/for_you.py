"""*For you*: pages along a frozen ranking, those of many askers filled together, and beyond it all that is left."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

from actors.auth.people import id_of
from actors.feed import ranking
from actors.feed.arranging import Place, Reason, spread
from actors.feed.messages import FeedType, GetFeed
from actors.feed.metrics import snapshots_total
from actors.feed.ranking import Left
from actors.feed.snapshots import Snapshot, Snapshots, may_walk
from actors.feed.tastes import NO_TASTE, TaggedPosts, own_places, tastes
from actors.kernel.errors import Malformed
from actors.kernel.filling import ROUNDS, SPARE
from actors.kernel.paging import NEWEST, Key, Page, key_of
from actors.kernel.transaction import Reads
from actors.posts.cards import Cards
from actors.posts.messages import PostItem, PostView, Why
from actors.posts.queries import Pair, Seen, seen


class Walk:
    """One asker's way along a snapshot, then through all that it does not hold, and the page that is being filled.

    A walk whose snapshot is lost goes on with what is left. The cursor carries two bytes of each post that was given
    and may be met again, and whatever ends in the same is passed over: nothing comes twice, and of what is left at most
    one in two hundred is missed.
    """

    def __init__(self, question: GetFeed, name: str = "", offset: int = 0, left: Left | None = None) -> None:
        self.question = question
        self.viewer_id = id_of(question.caller)
        self.taste = NO_TASTE
        self.name = name
        self._offset = offset
        self._left = left or Left(NEWEST)
        self._is_beyond = self._left.below != NEWEST
        self._snapshot: Snapshot | None = None
        self._ranked: list[PostItem] = []
        self._rest: list[PostItem] = []
        self._offered: Sequence[Place] = ()
        self._is_over = False

    @classmethod
    def of(cls, question: GetFeed) -> Self:
        """Where the asker goes on. Raises `Malformed` for a cursor of another feed, or of somebody else's ranking."""
        key = key_of(question.after, str, str, int, str, str)
        if key is None:
            return cls(question)
        feed, name, offset, below, given = key
        if feed != FeedType.for_you or not may_walk(id_of(question.caller), str(name)):
            raise Malformed("this cursor belongs to another feed")
        return cls(question, str(name), int(offset), Left(UUID(str(below)), alike=_endings(str(given))))

    @property
    def is_first(self) -> bool:
        """Whether this is a first page."""
        return self.question.after is None

    @property
    def is_open(self) -> bool:
        """Whether the page wants more and there may be more."""
        return self._room > 0 and not self._is_over

    @property
    def _room(self) -> int:
        return self.question.limit - len(self._ranked) - len(self._rest)

    def go_along(self, snapshot: Snapshot | None) -> None:
        """Walk this snapshot; None: it is lost."""
        self._snapshot = snapshot
        if snapshot is None:
            self.name, self._is_beyond = "", True
            return
        self.name = snapshot.name
        if self._is_beyond:
            self._leave(snapshot)

    def _leave(self, snapshot: Snapshot) -> None:
        self._is_beyond = True
        below = self._left.below
        self._left = Left(below, without=[post_id for post_id, _ in snapshot.places(0) if post_id < below])

    async def look_ahead(self, db: Reads) -> Sequence[Place]:
        """The next places."""
        count = self._room + SPARE
        if self._snapshot and not self._is_beyond:
            self._offered = self._snapshot.places(self._offset, self._offset + count)
            if self._offered:
                return self._offered
            self._leave(self._snapshot)
        self._offered = [Place(post_id, Reason.rest) for post_id in await ranking.rest(db, self._left, count)]
        self._is_over = len(self._offered) < count
        return self._offered

    def take(self, seen: Mapping[Pair, Seen]) -> None:
        """Fill the page from the places looked at, passing over what is not for the asker, and what is their own."""
        for post_id, reason in self._offered:
            if self._room == 0:
                self._is_over = False
                break
            if self._is_beyond:
                self._left = self._left._replace(below=post_id)
            else:
                self._offset += 1
            found = seen.get((self.viewer_id, post_id))
            if found and self._wants(found.post):
                item = PostItem(post=found.post, viewer=found.viewer, why=_why(reason, found.post))
                (self._rest if self._is_beyond else self._ranked).append(item)

    def _wants(self, post: PostView) -> bool:
        if post.author.id == self.viewer_id or post.id in self.taste.hidden:
            return False
        return self.taste.shows_sensitive or not post.sensitive

    def page(self) -> Page[PostItem]:
        """What was found, and where the next page begins."""
        items = (*self._ranked, *spread(self._rest, lambda item: item.post.author.id))
        return Page(items=items, next=None if self._is_over else self._next())

    def _next(self) -> Key:
        snapshot, left = self._snapshot, self._left
        if snapshot is None:
            given = bytes.fromhex("".join(left.alike))
        elif self._is_beyond:
            given = b"".join([post_id.bytes[-2:] for post_id in left.without if post_id < left.below])
        else:
            given = snapshot.endings(self._offset)
        return (FeedType.for_you, self.name, self._offset, str(left.below), urlsafe_b64encode(given).decode())


async def fill(
    db: Reads, walks: Sequence[Walk], snapshots: Snapshots, tagged: TaggedPosts, cards: Cards
) -> list[Page[PostItem]]:
    """The pages of all walks, with one question for all at each step.

    What a snapshot holds is anybody's; who may see which of it is asked when it is shown.
    """
    if not walks:
        return []
    firsts = {walk.viewer_id: walk.is_first for walk in sorted(walks, key=lambda walk: walk.is_first)}
    people = {viewer_id: is_first for viewer_id, is_first in firsts.items() if viewer_id is not None}
    known = await tastes(db, people)
    for walk in walks:
        walk.taste = known[walk.viewer_id] if walk.viewer_id is not None else NO_TASTE
        if not walk.is_first:
            walk.go_along(await snapshots.recall(walk.name) if walk.name else None)
    await _freeze(db, [walk for walk in walks if walk.is_first], snapshots, tagged)
    for _ in range(ROUNDS):
        waiting = [walk for walk in walks if walk.is_open]
        if not waiting:
            break
        offered = await asyncio.gather(*(walk.look_ahead(db) for walk in waiting))
        pairs = {
            (walk.viewer_id, post_id) for walk, places in zip(waiting, offered, strict=True) for post_id, _ in places
        }
        found = await seen(db, pairs, cards, in_feed=True)
        for walk in waiting:
            walk.take(found)
    return [walk.page() for walk in walks]


async def _freeze(db: Reads, walks: Sequence[Walk], snapshots: Snapshots, tagged: TaggedPosts) -> None:
    """Give each walk that begins its ranking: the general one, unless its asker has tastes."""
    if not walks:
        return
    general = await snapshots.newest(db)
    posts = await tagged.of(db, {tag for walk in walks for tag in walk.taste.tags})
    wanted = {walk.viewer_id: walk.taste for walk in walks if walk.viewer_id and not walk.taste.is_general}
    own = {
        viewer_id: Snapshot.of(where, own_places(general, taste, posts))
        for (viewer_id, taste), where in zip(wanted.items(), await snapshots.personal_places(list(wanted)), strict=True)
    }
    for walk in walks:
        walk.go_along(own.get(walk.viewer_id, general.snapshot) if walk.viewer_id else general.snapshot)
    if own:
        await snapshots.keep(list(own.values()))
        snapshots_total.labels("personal").inc(len(own))


def _why(reason: Reason, post: PostView) -> Why:
    match reason:
        case Reason.chance:
            return Why.fresh
        case Reason.tag:
            return Why.followed_tag
        case Reason.rest:
            return Why.more
    engagement = post.counts.likes + post.counts.reposts + post.counts.comments
    return Why.popular if engagement else Why.fresh


def _endings(given: str) -> list[str]:
    endings = urlsafe_b64decode(given).hex()
    return [endings[start : start + 4] for start in range(0, len(endings), 4)]
