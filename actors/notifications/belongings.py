"""What notifications has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging(
        "notifications",
        "SELECT kind, subject_kind, subject_id, people, at FROM notifications WHERE user_id = $1 ORDER BY at",
    ),
    Belonging("markers", "SELECT read_at, seen_at FROM notification_markers WHERE user_id = $1"),
)
