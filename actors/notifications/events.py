"""The facts notifications announce, each to the one person they are for."""

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


class NotificationPreferencesChanged(Event, key="user_id"):
    """Somebody chose otherwise how they are told, or, if `is_policy`, of whom."""

    user_id: UUID
    preferences: PreferencesView
    is_policy: bool

    def live(self) -> Live:
        """For all devices of the person."""
        return Live((f"user:{self.user_id}",), "preferences.changed", self.preferences)


class ReviewDue(Event, key="user_id"):
    """Of whom somebody may or wants to hear is other than it was: `person_id`, or anybody.

    `user_id` None: everybody may have to hear of the person again, or no more. `after`: what was asked anew so far.
    """

    user_id: UUID | None = None
    person_id: UUID | None = None
    after: tuple[UUID, UUID] | None = None
