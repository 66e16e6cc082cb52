"""Showing people, editing profiles, and keeping their counts."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from actors.auth.events import UserRegistered
from actors.auth.names import username_key
from actors.auth.people import ENTITLEMENTS, Plan, UnknownUser
from actors.graph.events import Followed, Unfollowed
from actors.graph.messages import Relationship, Relationships
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Malformed, Refusal, Unauthenticated
from actors.kernel.paging import Key, Page, key_of
from actors.kernel.transaction import Transaction
from actors.profiles import queries
from actors.profiles.events import ProfileCounted, ProfileUpdated
from actors.profiles.messages import (
    AdjustCounts,
    Counts,
    EditProfile,
    GetMe,
    GetProfile,
    ListFollowers,
    ListFollowing,
    Me,
    MeFound,
    PersonView,
    ProfileFound,
    ProfileView,
)
from actors.profiles.queries import Delta


class ProfilesActor(Actor, domain="profiles", lanes=8):
    """Shows people, lets them edit themselves, and counts what is around them."""

    @on(GetMe, batch=50)
    async def me(self, questions: Sequence[GetMe]) -> Sequence[MeFound | Refusal]:
        rows = await queries.by_id(self.read, {question.caller.id for question in questions})
        return [
            MeFound(user=_me(row)) if (row := rows.get(question.caller.id)) else Unauthenticated()
            for question in questions
        ]

    @on(GetProfile, batch=50)
    async def profile(self, questions: Sequence[GetProfile]) -> Sequence[ProfileFound | Refusal]:
        rows = await queries.by_username(self.read, {username_key(q.username) for q in questions})
        return await asyncio.gather(*(self._found(q, rows.get(username_key(q.username))) for q in questions))

    async def _found(self, question: GetProfile, row: asyncpg.Record | None) -> ProfileFound | Refusal:
        if row is None:
            return UnknownUser()
        viewer: Relationship | None = None
        if question.caller is not None:
            (viewer,) = (await self.ask(Relationships(caller=question.caller, ids=(row["id"],)))).items
        return ProfileFound(profile=_view(row), viewer=viewer)

    @on(EditProfile)
    async def edit(self, wish: EditProfile) -> ProfileView:
        user_id = wish.caller.id
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [user_id])
            await queries.edit(tx, user_id, _changes(wish))
            row = (await queries.by_id(tx, [user_id])).get(user_id)
            if row is None:
                raise Unauthenticated
            view = _view(row)
            tx.emit(ProfileUpdated(user_id=user_id, profile=view))
            return tx.answer(view)

    @on(AdjustCounts, batch=512)
    async def adjust_counts(self, changes: Sequence[AdjustCounts]) -> Sequence[Refusal | None]:
        async with self.transaction() as tx:
            deltas = _summed((each.user_id, Delta(*(getattr(each, f) for f in Delta._fields))) for each in changes)
            known = await _count(tx, deltas)
            return tx.answers([None if each.user_id in known else UnknownUser() for each in changes])

    @on(ListFollowers)
    async def followers(self, question: ListFollowers) -> Page[PersonView]:
        return await self._people(queries.followers, question)

    @on(ListFollowing)
    async def following(self, question: ListFollowing) -> Page[PersonView]:
        return await self._people(queries.following, question)

    async def _people(
        self, list_people: queries.ListPeople, question: ListFollowers | ListFollowing
    ) -> Page[PersonView]:
        after = _place(question.after)
        user_id = await queries.user_id_of(self.read, username_key(question.username))
        if user_id is None:
            raise UnknownUser
        rows = await list_people(self.read, user_id, question.limit + 1, after)
        shown = rows[: question.limit]
        return Page(
            items=tuple(PersonView(**{f: row[f] for f in PersonView.model_fields}) for row in shown),
            next=(shown[-1]["since"].isoformat(), str(shown[-1]["id"])) if len(rows) > len(shown) else None,
        )

    @on(UserRegistered, batch=512)
    async def registered(self, events: Sequence[UserRegistered]) -> None:
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [event.user_id for event in events])

    @on(Followed, batch=512)
    async def followed(self, events: Sequence[Followed]) -> None:
        async with self.transaction() as tx:
            await _count(tx, _summed(side for event in events for side in _sides(event, 1)))

    @on(Unfollowed, batch=512)
    async def unfollowed(self, events: Sequence[Unfollowed]) -> None:
        async with self.transaction() as tx:
            await _count(tx, _summed(side for event in events for side in _sides(event, -1)))


async def _count(tx: Transaction, deltas: Mapping[UUID, Delta]) -> frozenset[UUID]:
    """Adjust the counts and announce the profiles that show it; returns whom there is."""
    known = await queries.adjust(tx, deltas)
    shown = [user_id for user_id in known if any(deltas[user_id][:3])]
    if shown:
        rows = await queries.by_id(tx, shown)
        tx.emit(*(ProfileCounted(user_id=user_id, profile=_view(row)) for user_id, row in rows.items()))
    return known


def _summed(changes: Iterable[tuple[UUID, Delta]]) -> dict[UUID, Delta]:
    deltas: dict[UUID, Delta] = {}
    for user_id, change in changes:
        deltas[user_id] = Delta(*map(sum, zip(deltas.get(user_id, Delta()), change, strict=True)))
    return deltas


def _sides(event: Followed | Unfollowed, by: int) -> tuple[tuple[UUID, Delta], ...]:
    return (event.follower_id, Delta(following=by)), (event.followee_id, Delta(followers=by))


def _changes(wish: EditProfile) -> dict[str, Any]:
    """What was named, as the columns hold it: an emptied display name is none."""
    named = wish.model_dump(include=wish.model_fields_set & set(queries.EDITABLE))
    empty: dict[str, Any] = {"display_name": None, "bio": "", "links": [], "socials": {}}
    return {field: value or empty[field] for field, value in named.items()}


def _place(after: Key | None) -> tuple[datetime, UUID] | None:
    key = key_of(after, str, str)
    try:
        return None if key is None else (datetime.fromisoformat(str(key[0])), UUID(str(key[1])))
    except ValueError:
        raise Malformed("this cursor belongs to another list") from None


def _view(row: asyncpg.Record) -> ProfileView:
    own = {field: row[field] for field in ProfileView.model_fields if field != "counts"}
    return ProfileView(**own, counts=_counts(row))


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(**{field: row[field] for field in Counts.model_fields})


def _me(row: asyncpg.Record) -> Me:
    given: dict[str, Any] = {"counts": _counts(row), "entitlements": ENTITLEMENTS[Plan(row["plan"])]}
    return Me(**given, **{field: row[field] for field in Me.model_fields if field not in given})


ACTOR = ProfilesActor
