"""Profiles count what is around people: by facts, and because domains above ask for it."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from actors.adapters.addresses import Addresses
from actors.auth.people import UnknownUser
from actors.graph.events import Followed, Unfollowed
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Refusal
from actors.kernel.transaction import Transaction
from actors.profiles import queries
from actors.profiles.events import ProfileCounted
from actors.profiles.messages import AdjustCounts
from actors.profiles.queries import Delta
from actors.profiles.views import profile_of


class Counting(Actor):
    """Adds up, whatever the order in which it hears of things."""

    @on(AdjustCounts, batch=512)
    async def adjust_counts(self, changes: Sequence[AdjustCounts]) -> Sequence[Refusal | None]:
        async with self.transaction() as tx:
            deltas = summed((each.user_id, Delta(*(getattr(each, f) for f in Delta._fields))) for each in changes)
            known = await count(tx, deltas, self.adapters.addresses)
            return tx.answers([None if each.user_id in known else UnknownUser() for each in changes])

    @on(Followed, batch=512)
    async def followed(self, events: Sequence[Followed]) -> None:
        async with self.transaction() as tx:
            await count(tx, summed(side for event in events for side in sides(event)), self.adapters.addresses)

    @on(Unfollowed, batch=512)
    async def unfollowed(self, events: Sequence[Unfollowed]) -> None:
        async with self.transaction() as tx:
            await count(tx, summed(side for event in events for side in sides(event)), self.adapters.addresses)


async def count(tx: Transaction, deltas: Mapping[UUID, Delta], addresses: Addresses) -> frozenset[UUID]:
    """Adjust the counts and announce the profiles that show it; returns whom there is."""
    known = await queries.adjust(tx, deltas)
    shown = [user_id for user_id in known if any(deltas[user_id][:3])]
    if shown:
        rows = await queries.by_id(tx, shown)
        tx.emit(*(ProfileCounted(user_id=who, profile=profile_of(row, addresses)) for who, row in rows.items()))
    return known


def summed(changes: Iterable[tuple[UUID, Delta]]) -> dict[UUID, Delta]:
    """What all changes come to for each person."""
    deltas: dict[UUID, Delta] = {}
    for user_id, change in changes:
        deltas[user_id] = Delta(*map(sum, zip(deltas.get(user_id, Delta()), change, strict=True)))
    return deltas


def sides(event: Followed | Unfollowed) -> tuple[tuple[UUID, Delta], ...]:
    """What a fact changes for either of the two people."""
    by = 1 if isinstance(event, Followed) else -1
    return (event.follower_id, Delta(following=by)), (event.followee_id, Delta(followers=by))
