"""Of whom or of what somebody may or wants to hear changes: those who are told of already are asked about anew, a
stretch at a time, each stretch by what holds then."""

from collections.abc import Sequence
from uuid import UUID

from actors.auth.events import StandingChanged
from actors.graph.events import Blocked, Unblocked
from actors.kernel.actor import on
from actors.notifications import absences, metrics, moving, queries, stretches
from actors.notifications.events import NotificationPreferencesChanged, ReviewDue
from actors.notifications.telling import Telling
from actors.posts.events import PostDeleted, PostRestored

AT_ONCE = 500
"""People in notifications that are asked about in one transaction."""


class Reviewing(Telling):
    """Takes people out of what others were told, and lets them in again."""

    @on(Blocked, batch=64)
    async def blocked(self, events: Sequence[Blocked]) -> None:
        await self._review_both_ways(events)

    @on(Unblocked, batch=64)
    async def unblocked(self, events: Sequence[Unblocked]) -> None:
        await self._review_both_ways(events)

    async def _review_both_ways(self, events: Sequence[Blocked | Unblocked]) -> None:
        async with self.transaction() as tx:
            for event in events:
                tx.emit(
                    ReviewDue(user_id=event.blocker_id, person_id=event.blocked_id),
                    ReviewDue(user_id=event.blocked_id, person_id=event.blocker_id),
                )

    @on(StandingChanged, batch=64)
    async def standing_changed(self, events: Sequence[StandingChanged]) -> None:
        async with self.transaction() as tx:
            turned = await absences.turned(tx, {event.user_id for event in events})
            tx.emit(*(ReviewDue(person_id=person_id) for person_id in turned))

    @on(NotificationPreferencesChanged, batch=64)
    async def preferences_changed(self, events: Sequence[NotificationPreferencesChanged]) -> None:
        async with self.transaction() as tx:
            changed: set[UUID] = {event.user_id for event in events if event.is_policy}
            tx.emit(*(ReviewDue(user_id=user_id) for user_id in sorted(changed)))

    @on(PostDeleted, batch=64)
    async def post_deleted(self, events: Sequence[PostDeleted]) -> None:
        await self._review_about(events)

    @on(PostRestored, batch=64)
    async def post_restored(self, events: Sequence[PostRestored]) -> None:
        await self._review_about(events)

    async def _review_about(self, events: Sequence[PostDeleted | PostRestored]) -> None:
        async with self.transaction() as tx:
            tx.emit(*(ReviewDue(subject_id=event.post_id) for event in events))

    @on(ReviewDue)
    async def review_due(self, event: ReviewDue) -> None:
        async with self.transaction() as tx:
            found = await stretches.next_stretch(tx, event, AT_ONCE)
            if not found:
                return
            await queries.lock(tx, (place.user_id for place in found))
            moved = await moving.review(tx, [(place.notification_id, place.person_id) for place in found])
            await self._announce(tx, moved)
            if len(found) == AT_ONCE:
                after = (found[-1].notification_id, found[-1].person_id)
                tx.emit(event.beyond(after))
        metrics.count(moved)
