"""Showing people, editing profiles, and keeping their counts."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from actors.accounts.events import AccountErased
from actors.auth.events import UserRegistered
from actors.auth.names import username_key
from actors.auth.people import ENTITLEMENTS, Plan, UnknownUser, id_of
from actors.graph.events import Followed, PrivacyChanged, Unfollowed
from actors.graph.messages import Relationship, Relationships
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Malformed, Refusal, Unauthenticated
from actors.kernel.paging import Key, Page, id_of_key, key_of
from actors.kernel.transaction import Transaction
from actors.profiles import listing, queries
from actors.profiles.events import ProfileCounted, ProfileUpdated
from actors.profiles.messages import (
    AdjustCounts,
    Counts,
    EditProfile,
    FollowRequestView,
    GetMe,
    GetProfile,
    ListBlocked,
    ListFollowers,
    ListFollowing,
    ListFollowRequests,
    ListMuted,
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
        asked = [(id_of(question.caller), username_key(question.username)) for question in questions]
        rows = await queries.by_username(self.read, set(asked))
        return await asyncio.gather(*(self._found(q, rows.get(key)) for q, key in zip(questions, asked, strict=True)))

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
        return await self._around(listing.followers, question)

    @on(ListFollowing)
    async def following(self, question: ListFollowing) -> Page[PersonView]:
        return await self._around(listing.following, question)

    async def _around(
        self, list_people: listing.ListPeople, question: ListFollowers | ListFollowing
    ) -> Page[PersonView]:
        after = _place(question.after)
        viewer_id = id_of(question.caller)
        user_id = await queries.user_id_of(self.read, viewer_id, username_key(question.username))
        if user_id is None:
            raise UnknownUser
        rows = await list_people(self.read, viewer_id, user_id, question.limit + 1, after)
        return _page(rows, question.limit)

    @on(ListMuted)
    async def muted(self, question: ListMuted) -> Page[PersonView]:
        me = question.caller.id
        rows = await listing.muted(self.read, me, me, question.limit + 1, _place(question.after))
        return _page(rows, question.limit)

    @on(ListBlocked)
    async def blocked(self, question: ListBlocked) -> Page[PersonView]:
        rows = await listing.blocked(self.read, question.caller.id, question.limit + 1, _place(question.after))
        return _page(rows, question.limit)

    @on(ListFollowRequests)
    async def follow_requests(self, question: ListFollowRequests) -> Page[FollowRequestView]:
        below = id_of_key(question.after)
        rows = await listing.requests(self.read, question.caller.id, question.limit + 1, below)
        shown = rows[: question.limit]
        return Page(
            items=tuple(
                FollowRequestView(id=row["request_id"], person=_person(row), created_at=row["created_at"])
                for row in shown
            ),
            next=(str(shown[-1]["request_id"]),) if len(rows) > len(shown) else None,
        )

    @on(PrivacyChanged)
    async def privacy_changed(self, event: PrivacyChanged) -> None:
        async with self.transaction() as tx:
            rows = await queries.by_id(tx, [event.user_id])
            tx.emit(*(ProfileUpdated(user_id=user_id, profile=_view(row)) for user_id, row in rows.items()))

    @on(UserRegistered, batch=512)
    async def registered(self, events: Sequence[UserRegistered]) -> None:
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [event.user_id for event in events])

    @on(AccountErased)
    async def erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            await queries.remove(tx, event.user_id)

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


def _page(rows: Sequence[asyncpg.Record], limit: int) -> Page[PersonView]:
    """The first `limit` of these people; one more says that there are more."""
    shown = rows[:limit]
    return Page(
        items=tuple(map(_person, shown)),
        next=(shown[-1]["since"].isoformat(), str(shown[-1]["id"])) if len(rows) > limit else None,
    )


def _person(row: asyncpg.Record) -> PersonView:
    return PersonView(**{field: row[field] for field in PersonView.model_fields})


def _view(row: asyncpg.Record) -> ProfileView:
    own = {field: row[field] for field in ProfileView.model_fields if field != "counts"}
    return ProfileView(**own, counts=_counts(row))


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(**{field: row[field] for field in Counts.model_fields})


def _me(row: asyncpg.Record) -> Me:
    given: dict[str, Any] = {"counts": _counts(row), "entitlements": ENTITLEMENTS[Plan(row["plan"])]}
    return Me(**given, **{field: row[field] for field in Me.model_fields if field not in given})


ACTOR = ProfilesActor
