"""Notifications are read: listed, counted, marked."""

from collections.abc import Sequence

from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound
from actors.kernel.paging import Page, key_at, moment_of_key
from actors.notifications import queries, showing
from actors.notifications.events import NotificationMarkersMoved
from actors.notifications.messages import (
    GetUnread,
    ListNotifications,
    Markers,
    MarkRead,
    MarkSeen,
    NotificationView,
    UnreadCounts,
)


class Reading(Actor):
    """Shows people their notifications, and keeps what they have read and seen."""

    @on(ListNotifications)
    async def list_mine(self, question: ListNotifications) -> Page[NotificationView]:
        me = question.caller.id
        rows = await queries.latest(self.read, me, below=moment_of_key(question.after), limit=question.limit + 1)
        shown = rows[: question.limit]
        marks = await queries.marks(self.read, [me])
        views = await showing.views(self.read, shown, marks, self.adapters.addresses)
        return Page(
            items=tuple(views.values()),
            next=key_at(shown[-1].at, shown[-1].id) if len(rows) > question.limit else None,
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
            is_moved = await queries.mark(tx, me, wish.until, min(at, wish.at or at), read=read)
            mark = (await queries.marks(tx, [me]))[me]
            markers = Markers(**mark._asdict())
            if is_moved:
                tx.emit(NotificationMarkersMoved(user_id=me, markers=markers))
            return tx.answer(markers)
