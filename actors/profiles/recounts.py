"""What the recount of profiles reads; see `actors.kernel.recounting`."""

from uuid import UUID

from asyncpg import Record

from actors.graph.events import Followed, Unfollowed
from actors.kernel.recounting import without_effect
from actors.kernel.transaction import Reads
from actors.profiles.counting import sides, summed
from actors.profiles.queries import Delta

FOLLOWS: tuple[type[Followed | Unfollowed], ...] = (Followed, Unfollowed)
_STRETCH = """
SELECT f.user_id AS id, f.followers::int, f.following::int,
    (SELECT count(*) FROM follows WHERE followee_id = f.user_id)::int AS follower_rows,
    (SELECT count(*) FROM follows WHERE follower_id = f.user_id)::int AS following_rows
FROM profiles f WHERE f.user_id > $1 ORDER BY f.user_id LIMIT $2
"""


async def stretch(db: Reads, after: UUID, limit: int) -> list[Record]:
    """The next profiles, with followers and followees as counted and as rows."""
    return await db.fetch(_STRETCH, after, limit)


async def corrections(db: Reads, rows: list[Record]) -> dict[UUID, Delta]:
    """What is to be added to the counts of some of these profiles."""
    facts = await without_effect(db, "profiles", FOLLOWS)
    coming = summed(side for fact in facts for side in sides(fact))
    found = {}
    for row in rows:
        on_its_way = coming.get(row["id"], Delta())
        missing = Delta(
            followers=row["follower_rows"] - row["followers"] - on_its_way.followers,
            following=row["following_rows"] - row["following"] - on_its_way.following,
        )
        if any(missing):
            found[row["id"]] = missing
    return found
