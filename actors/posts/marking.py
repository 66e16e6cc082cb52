"""People like, repost and bookmark posts, and comments are counted."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

from actors.kernel.actor import on
from actors.kernel.errors import NotFound, Refusal
from actors.posts import commented, marks, queries
from actors.posts.cards import cards
from actors.posts.comment_messages import AdjustComments
from actors.posts.events import BookmarksChanged, PostLikesChanged, PostReposted, PostRepostsChanged
from actors.posts.marks import BOOKMARK, LIKE, REPOST, Settled
from actors.posts.messages import (
    BookmarkState,
    LikeState,
    RepostState,
    SetBookmark,
    SetLike,
    SetRepost,
    TooManyBookmarks,
)
from actors.posts.part import PostsPart
from actors.posts.toggles import Wish
from actors.profiles.people import people


class Marking(PostsPart):
    """Sets and takes back what people put on posts."""

    @on(SetLike, batch=512)
    async def set_likes(self, likes: Sequence[SetLike]) -> Sequence[LikeState | Refusal]:
        wishes = [Wish(like.post_id, like.caller.id, like.liked) for like in likes]
        async with self.transaction() as tx:
            settled, posts = await marks.carry_out(tx, LIKE, wishes)
            tx.emit(*(PostLikesChanged(**post.counts(), liked_by=post.on, unliked_by=post.off) for post in posts))
            return tx.answers([LikeState(liked=one.is_on, likes=one.likes) if one else NotFound() for one in settled])

    @on(SetRepost, batch=128)
    async def set_reposts(self, reposts: Sequence[SetRepost]) -> Sequence[RepostState | Refusal]:
        wishes = [Wish(repost.post_id, repost.caller.id, repost.reposted) for repost in reposts]
        async with self.transaction() as tx:
            settled, posts = await marks.carry_out(tx, REPOST, wishes)
            tx.emit(
                *(PostRepostsChanged(**post.counts(), reposted_by=post.on, unreposted_by=post.off) for post in posts)
            )
            return tx.answers(
                [RepostState(reposted=one.is_on, reposts=one.reposts) if one else NotFound() for one in settled]
            )

    @on(SetBookmark, batch=128)
    async def set_bookmarks(self, bookmarks: Sequence[SetBookmark]) -> Sequence[BookmarkState | Refusal]:
        wishes = [Wish(bookmark.post_id, bookmark.caller.id, bookmark.bookmarked) for bookmark in bookmarks]
        async with self.transaction() as tx:
            settled, posts = await marks.carry_out(tx, BOOKMARK, wishes)
            tx.emit(
                *(
                    BookmarksChanged(post_id=post.post_id, user_ids=people, on=on)
                    for post in posts
                    for people, on in ((post.on, True), (post.off, False))
                    if people
                )
            )
            return tx.answers([_kept(one) for one in settled])

    @on(AdjustComments, batch=512)
    async def adjust_comments(self, wishes: Sequence[AdjustComments]) -> Sequence[Refusal | None]:
        steps: Counter[UUID] = Counter()
        for wish in wishes:
            steps[wish.post_id] += wish.comments
        async with self.transaction() as tx:
            known, changed = await commented.count_comments(tx, steps)
            tx.emit(*changed)
            return tx.answers([None if wish.post_id in known else NotFound() for wish in wishes])

    @on(PostRepostsChanged)
    async def show_reposts(self, event: PostRepostsChanged) -> None:
        async with self.transaction() as tx:
            posts = await cards(tx, [event.post_id], self.adapters.addresses)
            reposters = await queries.still_reposting(tx, event.post_id, event.reposted_by)
            by = await people(tx, reposters, self.adapters.addresses)
            tx.emit(
                *(
                    PostReposted(post_id=post.id, author_id=event.author_id, user_id=person.id, post=post, by=person)
                    for post in posts.values()
                    for person in by.values()
                )
            )


def _kept(one: Settled | None) -> BookmarkState | Refusal:
    if one is None:
        return NotFound()
    return BookmarkState(bookmarked=one.is_on) if one.has_room else TooManyBookmarks()
