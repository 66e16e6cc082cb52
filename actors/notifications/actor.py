"""Notifications at work."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from asyncpg import Record

from actors.accounts.events import AccountErased
from actors.comments.events import CommentDeleted, CommentEdited, CommentPosted
from actors.graph.events import Followed, Unfollowed
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Malformed, NotFound
from actors.kernel.paging import Key, Page, key_of
from actors.kernel.transaction import Reads, Transaction
from actors.notifications import leaving, queries
from actors.notifications.deeds import Deed, said_below, standing
from actors.notifications.events import NotificationMarkersMoved, NotificationsChanged, SomeErased
from actors.notifications.messages import (
    GetUnread,
    ListNotifications,
    Markers,
    MarkRead,
    MarkSeen,
    NotificationKind,
    NotificationView,
    Subject,
    SubjectKind,
    UnreadCounts,
)
from actors.notifications.queries import Marks
from actors.posts.events import PostEdited, PostLikesChanged, PostPublished, PostRepostsChanged
from actors.posts.queries import authors

ERASED_AT_ONCE = 500
SAID = (NotificationKind.reply, NotificationKind.comment, NotificationKind.mention)


class NotificationsActor(Actor, domain="notifications", lanes=4):
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
        views = await self._views(tx, [row for row in moved if row["people"] > 0], marks)
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

    async def _views(
        self, db: Reads, rows: Sequence[Record], marks: Mapping[UUID, Marks]
    ) -> dict[UUID, NotificationView]:
        if not rows:
            return {}
        latest = await queries.latest_people(db, [row["id"] for row in rows])
        wanted = {person_id for people in latest.values() for person_id in people}
        known = await authors(db, wanted)
        return {
            row["id"]: NotificationView(
                id=row["id"],
                kind=NotificationKind(row["kind"]),
                subject=Subject(kind=SubjectKind(row["subject_kind"]), id=row["subject_id"]),
                people=tuple(known[person_id] for person_id in latest.get(row["id"], ()) if person_id in known),
                count=row["people"],
                read=marks[row["user_id"]].is_read(row["at"]),
                seen=marks[row["user_id"]].is_seen(row["at"]),
                at=row["at"],
            )
            for row in rows
        }

    @on(ListNotifications)
    async def list_mine(self, question: ListNotifications) -> Page[NotificationView]:
        me = question.caller.id
        rows = await queries.latest(self.read, me, below=_place(question.after), limit=question.limit + 1)
        shown = rows[: question.limit]
        views = await self._views(self.read, shown, await queries.marks(self.read, [me]))
        return Page(
            items=tuple(views.values()),
            next=(shown[-1]["at"].isoformat(), str(shown[-1]["id"])) if len(rows) > question.limit else None,
        )

    @on(GetUnread, batch=64)
    async def get_unread(self, questions: Sequence[GetUnread]) -> Sequence[UnreadCounts]:
        marks = await queries.marks(self.read, (question.caller.id for question in questions))
        found = [marks[question.caller.id] for question in questions]
        return [UnreadCounts(unseen=mark.unseen, unread=mark.unread) for mark in found]

    @on(MarkRead)
    async def mark_read(self, wish: MarkRead) -> Markers:
        return await self._mark(wish, read=True)

    @on(MarkSeen)
    async def mark_seen(self, wish: MarkSeen) -> Markers:
        return await self._mark(wish, read=False)

    async def _mark(self, wish: MarkRead | MarkSeen, *, read: bool) -> Markers:
        me = wish.caller.id
        async with self.transaction() as tx:
            await queries.lock(tx, [me])
            at = await queries.came_at(tx, me, wish.until)
            if at is None:
                raise NotFound
            is_moved = await queries.mark(tx, me, wish.until, at, read=read)
            mark = (await queries.marks(tx, [me]))[me]
            markers = Markers(
                read_until=mark.read_until,
                seen_until=mark.seen_until,
                unseen=mark.unseen,
                unread=mark.unread,
            )
            if is_moved:
                tx.emit(NotificationMarkersMoved(user_id=me, markers=markers))
            return tx.answer(markers)


def _place(after: Key | None) -> tuple[datetime, UUID] | None:
    key = key_of(after, str, str)
    if key is None:
        return None
    try:
        return datetime.fromisoformat(str(key[0])), UUID(str(key[1]))
    except ValueError:
        raise Malformed from None


ACTOR = NotificationsActor
