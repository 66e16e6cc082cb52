"""Notifications at work."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from actors.accounts.events import AccountErased
from actors.comments.events import CommentDeleted, CommentEdited, CommentPosted
from actors.graph.events import Followed, FollowRequested, FollowRequestEnded, Unfollowed
from actors.kernel.actor import on
from actors.media.events import PhotoRejected
from actors.notifications import leaving, metrics, preferences
from actors.notifications.choosing import Choosing
from actors.notifications.deeds import NOBODY, Deed, said_below
from actors.notifications.events import ReviewDue, SomeErased, SomeForgotten
from actors.notifications.messages import NotificationKind
from actors.notifications.reading import Reading
from actors.notifications.reviewing import Reviewing
from actors.posts.events import PostEdited, PostLikesChanged, PostPublished, PostPurged, PostRepostsChanged

ERASED_AT_ONCE = 500
SAID = (NotificationKind.reply, NotificationKind.comment, NotificationKind.mention)


class NotificationsActor(Reading, Choosing, Reviewing, domain="notifications", lanes=4):
    """Tells people what others did with what is theirs, and keeps what they have read and seen."""

    @on(PostLikesChanged, batch=512)
    async def liked(self, events: Sequence[PostLikesChanged]) -> None:
        deeds = [
            Deed(event.author_id, event.post_id, person_id)
            for event in events
            for person_id in event.liked_by + event.unliked_by
        ]
        await self._note({NotificationKind.like: deeds})

    @on(PostRepostsChanged, batch=512)
    async def reposted(self, events: Sequence[PostRepostsChanged]) -> None:
        deeds = [
            Deed(event.author_id, event.post_id, person_id)
            for event in events
            for person_id in event.reposted_by + event.unreposted_by
        ]
        await self._note({NotificationKind.repost: deeds})

    @on(Followed, batch=512)
    async def followed(self, events: Sequence[Followed]) -> None:
        await self._note_follows(events)

    @on(Unfollowed, batch=512)
    async def unfollowed(self, events: Sequence[Unfollowed]) -> None:
        await self._note_follows(events)

    async def _note_follows(self, events: Sequence[Followed | Unfollowed]) -> None:
        deeds = [Deed(event.followee_id, event.followee_id, event.follower_id) for event in events]
        async with self.transaction() as tx:
            moved = await self._bring_up_to_date(tx, {NotificationKind.follow: deeds})
            strict = await preferences.hearing_only_whom_they_follow(tx, {event.follower_id for event in events})
            tx.emit(
                *(
                    ReviewDue(user_id=event.follower_id, person_id=event.followee_id)
                    for event in events
                    if event.follower_id in strict
                )
            )
        metrics.count(moved)

    @on(FollowRequested, batch=128)
    async def follow_requested(self, events: Sequence[FollowRequested]) -> None:
        await self._note_requests(events)

    @on(FollowRequestEnded, batch=128)
    async def follow_request_ended(self, events: Sequence[FollowRequestEnded]) -> None:
        await self._note_requests(events)

    async def _note_requests(self, events: Sequence[FollowRequested | FollowRequestEnded]) -> None:
        deeds = [Deed(event.target_id, event.target_id, event.requester_id) for event in events]
        await self._note({NotificationKind.follow_request: deeds})

    @on(CommentPosted, batch=128)
    async def commented(self, events: Sequence[CommentPosted]) -> None:
        await self._note_said(events)

    @on(CommentEdited, batch=128)
    async def comment_edited(self, events: Sequence[CommentEdited]) -> None:
        await self._note_said(events)

    @on(CommentDeleted, batch=128)
    async def comment_deleted(self, events: Sequence[CommentDeleted]) -> None:
        await self._note_said(events, below=[event.comment_id for event in events if event.replies])

    async def _note_said(
        self, events: Sequence[CommentPosted | CommentEdited | CommentDeleted], *, below: Sequence[UUID] = ()
    ) -> None:
        said = [Deed(person_id, event.post_id, event.author_id) for event in events for person_id in event.told]
        async with self.transaction() as tx:
            if below:
                said += await said_below(tx, below)
            moved = await self._bring_up_to_date(tx, dict.fromkeys(SAID, said))
        metrics.count(moved)

    @on(PostPublished, batch=128)
    async def published(self, events: Sequence[PostPublished]) -> None:
        await self._note_named([(event, event.mentions) for event in events])

    @on(PostEdited, batch=128)
    async def post_edited(self, events: Sequence[PostEdited]) -> None:
        await self._note_named([(event, event.mentions + event.unmentioned) for event in events])

    async def _note_named(self, named: Sequence[tuple[PostPublished | PostEdited, Sequence[UUID]]]) -> None:
        deeds = [Deed(person_id, event.post_id, event.author_id) for event, people in named for person_id in people]
        await self._note({NotificationKind.mention: deeds})

    @on(PhotoRejected, batch=64)
    async def photo_rejected(self, events: Sequence[PhotoRejected]) -> None:
        deeds = [Deed(event.owner_id, event.photo_id, NOBODY) for event in events]
        await self._note({NotificationKind.upload_rejected: deeds})

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        await self._erase(event.user_id)

    @on(SomeErased)
    async def some_erased(self, event: SomeErased) -> None:
        await self._erase(event.user_id)

    async def _erase(self, user_id: UUID) -> None:
        async with self.transaction() as tx:
            is_part = await leaving.forget_some(tx, user_id, ERASED_AT_ONCE)
            if not is_part:
                moved, is_part = await leaving.leave_some(tx, user_id, ERASED_AT_ONCE)
                await self._announce(tx, moved)
            if is_part:
                tx.emit(SomeErased(user_id=user_id))

    @on(PostPurged)
    async def post_purged(self, event: PostPurged) -> None:
        await self._forget_about(event.post_id)

    @on(SomeForgotten)
    async def some_forgotten(self, event: SomeForgotten) -> None:
        await self._forget_about(event.subject_id)

    async def _forget_about(self, subject_id: UUID) -> None:
        async with self.transaction() as tx:
            if await leaving.forget_about(tx, subject_id, ERASED_AT_ONCE):
                tx.emit(SomeForgotten(subject_id=subject_id))

    async def _note(self, deeds: Mapping[NotificationKind, Iterable[Deed]]) -> None:
        async with self.transaction() as tx:
            moved = await self._bring_up_to_date(tx, deeds)
        metrics.count(moved)


ACTOR = NotificationsActor
