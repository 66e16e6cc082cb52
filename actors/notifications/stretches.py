"""SQL that finds the people in notifications to be asked about anew, a stretch at a time."""

from typing import NamedTuple
from uuid import UUID

from actors.kernel.paging import OLDEST
from actors.kernel.transaction import Reads

_BY_OWNER = """
SELECT n.user_id, n.id AS notification_id, p.person_id FROM notifications n CROSS JOIN LATERAL (
    SELECT person_id FROM notification_people
    WHERE notification_id = n.id AND (notification_id, person_id) > ($2, $3) ORDER BY person_id LIMIT $4) AS p
WHERE n.user_id = $1 AND n.id >= $2 ORDER BY n.id, p.person_id LIMIT $4
"""
_BY_PERSON = """
SELECT n.user_id, n.id AS notification_id, p.person_id
FROM notification_people p JOIN notifications n ON n.id = p.notification_id
WHERE p.person_id = $1 AND p.notification_id > $2 ORDER BY p.notification_id LIMIT $3
"""
_BY_BOTH = """
SELECT n.user_id, n.id AS notification_id, p.person_id
FROM notification_people p JOIN notifications n ON n.id = p.notification_id
WHERE p.person_id = $1 AND p.notification_id > $2 AND n.user_id = $4 ORDER BY p.notification_id LIMIT $3
"""


class Place(NamedTuple):
    """Somebody in a notification, and whose it is."""

    user_id: UUID
    notification_id: UUID
    person_id: UUID


async def next_stretch(
    db: Reads, user_id: UUID | None, person_id: UUID | None, after: tuple[UUID, UUID] | None, limit: int
) -> list[Place]:
    """Up to `limit` places of this person with this owner, None being anybody, beyond `after`, in order."""
    notification_id, last = after or (OLDEST, OLDEST)
    if person_id is None:
        rows = await db.fetch(_BY_OWNER, user_id, notification_id, last, limit)
    elif user_id is None:
        rows = await db.fetch(_BY_PERSON, person_id, notification_id, limit)
    else:
        rows = await db.fetch(_BY_BOTH, person_id, notification_id, limit, user_id)
    return [Place(*row) for row in rows]
