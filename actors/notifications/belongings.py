"""What notifications has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging(
        "notifications",
        "SELECT kind, subject_kind, subject_id, people, at FROM notifications "
        "WHERE user_id = $1 AND people > 0 ORDER BY at",
    ),
    Belonging(
        "preferences",
        "SELECT kinds, mail_digest, from_not_following, from_new_accounts, new_account_days "
        "FROM notification_preferences WHERE user_id = $1",
    ),
    Belonging("digests", "SELECT day, since, until, sent_until FROM notification_digests WHERE user_id = $1"),
    Belonging("markers", "SELECT read_at, seen_at FROM notification_markers WHERE user_id = $1"),
)
