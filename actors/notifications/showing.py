"""How notifications show."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from actors.adapters.addresses import Addresses
from actors.kernel.transaction import Reads
from actors.notifications import queries
from actors.notifications.kinds import KINDS
from actors.notifications.messages import NotificationKind, NotificationView, Subject, SubjectKind
from actors.notifications.queries import Group, Marks
from actors.profiles.people import people


async def views(
    db: Reads, groups: Sequence[Group], marks: Mapping[UUID, Marks], addresses: Addresses
) -> dict[UUID, NotificationView]:
    """These notifications, by id. One that only people hidden from its owner are in does not show."""
    if not groups:
        return {}
    latest = await queries.latest_people(db, [group.id for group in groups])
    known = await people(db, {person_id for those in latest.values() for person_id in those}, addresses)
    found = {}
    for group in groups:
        kind = NotificationKind(group.kind)
        has_people = KINDS[kind].has_people
        if has_people and group.id not in latest:
            continue
        found[group.id] = NotificationView(
            id=group.id,
            kind=kind,
            subject=Subject(kind=SubjectKind(group.subject_kind), id=group.subject_id),
            people=tuple(known[person_id] for person_id in latest.get(group.id, ()) if person_id in known),
            count=group.people if has_people else 0,
            read=marks[group.user_id].is_read(group.at),
            seen=marks[group.user_id].is_seen(group.at),
            at=group.at,
        )
    return found
