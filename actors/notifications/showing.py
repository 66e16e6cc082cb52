"""How notifications show."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.kernel.transaction import Reads
from actors.notifications import queries
from actors.notifications.messages import NotificationKind, NotificationView, Subject, SubjectKind
from actors.notifications.queries import Marks
from actors.posts.queries import authors


async def views(db: Reads, rows: Sequence[Record], marks: Mapping[UUID, Marks]) -> dict[UUID, NotificationView]:
    """The notifications of these rows, by id. One that only people hidden from its owner are in does not show."""
    if not rows:
        return {}
    latest = await queries.latest_people(db, [row["id"] for row in rows])
    known = await authors(db, {person_id for people in latest.values() for person_id in people})
    return {
        row["id"]: NotificationView(
            id=row["id"],
            kind=NotificationKind(row["kind"]),
            subject=Subject(kind=SubjectKind(row["subject_kind"]), id=row["subject_id"]),
            people=tuple(known[person_id] for person_id in latest[row["id"]] if person_id in known),
            count=row["people"],
            read=marks[row["user_id"]].is_read(row["at"]),
            seen=marks[row["user_id"]].is_seen(row["at"]),
            at=row["at"],
        )
        for row in rows
        if row["id"] in latest
    }
