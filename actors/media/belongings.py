"""What media has of somebody."""

from uuid import UUID

from asyncpg import Record

from actors.kernel.belongings import Belonging
from actors.kernel.transaction import Reads

BELONGINGS = (
    Belonging(
        "photos",
        "SELECT id, state, reason, content_type, bytes, width, height, meta, posted_at, created_at "
        "FROM photos WHERE owner_id = $1 ORDER BY id",
    ),
)


async def originals(db: Reads, owner_id: UUID, after: UUID, limit: int) -> list[Record]:
    """The originals of somebody's that were checked and are kept: `id`, `key`, `content_type`, in the order of ids."""
    return await db.fetch(
        "SELECT id, original_key AS key, content_type FROM photos "
        "WHERE owner_id = $1 AND id > $2 AND original_key IS NOT NULL AND state = 'ready' AND released_at IS NULL "
        "ORDER BY id LIMIT $3",
        owner_id,
        after,
        limit,
    )
