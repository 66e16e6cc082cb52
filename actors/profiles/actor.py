"""Showing people, editing profiles, and keeping their counts."""

import asyncio
from collections.abc import Sequence

import asyncpg

from actors.accounts.events import AccountErased
from actors.auth.events import UserRegistered
from actors.auth.names import username_key
from actors.auth.people import UnknownUser, id_of
from actors.graph.messages import Relationship, Relationships
from actors.kernel.actor import on
from actors.kernel.errors import Refusal, Unauthenticated
from actors.kernel.paging import Page
from actors.profiles import avatars, listing, queries
from actors.profiles.counting import Counting
from actors.profiles.editing import Editing
from actors.profiles.messages import (
    FollowRequestView,
    GetMe,
    GetProfile,
    ListBlocked,
    ListFollowers,
    ListFollowing,
    ListFollowRequests,
    ListMuted,
    MeFound,
    PersonView,
    ProfileFound,
)
from actors.profiles.views import me_of, profile_of


class ProfilesActor(Editing, Counting, domain="profiles", lanes=8):
    """Shows people, lets them edit themselves, and counts what is around them."""

    @on(GetMe, batch=50)
    async def me(self, questions: Sequence[GetMe]) -> Sequence[MeFound | Refusal]:
        rows = await queries.by_id(self.read, {question.caller.id for question in questions})
        found = {user_id: me_of(row, self.adapters.addresses) for user_id, row in rows.items()}
        return [
            MeFound(user=found[question.caller.id]) if question.caller.id in found else Unauthenticated()
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
        return ProfileFound(profile=profile_of(row, self.adapters.addresses), viewer=viewer)

    @on(ListFollowers)
    async def followers(self, question: ListFollowers) -> Page[PersonView]:
        return await self._around(question)

    @on(ListFollowing)
    async def following(self, question: ListFollowing) -> Page[PersonView]:
        return await self._around(question)

    async def _around(self, question: ListFollowers | ListFollowing) -> Page[PersonView]:
        viewer_id = id_of(question.caller)
        user_id = await queries.user_id_of(self.read, viewer_id, username_key(question.username))
        if user_id is None:
            raise UnknownUser
        return await listing.around(self.read, question, viewer_id, user_id, self.adapters.addresses)

    @on(ListMuted)
    async def muted(self, question: ListMuted) -> Page[PersonView]:
        return await self._mine(question)

    @on(ListBlocked)
    async def blocked(self, question: ListBlocked) -> Page[PersonView]:
        return await self._mine(question)

    async def _mine(self, question: ListMuted | ListBlocked) -> Page[PersonView]:
        me = question.caller.id
        return await listing.around(self.read, question, me, me, self.adapters.addresses)

    @on(ListFollowRequests)
    async def follow_requests(self, question: ListFollowRequests) -> Page[FollowRequestView]:
        return await listing.requests(self.read, question, self.adapters.addresses)

    @on(UserRegistered, batch=512)
    async def registered(self, events: Sequence[UserRegistered]) -> None:
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [event.user_id for event in events])

    @on(AccountErased)
    async def erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            # Media keeps the row of a photograph for as long as nobody has said that it is let go.
            left = await avatars.clear(tx, event.user_id)
            tx.emit(*await avatars.farewells(tx, event.user_id, left))
            await queries.remove(tx, event.user_id)


ACTOR = ProfilesActor
