"""Posts come, change, go and come back."""

from uuid import UUID

from actors.kernel.actor import on
from actors.kernel.errors import NotFound
from actors.kernel.transaction import Transaction
from actors.media.events import PhotoReady, PhotoRejected
from actors.media.messages import BindUpload, ReleasePhoto
from actors.posts import changes
from actors.posts.cards import cards
from actors.posts.edit_messages import EditPost
from actors.posts.events import (
    PhotoStray,
    PostDeleted,
    PostEdited,
    PostPublished,
    PostPurged,
    PostRestored,
    PostUpdated,
)
from actors.posts.messages import CreatePost, DeletePost, PhotoUnfit, PhotoUsed, PostView, RestorePost
from actors.posts.part import PostsPart


class Publishing(PostsPart):
    """Publishes, edits, withdraws and restores posts, and follows what becomes of their photographs."""

    @on(CreatePost)
    async def create(self, wish: CreatePost) -> PostView:
        photo = await self.ask(BindUpload(owner_id=wish.caller.id, upload_id=wish.upload_id, photo_url=wish.photo_url))
        async with self.transaction() as tx:
            if await changes.hold_photo(tx, photo.id) in {None, "rejected"}:
                raise PhotoUnfit
            made = await changes.publish(tx, photo.id, wish)
            if made is None:
                raise PhotoUsed
            post = await self._card(tx, made.id)
            tx.emit(PostPublished(post_id=made.id, author_id=wish.caller.id, post=post, mentions=made.mentions))
            return tx.answer(post)

    @on(EditPost)
    async def edit(self, wish: EditPost) -> PostView:
        async with self.transaction() as tx:
            edit = await changes.edit(tx, wish)
            if edit is None:
                raise NotFound
            post = await self._card(tx, wish.post_id)
            if edit.is_change:
                tx.emit(PostEdited(post_id=post.id, author_id=wish.caller.id, post=post, **edit.told()))
            return tx.answer(post)

    @on(DeletePost)
    async def delete(self, wish: DeletePost) -> None:
        async with self.transaction() as tx:
            if not await self._withdraw(tx, wish.post_id, wish.caller.id, by_author=True):
                raise NotFound
            return tx.answer(None)

    async def _withdraw(self, tx: Transaction, post_id: UUID, author_id: UUID, *, by_author: bool) -> bool:
        gone = await changes.withdraw(tx, post_id, author_id, by_author=by_author)
        if gone:
            tx.emit(PostDeleted(post_id=post_id, author_id=author_id, **gone))
        return gone is not None

    @on(RestorePost)
    async def restore(self, wish: RestorePost) -> PostView:
        async with self.transaction() as tx:
            if not await changes.restore(tx, wish.post_id, wish.caller.id):
                raise NotFound
            post = await self._card(tx, wish.post_id)
            tx.emit(PostRestored(post_id=post.id, author_id=wish.caller.id, post=post))
            return tx.answer(post)

    @on(PhotoReady)
    async def photo_ready(self, event: PhotoReady) -> None:
        async with self.transaction() as tx:
            post_id = await changes.lock_showing(tx, event.photo_id)
            for post in (await cards(tx, [post_id], self.adapters.addresses)).values() if post_id else ():
                tx.emit(PostUpdated(post_id=post.id, author_id=event.owner_id, post=post))

    @on(PhotoRejected)
    async def photo_rejected(self, event: PhotoRejected) -> None:
        async with self.transaction() as tx:
            post_id = await changes.lock_showing(tx, event.photo_id)
            if post_id:
                await self._withdraw(tx, post_id, event.owner_id, by_author=False)

    @on(PostPurged)
    async def release_photo(self, event: PostPurged) -> None:
        await self.ask(ReleasePhoto(photo_id=event.photo_id), cause=event)

    @on(PhotoStray)
    async def release_stray(self, event: PhotoStray) -> None:
        await self.ask(ReleasePhoto(photo_id=event.photo_id, given_at=event.given_at), cause=event)
