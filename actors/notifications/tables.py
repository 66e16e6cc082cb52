"""The tables of notifications."""

from piccolo.columns import JSONB, UUID, Boolean, Date, ForeignKey, Integer, Text, Timestamptz
from piccolo.columns.base import OnDelete
from piccolo.table import Table

from actors.auth.tables import User


class Notification(Table, tablename="notifications"):
    """What so many `people` did with one thing of somebody's; `at` is when the latest of them came.

    One in which nobody shows is not there for its owner: it keeps its id for those who come back.
    """

    id = UUID(primary_key=True, default=None)
    user_id = ForeignKey(User, null=False, on_delete=OnDelete.cascade, default=None)
    kind = Text()
    subject_kind = Text()
    subject_id = UUID(default=None, null=False)
    people = Integer(default=0)
    at = Timestamptz()


class NotificationPerson(Table, tablename="notification_people"):
    """One of the people a notification is about, or was until a day ago; of those who `shown`, its owner hears.

    What has no people, such as a rejected upload, has one of these all the same, of nobody's id.
    """

    notification_id = ForeignKey(Notification, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    person_id = UUID(default=None, null=False)
    at = Timestamptz(help_text="when it was news")
    deed_id = UUID(null=True, default=None, help_text="the latest of what the person did that was told")
    stands = Boolean(default=True, help_text="false: taken back, and remembered for a day after `at`")
    muted = Boolean(default=False, help_text="it came while its owner had muted the person")
    shown = Boolean(default=True, help_text="it stands, was not muted, and its owner may and wants to hear of them")


class NotificationMarker(Table, tablename="notification_markers"):
    """Up to where somebody has read and seen. Who changes somebody's notifications locks this row first."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    read_until = UUID(null=True, default=None)
    read_at = Timestamptz(null=True, default=None)
    seen_until = UUID(null=True, default=None)
    seen_at = Timestamptz(null=True, default=None)


class NotificationAbsence(Table, tablename="notification_absences"):
    """Somebody who is suspended or leaves, and was taken out of what others were told until they are back."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)


class NotificationPreference(Table, tablename="notification_preferences"):
    """What somebody chose; who has no row takes everything as it comes."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    kinds = JSONB(default="{}", help_text="what was chosen, as {kind: {channel: boolean}}; the rest is as by default")
    mail_digest = Boolean(default=True, help_text="false: no digest, whatever its kinds")
    from_not_following = Text(default="accept")
    from_new_accounts = Text(default="accept")
    new_account_days = Integer(default=30)


class NotificationDigest(Table, tablename="notification_digests"):
    """The latest digest of somebody's: what came after `since` and no later than `until`, in the mail of that day."""

    user_id = ForeignKey(User, primary_key=True, null=False, on_delete=OnDelete.cascade, default=None)
    day = Date(default=None, null=False)
    mail_id = UUID(default=None, null=False)
    since = Timestamptz(default=None)
    until = Timestamptz(default=None)
    sent_until = Timestamptz(null=True, default=None, help_text="up to where digests were sent")
    waits_until = Timestamptz(null=True, default=None, help_text="the mail server did not take it; when to try again")
    tries = Integer(default=0)


RAW = (
    "CREATE UNIQUE INDEX notifications_group ON notifications (user_id, kind, subject_id)",
    "CREATE INDEX notifications_latest ON notifications (user_id, at DESC, id DESC)",
    """ALTER TABLE notification_people
        DROP CONSTRAINT notification_people_pkey, ADD PRIMARY KEY (notification_id, person_id)""",
    "CREATE INDEX notification_people_latest ON notification_people (notification_id, at DESC, person_id)",
    # Where others were told of somebody is asked for when that person is erased.
    "CREATE INDEX notification_people_person ON notification_people (person_id)",
    "DROP INDEX notifications_latest",
    "CREATE INDEX notifications_latest ON notifications (user_id, at DESC, id DESC) WHERE people > 0",
    "DROP INDEX notification_people_latest",
    "CREATE INDEX notification_people_latest ON notification_people (notification_id, at DESC, person_id) WHERE shown",
    "DROP INDEX notification_people_person",
    "CREATE INDEX notification_people_person ON notification_people (person_id, notification_id)",
    "CREATE INDEX notification_people_taken_back ON notification_people (at) WHERE NOT stands",
    # What tells of a post is asked about when it is deleted or restored.
    "CREATE INDEX notifications_subject ON notifications (subject_id, id)",
    "CREATE INDEX notification_digests_waiting ON notification_digests (waits_until) WHERE waits_until IS NOT NULL",
)
