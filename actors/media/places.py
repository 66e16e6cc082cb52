"""Where the variants of photographs lie: `variants/` is public, `private/` is reached by signed addresses alone.

Whoever was shown a public address has it for good, so what turns private lies elsewhere from then on, under a name
that was never told. Avatars show beside every name, a private account's too, and stay public.
"""

import hashlib
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from asyncpg import Record

from actors.graph.visibility import is_private
from actors.kernel.transaction import Reads, Transaction

PUBLIC, PRIVATE = "variants/", "private/"


def place_of(key: str) -> str:
    """The place in which a key, or a folder, lies."""
    return PRIVATE if key.startswith(PRIVATE) else PUBLIC


def caching(key: str) -> str:
    """What the object at this key says to whoever may keep copies."""
    return f"{'private' if place_of(key) == PRIVATE else 'public'}, max-age=31536000, immutable"


def place_for(purpose: str = "photos.purpose") -> str:
    """The place for a row of `photos` as its owner's account is now, as SQL."""
    return f"CASE WHEN {purpose} = 'post' AND {is_private('photos.owner_id')} THEN '{PRIVATE}' ELSE '{PUBLIC}' END"


_MISPLACED = f"state = 'ready' AND released_at IS NULL AND NOT starts_with(variants_key, {place_for()})"


def smallest_of(photo_id: str) -> str:
    """The key of a photograph's smallest variant, as SQL."""
    return f"""(SELECT kept ->> 'key' FROM photos ph, jsonb_array_elements(ph.variants) AS kept
        WHERE ph.id = {photo_id} ORDER BY (kept ->> 'width')::int LIMIT 1)"""


class Move(NamedTuple):
    """The variants of a photograph on their way from one folder to another."""

    photo_id: UUID
    before: str
    after: str
    variants: list[dict[str, Any]]
    copies: list[tuple[str, str, str]]
    """From which key to which, and of what type."""


def move_of(row: Record, job_id: UUID) -> Move:
    """What a job does about a row of `misplaced`: the same in each attempt, so what one that died has copied is
    written over, not left behind."""
    secret = hashlib.sha256(f"{job_id} {row['id']} {row['variants_key']}".encode()).hexdigest()[:36]
    after = f"{row['place']}{secret}"
    variants = [{**kept, "key": f"{after}/{kept['key'].rpartition('/')[2]}"} for kept in row["variants"]]
    copies = [
        (kept["key"], moved["key"], kept["content_type"]) for kept, moved in zip(row["variants"], variants, strict=True)
    ]
    return Move(row["id"], row["variants_key"], after, variants, copies)


async def misplaced(db: Reads, owner_id: UUID, limit: int) -> list[Record]:
    """Up to `limit` photographs of somebody's that do not lie in the `place` for them."""
    return await db.fetch(
        f"""
        SELECT id, variants_key, variants, {place_for()} AS place FROM photos
        WHERE owner_id = $1 AND {_MISPLACED} ORDER BY id LIMIT $2
        """,
        owner_id,
        limit,
    )


async def stretch(db: Reads, after: UUID, limit: int) -> list[Record]:
    """The next photographs, with whose each is, and whether it `is_misplaced`."""
    return await db.fetch(
        f"SELECT id, owner_id, {_MISPLACED} AS is_misplaced FROM photos WHERE id > $1 ORDER BY id LIMIT $2",
        after,
        limit,
    )


async def hold(tx: Transaction, owner_id: UUID) -> None:
    """Keep somebody's account as it is until the commit: whoever changes it finds what is written before."""
    await tx.execute("SELECT FROM users WHERE id = $1 FOR SHARE", owner_id)


async def is_misplaced(tx: Transaction, photo_id: UUID) -> bool:
    """Whether a photograph, its owner held, does not lie in the place for it."""
    return bool(await tx.fetchval(f"SELECT {_MISPLACED} FROM photos WHERE id = $1", photo_id))


async def note_moved(tx: Transaction, moves: Sequence[Move]) -> list[str]:
    """Show the copies of a held owner's photographs. Returns the folders that are shown no more: those they were in,
    or those of copies, where the photograph went or moved meanwhile, or its place is another by now."""
    left = []
    for move in moves:
        moved = await tx.fetchval(
            f"""
            UPDATE photos SET variants_key = $3, variants = $4
            WHERE id = $1 AND variants_key = $2 AND {_MISPLACED} AND starts_with($3, {place_for()}) RETURNING true
            """,
            move.photo_id,
            move.before,
            move.after,
            move.variants,
        )
        left.append(move.before if moved else move.after)
    return left
