"""The facts notifications announce, each to the one person they are for."""

from typing import Self
from uuid import UUID

from actors.kernel.message import Event, Live, View
from actors.notifications.messages import Markers, NotificationView
from actors.notifications.preference_messages import PreferencesView


class NotificationChangedFrame(View):
    """Data of `notification.changed`: the notification as it is now, or the id of the one that is gone.

    `rings`: it is news, of a kind its owner wants to be told of at once. What comes without keeps a list up to date:
    something was taken back, done again within a day, or is filtered no longer.
    """

    notification: NotificationView | None
    removed: UUID | None
    unseen: int
    unread: int
    rings: bool


class NotificationsChanged(Event, key="user_id"):
    """Somebody's notification appeared, changed or went."""

    user_id: UUID
    notification: NotificationView | None = None
    removed: UUID | None = None
    unseen: int
    unread: int
    rings: bool = False

    def live(self) -> Live:
        """For all devices of the person."""
        frame = NotificationChangedFrame(
            notification=self.notification,
            removed=self.removed,
            unseen=self.unseen,
            unread=self.unread,
            rings=self.rings,
        )
        return Live((f"user:{self.user_id}",), "notification.changed", frame)


class NotificationMarkersMoved(Event, key="user_id"):
    """Somebody has read or seen more of their notifications."""

    user_id: UUID
    markers: Markers

    def live(self) -> Live:
        """For all devices of the person."""
        return Live((f"user:{self.user_id}",), "marker.changed", self.markers)


class SomeErased(Event, key="user_id"):
    """So much was to be removed of somebody who is gone that not all of it could go at once."""

    user_id: UUID


class SomeForgotten(Event, key="subject_id"):
    """So much told of what is gone for good that not all of it could go at once."""

    subject_id: UUID


class NotificationPreferencesChanged(Event, key="user_id"):
    """Somebody chose otherwise how they are told, or, if `is_policy`, of whom."""

    user_id: UUID
    preferences: PreferencesView
    is_policy: bool

    def live(self) -> Live:
        """For all devices of the person."""
        return Live((f"user:{self.user_id}",), "preferences.changed", self.preferences)


class ReviewDue(Event, key="user_id"):
    """Of whom or of what somebody may or wants to hear is other than it was.

    Those are to be asked about again who are in the notifications of `user_id`, as far as they are `person_id`, or who
    are in anybody's about `subject_id`; None stands for anyone. `after`: what was asked anew so far.
    """

    user_id: UUID | None = None
    person_id: UUID | None = None
    subject_id: UUID | None = None
    after: tuple[UUID, UUID] | None = None

    def beyond(self, after: tuple[UUID, UUID]) -> Self:
        """The fact for those who come after this place."""
        return type(self)(user_id=self.user_id, person_id=self.person_id, subject_id=self.subject_id, after=after)
