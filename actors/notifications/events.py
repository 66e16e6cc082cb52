"""The facts notifications announce, each to the one person they are for."""

from uuid import UUID

from actors.kernel.message import Event, Live, View
from actors.notifications.messages import Markers, NotificationView


class NotificationChangedFrame(View):
    """Data of `notification.changed`: the notification as it is now, or the id of the one that is gone."""

    notification: NotificationView | None
    removed: UUID | None
    unseen: int
    unread: int


class NotificationsChanged(Event, key="user_id"):
    """Somebody's notification appeared, changed or went."""

    user_id: UUID
    notification: NotificationView | None = None
    removed: UUID | None = None
    unseen: int
    unread: int

    def live(self) -> Live:
        """For all devices of the person."""
        frame = NotificationChangedFrame(
            notification=self.notification, removed=self.removed, unseen=self.unseen, unread=self.unread
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
