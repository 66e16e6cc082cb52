"""What graph has of somebody."""

from actors.kernel.belongings import Belonging


def _people(name: str, table: str, owner: str, other: str, more: str = "created_at") -> Belonging:
    return Belonging(
        name,
        f"SELECT u.username, {', '.join(f't.{column}' for column in more.split())} "
        f"FROM {table} t JOIN users u ON u.id = t.{other} WHERE t.{owner} = $1 ORDER BY t.created_at",
    )


# Who blocks or mutes somebody is theirs to know: only the own side is told.
BELONGINGS = (
    _people("following", "follows", "follower_id", "followee_id"),
    _people("followers", "follows", "followee_id", "follower_id"),
    _people("follow_requests_sent", "follow_requests", "requester_id", "target_id"),
    _people("follow_requests_received", "follow_requests", "target_id", "requester_id"),
    _people("blocks", "blocks", "blocker_id", "blocked_id"),
    _people("mutes", "mutes", "muter_id", "muted_id", "created_at until"),
    Belonging("private_account", "SELECT since FROM private_accounts WHERE user_id = $1"),
)
