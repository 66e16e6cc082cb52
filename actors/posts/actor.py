"""Posts at work."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from actors.auth.names import username_key
from actors.auth.people import Caller, UnknownUser
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound, Refusal
from actors.kernel.message import Event
from actors.kernel.paging import Page
from actors.media.events import PhotoReady, PhotoRejected
from actors.media.messages import BindUpload
from actors.posts import changes, commented, queries
from actors.posts.comment_messages import AdjustComments
from actors.posts.events import (
    PostDeleted,
    PostLikesChanged,
    PostPublished,
    PostReposted,
    PostRepostsChanged,
    PostUpdated,
)
from actors.posts.messages import (
    CountsFound,
    CreatePost,
    DeletePost,
    GetCounts,
    GetPost,
    GetPosts,
    LikeState,
    ListProfilePosts,
    PhotoUnfit,
    PhotoUsed,
    PostDetail,
    PostItem,
    PostView,
    RepostState,
    SetLike,
    SetRepost,
)
from actors.posts.toggles import Wish, fold
from actors.profiles.messages import AdjustCounts

ASKED_AT_ONCE = 128
"""All may be about one person, whose lane has room for twice as many."""


class PostsActor(Actor, domain="posts", lanes=8, mailbox=16_384):
    """Publishing, withdrawing, liking and reposting."""

    @property
    def _media_url(self) -> str:
        return self.adapters.settings.media_url

    @on(CreatePost)
    async def create(self, wish: CreatePost) -> PostView:
        photo = await self.ask(
            BindUpload(owner_id=wish.caller.id, upload_id=wish.upload_id, photo_url=wish.photo_url, alt=wish.alt)
        )
        async with self.transaction() as tx:
            if await changes.hold_photo(tx, photo.id) == "rejected":
                raise PhotoUnfit
            post_id = await changes.publish(tx, photo.id, wish)
            if post_id is None:
                raise PhotoUsed
            post = (await queries.cards(tx, [post_id], self._media_url))[post_id]
            tx.emit(PostPublished(post_id=post_id, author_id=wish.caller.id, post=post))
            return tx.answer(post)

    @on(DeletePost)
    async def delete(self, wish: DeletePost) -> None:
        async with self.transaction() as tx:
            gone = await changes.withdraw(tx, wish.post_id, wish.caller.id)
            if gone is None:
                raise NotFound
            tx.emit(
                PostDeleted(
                    post_id=wish.post_id,
                    author_id=wish.caller.id,
                    username=gone["username"],
                    tags=gone["tags"],
                )
            )
            return tx.answer(None)

    @on(SetLike, batch=512)
    async def set_likes(self, likes: Sequence[SetLike]) -> Sequence[LikeState | Refusal]:
        each, last = fold(Wish(like.post_id, like.caller.id, like.liked) for like in likes)
        async with self.transaction() as tx:
            posts = await changes.lock(tx, (like.post_id for like in likes))
            was = await changes.set_likes(tx, posts, last)
            tx.emit(*changes.likes_changed(posts))
            return tx.answers(
                [
                    LikeState(
                        liked=outcome.after(was[like.post_id, like.caller.id]),
                        likes=posts[like.post_id].likes,
                    )
                    if like.post_id in posts
                    else NotFound()
                    for like, outcome in zip(likes, each, strict=True)
                ]
            )

    @on(SetRepost, batch=128)
    async def set_reposts(self, reposts: Sequence[SetRepost]) -> Sequence[RepostState | Refusal]:
        each, last = fold(Wish(repost.post_id, repost.caller.id, repost.reposted) for repost in reposts)
        async with self.transaction() as tx:
            posts = await changes.lock(tx, (repost.post_id for repost in reposts))
            was = await changes.set_reposts(tx, posts, last)
            tx.emit(*changes.reposts_changed(posts))
            return tx.answers(
                [
                    RepostState(
                        reposted=outcome.after(was[repost.post_id, repost.caller.id]),
                        reposts=posts[repost.post_id].reposts,
                    )
                    if repost.post_id in posts
                    else NotFound()
                    for repost, outcome in zip(reposts, each, strict=True)
                ]
            )

    @on(GetPost, batch=50)
    async def get(self, questions: Sequence[GetPost]) -> Sequence[PostDetail | Refusal]:
        posts = await queries.cards(self.read, {question.post_id for question in questions}, self._media_url)
        states = await queries.viewer_states(
            self.read,
            [
                (question.caller.id, posts[question.post_id])
                for question in questions
                if question.caller and question.post_id in posts
            ],
        )
        return [
            PostDetail(
                post=posts[question.post_id],
                viewer=states[question.caller.id, question.post_id] if question.caller else None,
            )
            if question.post_id in posts
            else NotFound()
            for question in questions
        ]

    @on(GetPosts)
    async def get_several(self, question: GetPosts) -> Page[PostItem]:
        return Page(items=await self._items(dict.fromkeys(question.ids), question.caller))

    @on(ListProfilePosts)
    async def list_of_profile(self, question: ListProfilePosts) -> Page[PostItem]:
        below = queries.position(question.after)
        author_id = await queries.author_named(self.read, username_key(question.username))
        if author_id is None:
            raise UnknownUser
        ids = await queries.originals_by(self.read, author_id, below=below, limit=question.limit + 1)
        shown = ids[: question.limit]
        return Page(
            items=await self._items(shown, question.caller),
            next=(str(shown[-1]),) if len(ids) > question.limit else None,
        )

    async def _items(self, ids: Iterable[UUID], caller: Caller | None) -> tuple[PostItem, ...]:
        posts = await queries.cards(self.read, ids, self._media_url)
        states = await queries.viewer_states(
            self.read, [(caller.id, post) for post in posts.values()] if caller else []
        )
        return tuple(
            PostItem(post=posts[post_id], viewer=states[caller.id, post_id] if caller else None)
            for post_id in ids
            if post_id in posts
        )

    @on(GetCounts, batch=100)
    async def get_counts(self, questions: Sequence[GetCounts]) -> Sequence[CountsFound]:
        found = await queries.counts(self.read, {post_id for question in questions for post_id in question.post_ids})
        return [
            CountsFound(items=tuple(found[post_id] for post_id in question.post_ids if post_id in found))
            for question in questions
        ]

    @on(AdjustComments, batch=512)
    async def adjust_comments(self, wishes: Sequence[AdjustComments]) -> Sequence[Refusal | None]:
        steps: Counter[UUID] = Counter()
        for wish in wishes:
            steps[wish.post_id] += wish.comments
        async with self.transaction() as tx:
            known, changed = await commented.count_comments(tx, steps)
            tx.emit(*changed)
            return tx.answers([None if wish.post_id in known else NotFound() for wish in wishes])

    @on(PhotoReady)
    async def photo_ready(self, event: PhotoReady) -> None:
        async with self.transaction() as tx:
            post_id = await changes.lock_showing(tx, event.photo_id)
            for post in (await queries.cards(tx, [post_id], self._media_url)).values() if post_id else ():
                tx.emit(PostUpdated(post_id=post.id, author_id=event.owner_id, post=post))

    @on(PhotoRejected)
    async def photo_rejected(self, event: PhotoRejected) -> None:
        async with self.transaction() as tx:
            post_id = await changes.lock_showing(tx, event.photo_id)
            gone = await changes.withdraw(tx, post_id, event.owner_id) if post_id else None
            if post_id and gone:
                tx.emit(
                    PostDeleted(
                        post_id=post_id,
                        author_id=event.owner_id,
                        username=gone["username"],
                        tags=gone["tags"],
                    )
                )

    @on(PostRepostsChanged)
    async def show_reposts(self, event: PostRepostsChanged) -> None:
        async with self.transaction() as tx:
            posts = await queries.cards(tx, [event.post_id], self._media_url)
            people = await queries.still_reposting(tx, event.post_id, event.reposted_by)
            by = await queries.authors(tx, people)
            tx.emit(
                *(
                    PostReposted(post_id=post.id, author_id=event.author_id, user_id=person.id, post=post, by=person)
                    for post in posts.values()
                    for person in by.values()
                )
            )

    @on(PostPublished, batch=64)
    async def count_published(self, events: Sequence[PostPublished]) -> None:
        await self._count([(event, AdjustCounts(user_id=event.author_id, posts=1)) for event in events])

    @on(PostDeleted, batch=64)
    async def count_deleted(self, events: Sequence[PostDeleted]) -> None:
        await self._count([(event, AdjustCounts(user_id=event.author_id, posts=-1)) for event in events])

    @on(PostLikesChanged, batch=512)
    async def count_likes(self, events: Sequence[PostLikesChanged]) -> None:
        await self._count(
            [
                (event, AdjustCounts(user_id=event.author_id, likes=gained))
                for event in events
                if (gained := len(event.liked_by) - len(event.unliked_by))
            ]
        )

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
