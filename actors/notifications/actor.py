"""Notifications at work."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.accounts.events import AccountErased
from actors.comments.events import CommentDeleted, CommentEdited, CommentPosted
from actors.graph.events import Blocked, Followed, FollowRequested, FollowRequestEnded, Unfollowed
from actors.kernel.actor import on
from actors.kernel.transaction import Transaction
from actors.notifications import leaving, queries, showing
from actors.notifications.deeds import Deed, said_below, standing
from actors.notifications.events import NotificationsChanged, SomeErased
from actors.notifications.messages import NotificationKind
from actors.notifications.reading import Reading
from actors.posts.events import PostEdited, PostLikesChanged, PostPublished, PostRepostsChanged

ERASED_AT_ONCE = 500
SAID = (NotificationKind.reply, NotificationKind.comment, NotificationKind.mention)


class NotificationsActor(Reading, domain="notifications", lanes=4):
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
        await self._note({NotificationKind.follow: deeds})

    @on(FollowRequested, batch=128)
    async def follow_requested(self, events: Sequence[FollowRequested]) -> None:
        await self._note_requests(events)

    @on(FollowRequestEnded, batch=128)
    async def follow_request_ended(self, events: Sequence[FollowRequestEnded]) -> None:
        await self._note_requests(events)

    async def _note_requests(self, events: Sequence[FollowRequested | FollowRequestEnded]) -> None:
        deeds = [Deed(event.target_id, event.target_id, event.requester_id) for event in events]
        await self._note({NotificationKind.follow_request: deeds})

    @on(Blocked, batch=64)
    async def blocked(self, events: Sequence[Blocked]) -> None:
        async with self.transaction() as tx:
            pairs = [(event.blocker_id, event.blocked_id) for event in events]
            await self._announce(tx, await leaving.part(tx, [*pairs, *(pair[::-1] for pair in pairs)]))

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
            await self._bring_up_to_date(tx, dict.fromkeys(SAID, said))

    @on(PostPublished, batch=128)
    async def published(self, events: Sequence[PostPublished]) -> None:
        await self._note_named([(event, event.mentions) for event in events])

    @on(PostEdited, batch=128)
    async def post_edited(self, events: Sequence[PostEdited]) -> None:
        await self._note_named([(event, event.mentions + event.unmentioned) for event in events])

    async def _note_named(self, named: Sequence[tuple[PostPublished | PostEdited, Sequence[UUID]]]) -> None:
        deeds = [Deed(person_id, event.post_id, event.author_id) for event, people in named for person_id in people]
        await self._note({NotificationKind.mention: deeds})

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

    async def _note(self, deeds: Mapping[NotificationKind, Iterable[Deed]]) -> None:
        async with self.transaction() as tx:
            await self._bring_up_to_date(tx, deeds)

    async def _bring_up_to_date(self, tx: Transaction, deeds: Mapping[NotificationKind, Iterable[Deed]]) -> None:
        """Let people's notifications say what stands now; nobody is told of their own deeds."""
        others = {
            kind: list(dict.fromkeys(deed for deed in of_kind if deed.user_id != deed.person_id))
            for kind, of_kind in deeds.items()
        }
        there = await queries.lock(tx, (deed.user_id for of_kind in others.values() for deed in of_kind))
        moved: list[Record] = []
        for kind, of_kind in others.items():
            if of_kind := [deed for deed in of_kind if deed.user_id in there]:
                stands = await standing(tx, kind, of_kind)
                await queries.open_groups(tx, kind, [deed for deed, is_so in stands.items() if is_so])
                moved += await queries.move(tx, kind, stands)
        await self._announce(tx, moved)

    async def _announce(self, tx: Transaction, moved: Sequence[Record]) -> None:
        """Tell the people whose notifications moved; those with nobody left in them go."""
        await queries.remove(tx, [row["id"] for row in moved if row["people"] == 0])
        marks = await queries.marks(tx, {row["user_id"] for row in moved}) if moved else {}
        views = await showing.views(tx, [row for row in moved if row["people"] > 0], marks)
        tx.emit(
            *(
                NotificationsChanged(
                    user_id=row["user_id"],
                    notification=views.get(row["id"]),
                    removed=None if row["id"] in views else row["id"],
                    unseen=marks[row["user_id"]].unseen,
                    unread=marks[row["user_id"]].unread,
                )
                for row in moved
            )
        )


ACTOR = NotificationsActor
