"""What auth has of somebody."""

from actors.kernel.belongings import Belonging

BELONGINGS = (
    Belonging(
        "account",
        "SELECT id, username, email, email_verified_at, role, plan, created_at, suspended_until, suspension_reason, "
        "closing_at FROM users WHERE id = $1",
    ),
    Belonging(
        "sessions",
        "SELECT client, user_agent, address, created_at, last_used_at, expires_at, revoked_at FROM sessions "
        "WHERE user_id = $1 ORDER BY created_at",
    ),
    Belonging("authenticators", "SELECT created_at, confirmed_at FROM authenticators WHERE user_id = $1"),
)
