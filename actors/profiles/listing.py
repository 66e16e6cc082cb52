"""Lists of people around somebody, the latest first. Where a list goes on is found in its index, however long it is;
whom the viewer may meet is asked of those who are found there, so that a page may be short."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asyncpg import Record

from actors.adapters.addresses import Addresses
from actors.graph.visibility import may_see
from actors.kernel.filling import Step, fill
from actors.kernel.paging import Key, Page, id_of_key, key_at, moment_of_key
from actors.kernel.transaction import Reads
from actors.profiles.messages import (
    FollowRequestView,
    ListBlocked,
    ListFollowers,
    ListFollowing,
    ListFollowRequests,
    ListMuted,
    PersonView,
)
from actors.profiles.people import people, people_for


def _around(table: str, near: str, far: str, *, of: str) -> str:
    return f"""
        SELECT f.{far} AS id, f.created_at FROM {table} f
        WHERE f.{near} = $1 AND {of} AND (f.created_at, f.{far}) < ($3, $4)
        ORDER BY f.created_at DESC, f.{far} DESC LIMIT $5
    """


_SEEN = may_see("$2::uuid", "$1::uuid")
_LISTS = {
    ListFollowers: _around("follows", "followee_id", "follower_id", of=_SEEN),
    ListFollowing: _around("follows", "follower_id", "followee_id", of=_SEEN),
    ListMuted: _around("mutes", "muter_id", "muted_id", of=f"{_SEEN} AND (f.until IS NULL OR f.until > now())"),
    ListBlocked: _around("blocks", "blocker_id", "blocked_id", of=_SEEN),
}
"""Who stands so to somebody ($1); nobody for a viewer ($2) who may not see what that person shows."""


async def around(
    db: Reads,
    question: ListFollowers | ListFollowing | ListMuted | ListBlocked,
    viewer_id: UUID | None,
    user_id: UUID,
    addresses: Addresses,
) -> Page[PersonView]:
    """People around somebody, as far as the viewer may meet them; but one meets those one blocks, here alone."""

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(_LISTS[type(question)], user_id, viewer_id, *moment_of_key(after), count)
        return [Step(key_at(row["created_at"], row["id"]), row["id"]) for row in rows]

    async def show(ids: Sequence[UUID]) -> Mapping[UUID, PersonView]:
        if isinstance(question, ListBlocked):
            return await people(db, ids, addresses)
        return await people_for(db, viewer_id, ids, addresses)

    return await fill(look, show, after=question.after, limit=question.limit)


async def requests(db: Reads, question: ListFollowRequests, addresses: Addresses) -> Page[FollowRequestView]:
    """Who asks to follow the caller."""
    me = question.caller.id
    found: dict[UUID, Record] = {}

    async def look(after: Key | None, count: int) -> Sequence[Step]:
        rows = await db.fetch(
            "SELECT id, requester_id, created_at FROM follow_requests WHERE target_id = $1 AND id < $2 "
            "ORDER BY id DESC LIMIT $3",
            me,
            id_of_key(after),
            count,
        )
        found.update({row["id"]: row for row in rows})
        return [Step((str(row["id"]),), row["id"]) for row in rows]

    async def show(ids: Sequence[UUID]) -> Mapping[UUID, FollowRequestView]:
        rows = [found[request_id] for request_id in ids]
        asking = await people_for(db, me, {row["requester_id"] for row in rows}, addresses)
        return {
            row["id"]: FollowRequestView(id=row["id"], person=asking[row["requester_id"]], created_at=row["created_at"])
            for row in rows
            if row["requester_id"] in asking
        }

    return await fill(look, show, after=question.after, limit=question.limit)
