"""What is over long enough to be forgotten, each a bounded part at a time; answers how much it was."""

from datetime import timedelta

from actors.adapters.database import Connection, rows_of
from actors.auth.tokens import LIFETIME

ENDED = timedelta(days=7)
"""Ended sessions stay so long: for who asks what became of them, and well beyond the life of any access token."""

UNCONFIRMED = timedelta(days=1)


async def spent_tokens(connection: Connection, limit: int) -> int:
    """Tokens spent longer ago than any session lives unused: they can no longer be told from made-up ones."""
    return rows_of(
        await connection.execute(
            "DELETE FROM refresh_tokens WHERE hash = ANY(ARRAY("
            "SELECT hash FROM refresh_tokens WHERE spent_at < now() - $1::interval LIMIT $2))",
            LIFETIME,
            limit,
        )
    )


async def sessions(connection: Connection, limit: int) -> int:
    """Sessions that were ended, or went unused for too long, with their tokens."""
    return rows_of(
        await connection.execute(
            "DELETE FROM sessions WHERE id = ANY(ARRAY("
            "(SELECT id FROM sessions WHERE revoked_at < now() - $1::interval LIMIT $2) UNION ALL "
            "(SELECT id FROM sessions WHERE revoked_at IS NULL AND expires_at < now() - $1::interval LIMIT $2) "
            "LIMIT $2))",
            ENDED,
            limit,
        )
    )


async def unconfirmed_authenticators(connection: Connection, limit: int) -> int:
    """Secrets offered to an app that never proved to know them."""
    return rows_of(
        await connection.execute(
            "DELETE FROM authenticators WHERE user_id = ANY(ARRAY(SELECT user_id FROM authenticators "
            "WHERE confirmed_at IS NULL AND created_at < now() - $1::interval LIMIT $2))",
            UNCONFIRMED,
            limit,
        )
    )
