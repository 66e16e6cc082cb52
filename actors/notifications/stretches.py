"""SQL that finds the people in notifications to be asked about anew, a stretch at a time."""

from typing import NamedTuple
from uuid import UUID

from actors.kernel.paging import OLDEST
from actors.kernel.transaction import Reads
from actors.notifications.events import ReviewDue

_WHOLE = """
SELECT n.user_id, n.id AS notification_id, p.person_id FROM notifications n CROSS JOIN LATERAL (
    SELECT person_id FROM notification_people
    WHERE notification_id = n.id AND (notification_id, person_id) > ($2, $3) ORDER BY person_id LIMIT $4) AS p
WHERE n.{} = $1 AND n.id >= $2 ORDER BY n.id, p.person_id LIMIT $4
"""
_BY_OWNER = _WHOLE.format("user_id")
_BY_SUBJECT = _WHOLE.format("subject_id")
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


async def next_stretch(db: Reads, due: ReviewDue, limit: int) -> list[Place]:
    """Up to `limit` of the places that are due, in order, beyond those that were asked about so far."""
    notification_id, last = due.after or (OLDEST, OLDEST)
    if due.subject_id is not None:
        rows = await db.fetch(_BY_SUBJECT, due.subject_id, notification_id, last, limit)
    elif due.person_id is None:
        rows = await db.fetch(_BY_OWNER, due.user_id, notification_id, last, limit)
    elif due.user_id is None:
        rows = await db.fetch(_BY_PERSON, due.person_id, notification_id, limit)
    else:
        rows = await db.fetch(_BY_BOTH, due.person_id, notification_id, limit, due.user_id)
    return [Place(*row) for row in rows]
