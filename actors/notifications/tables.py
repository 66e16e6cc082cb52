"""The tables of notifications."""

from piccolo.columns import UUID, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.auth.tables import User


class Notification(Table, tablename="notifications"):
    """What so many `people` did with one thing of somebody's; `at` is when the latest of them came."""

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    kind = Text()
    subject_kind = Text()
    subject_id = UUID(default=None, null=False)
    people = Integer(default=0)
    at = Timestamptz()


class NotificationPerson(Table, tablename="notification_people"):
    """One of the people a notification is about."""

    notification_id = ForeignKey(Notification, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    person_id = UUID(default=None, null=False)
    at = Timestamptz()


class NotificationMarker(Table, tablename="notification_markers"):
    """Up to where somebody has read and seen. Who changes somebody's notifications locks this row first."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    read_until = UUID(null=True, default=None)
    read_at = Timestamptz(null=True, default=None)
    seen_until = UUID(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)


RAW = (
    "CREATE UNIQUE INDEX notifications_group ON notifications (user_id, kind, subject_id)",
    "CREATE INDEX notifications_latest ON notifications (user_id, at DESC, id DESC)",
    """ALTER TABLE notification_people
        DROP CONSTRAINT notification_people_pkey, ADD PRIMARY KEY (notification_id, person_id)""",
    "CREATE INDEX notification_people_latest ON notification_people (notification_id, at DESC, person_id)",
    # Where others were told of somebody is asked for when that person is erased.
    "CREATE INDEX notification_people_person ON notification_people (person_id)",
)
