"""Which photograph somebody shows as their face, and which comes after it."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from actors.kernel.errors import NotFound
from actors.kernel.transaction import Reads, Transaction
from actors.media import departures, queries
from actors.media.messages import PhotoState, Purpose
from actors.media.places import smallest_of
from actors.profiles.events import AvatarLeft
from actors.profiles.messages import AvatarUnfit

_STRAYS = departures.strays(
    Purpose.avatar,
    "SELECT FROM profiles WHERE user_id = ph.owner_id AND ph.id IN (avatar_photo_id, next_avatar_id)",
)


class Faces(NamedTuple):
    """The photograph a profile shows, and the one that will come after it."""

    shown: UUID | None = None
    coming: UUID | None = None


async def choose(tx: Transaction, user_id: UUID, photo_id: UUID) -> list[UUID]:
    """Show a photograph, at once if it is ready, else when it will be. Returns those that show no more.

    Its state cannot change before the commit, so who announces that it is ready finds the profile that waits for it.
    It is given anew with the same commit: what left before says nothing of it. Raises `NotFound` and `AvatarUnfit`.
    """
    before = await _locked(tx, user_id)
    state = await queries.give(tx, photo_id)
    if state is None:
        raise NotFound
    if state is PhotoState.rejected:
        raise AvatarUnfit
    if state is PhotoState.ready:
        return await _show(tx, user_id, photo_id, before)
    await tx.execute("UPDATE profiles SET next_avatar_id = $2 WHERE user_id = $1", user_id, photo_id)
    return [before.coming] if before.coming not in {None, photo_id} else []


async def clear(tx: Transaction, user_id: UUID) -> list[UUID]:
    """Show none. Returns the photographs that show no more."""
    return await _show(tx, user_id, None, await _locked(tx, user_id))


async def become_ready(tx: Transaction, user_id: UUID, photo_id: UUID) -> list[UUID] | None:
    """Show a photograph if the profile waits for it. Returns those that show no more, None if it does not wait."""
    before = await _locked(tx, user_id)
    return await _show(tx, user_id, photo_id, before) if photo_id == before.coming else None


async def become_unfit(tx: Transaction, user_id: UUID, photo_id: UUID) -> bool:
    """Wait for a photograph no longer. False: the profile did not."""
    return bool(
        await tx.fetchval(
            "UPDATE profiles SET next_avatar_id = NULL WHERE user_id = $1 AND next_avatar_id = $2 RETURNING true",
            user_id,
            photo_id,
        )
    )


async def farewells(tx: Transaction, user_id: UUID, left: Iterable[UUID]) -> list[AvatarLeft]:
    """What is to be announced of photographs that somebody shows no more."""
    rows = await tx.fetch("SELECT id, posted_at FROM photos WHERE id = ANY($1::uuid[]) ORDER BY id", list(left))
    return [AvatarLeft(user_id=user_id, photo_id=row["id"], given_at=row["posted_at"]) for row in rows]


async def strays(db: Reads, limit: int) -> list[AvatarLeft]:
    """The same of photographs that were given to profiles a day ago, and that none shows or waits for."""
    rows = await db.fetch(_STRAYS, limit)
    return [AvatarLeft(user_id=row["owner_id"], photo_id=row["id"], given_at=row["posted_at"]) for row in rows]


async def _locked(tx: Transaction, user_id: UUID) -> Faces:
    """The faces of a profile, which stay so until the commit."""
    row = await tx.fetchrow(
        "SELECT avatar_photo_id, next_avatar_id FROM profiles WHERE user_id = $1 FOR NO KEY UPDATE", user_id
    )
    return Faces() if row is None else Faces(*row)


async def _show(tx: Transaction, user_id: UUID, photo_id: UUID | None, before: Faces) -> list[UUID]:
    await tx.execute(
        f"""
        UPDATE profiles SET avatar_photo_id = $2, avatar_key = {smallest_of("$2")}, next_avatar_id = NULL
        WHERE user_id = $1
        """,
        user_id,
        photo_id,
    )
    return [old for old in before if old is not None and old != photo_id]
