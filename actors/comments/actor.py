"""Comments at work."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from actors.accounts.events import AccountErased
from actors.auth.people import id_of
from actors.comments import changes, leaving, lists, queries
from actors.comments.counted import Counted, count_of
from actors.comments.events import (
    CommentDeleted,
    CommentEdited,
    CommentPosted,
    CommentsLeft,
    CommentsMiscounted,
    Thread,
)
from actors.comments.messages import (
    CommentsClosed,
    CommentView,
    DeleteComment,
    EditComment,
    ListComments,
    PostComment,
)
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound, Unauthenticated
from actors.kernel.paging import Page
from actors.kernel.transaction import Transaction
from actors.posts.mentions import people_named
from actors.profiles.people import people

ERASED_AT_ONCE = 200


class CommentsActor(Actor, domain="comments", lanes=8):
    """Saying something under posts, changing it and taking it back."""

    @on(PostComment)
    async def post(self, wish: PostComment) -> CommentView:
        me = wish.caller.id
        async with self.transaction() as tx:
            place = await queries.open_post(tx, wish.post_id, me)
            if place is None:
                raise NotFound
            if place["comments_closed"]:
                raise CommentsClosed
            top = await self._top(tx, wish)
            mentions = await people_named(tx, wish.body, by=me, author_id=place["author_id"])
            row = await changes.add(tx, wish.post_id, top, me, wish.body, mentions)
            comment = await self._view(tx, row)
            tx.emit(
                CommentPosted(
                    post_id=wish.post_id,
                    comment_id=comment.id,
                    author_id=me,
                    top_author_id=changes.author_of(top),
                    told=changes.told(place["author_id"], top, mentions),
                    comment=comment,
                    thread=await _thread(tx, top, 1),
                )
            )
            return tx.answer(comment)

    async def _top(self, tx: Transaction, wish: PostComment) -> Record | None:
        """The comment that a reply belongs to, locked."""
        if wish.parent_id is None:
            return None
        top_id = await queries.top_of(tx, wish.parent_id, wish.post_id, wish.caller.id)
        top = None if top_id is None else await changes.lock(tx, top_id)
        if top is None:
            raise NotFound
        return top

    @on(EditComment)
    async def edit(self, wish: EditComment) -> CommentView:
        me = wish.caller.id
        async with self.transaction() as tx:
            standing = await changes.stand(tx, wish.comment_id, me)
            if standing is None or standing.row["author_id"] != me or not standing.is_seen:
                raise NotFound
            if standing.row["body"] == wish.body:
                return tx.answer(await self._view(tx, standing.row))
            mentions = await people_named(tx, wish.body, by=me, author_id=standing.post_author_id)
            comment = await self._view(tx, await changes.rewrite(tx, wish.comment_id, wish.body, mentions))
            tx.emit(
                CommentEdited(
                    post_id=comment.post_id,
                    comment_id=comment.id,
                    author_id=me,
                    top_author_id=changes.author_of(standing.top),
                    told=tuple(dict.fromkeys((*standing.told, *mentions))),
                    comment=comment,
                )
            )
            return tx.answer(comment)

    @on(DeleteComment)
    async def delete(self, wish: DeleteComment) -> None:
        async with self.transaction() as tx:
            standing = await changes.stand(tx, wish.comment_id, wish.caller.id)
            if standing is None:
                raise NotFound
            await changes.withdraw(tx, wish.comment_id)
            tx.emit(
                CommentDeleted(
                    post_id=standing.row["post_id"],
                    comment_id=wish.comment_id,
                    author_id=standing.row["author_id"],
                    top_author_id=changes.author_of(standing.top),
                    told=standing.told,
                    replies=standing.row["replies"],
                    thread=await _thread(tx, standing.top, -1),
                )
            )
            return tx.answer(None)

    @on(ListComments)
    async def list_under_post(self, question: ListComments) -> Page[CommentView]:
        return await lists.comments(self.read, question, id_of(question.caller), self.adapters.addresses)

    @on(CommentPosted, batch=256)
    async def count_posted(self, events: Sequence[CommentPosted]) -> None:
        await self._count(events)

    @on(CommentDeleted, batch=256)
    async def count_deleted(self, events: Sequence[CommentDeleted]) -> None:
        await self._count(events)

    @on(CommentsMiscounted, batch=256)
    async def count_right(self, events: Sequence[CommentsMiscounted]) -> None:
        await self._count(events)

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        await self._erase(event.user_id)

    @on(CommentsLeft)
    async def comments_left(self, event: CommentsLeft) -> None:
        await self._erase(event.user_id)

    async def _erase(self, user_id: UUID) -> None:
        async with self.transaction() as tx:
            gone, is_more = await leaving.remove_some(tx, user_id, ERASED_AT_ONCE)
            tx.emit(*gone)
            if is_more:
                tx.emit(CommentsLeft(user_id=user_id))

    async def _view(self, tx: Transaction, row: Record) -> CommentView:
        author = await people(tx, [row["author_id"]], self.adapters.addresses)
        shown = await queries.views(tx, [row], author)
        if not shown:
            raise Unauthenticated
        return shown[row["id"]]

    async def _count(self, events: Sequence[Counted]) -> None:
        await self.have_done((event, count_of(event)) for event in events)


async def _thread(tx: Transaction, top: Record | None, by: int) -> Thread | None:
    if top is None:
        return None
    return Thread(id=top["id"], replies=await changes.count_replies(tx, top["id"], by))


ACTOR = CommentsActor
