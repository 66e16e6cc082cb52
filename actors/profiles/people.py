"""People as they show beside what is theirs, in every list and on every card."""

from collections.abc import Iterable
from uuid import UUID

from asyncpg import Record

from actors.adapters.addresses import Addresses
from actors.graph.visibility import may_meet
from actors.kernel.transaction import Reads
from actors.profiles.messages import PersonView

PERSON = """
    u.id AS person_id, u.username, COALESCE(pr.display_name, u.username) AS display_name, pr.avatar_key
"""
OF_PERSON = "LEFT JOIN profiles pr ON pr.user_id = u.id"

_PEOPLE = f"SELECT {PERSON} FROM users u {OF_PERSON} WHERE u.id = ANY($1::uuid[]) AND u.deleted_at IS NULL"


def person_of(row: Record, addresses: Addresses) -> PersonView:
    """The person in a row with the columns of `PERSON`."""
    return PersonView(
        id=row["person_id"],
        username=row["username"],
        display_name=row["display_name"],
        avatar=avatar_at(row["avatar_key"], addresses),
    )


def avatar_at(key: str | None, addresses: Addresses) -> str | None:
    """Where the avatar is found that lies there."""
    return None if key is None else addresses.public(key)


async def people(db: Reads, ids: Iterable[UUID], addresses: Addresses) -> dict[UUID, PersonView]:
    """Those of these people who are there."""
    rows = await db.fetch(_PEOPLE, list(ids))
    return {row["person_id"]: person_of(row, addresses) for row in rows}


async def people_for(
    db: Reads, viewer_id: UUID | None, ids: Iterable[UUID], addresses: Addresses
) -> dict[UUID, PersonView]:
    """Those of these people whom the viewer may meet; None is a visitor."""
    rows = await db.fetch(f"{_PEOPLE} AND {may_meet('$2::uuid', 'u.id')}", list(ids), viewer_id)
    return {row["person_id"]: person_of(row, addresses) for row in rows}
