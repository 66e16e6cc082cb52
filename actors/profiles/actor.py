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
from actors.kernel.paging import Page, id_of_key, key_at, moment_of_key
from actors.profiles import listing, queries
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
from actors.profiles.views import me_of, person_of, profile_of


class ProfilesActor(Editing, Counting, domain="profiles", lanes=8):
    """Shows people, lets them edit themselves, and counts what is around them."""

    @on(GetMe, batch=50)
    async def me(self, questions: Sequence[GetMe]) -> Sequence[MeFound | Refusal]:
        rows = await queries.by_id(self.read, {question.caller.id for question in questions})
        return [
            MeFound(user=me_of(row)) if (row := rows.get(question.caller.id)) else Unauthenticated()
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
        return ProfileFound(profile=profile_of(row), viewer=viewer)

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
        return await listing.around(self.read, question, viewer_id, user_id)

    @on(ListMuted)
    async def muted(self, question: ListMuted) -> Page[PersonView]:
        return await listing.around(self.read, question, question.caller.id, question.caller.id)

    @on(ListBlocked)
    async def blocked(self, question: ListBlocked) -> Page[PersonView]:
        rows = await listing.blocked(self.read, question.caller.id, question.limit + 1, moment_of_key(question.after))
        return _page(rows, question.limit)

    @on(ListFollowRequests)
    async def follow_requests(self, question: ListFollowRequests) -> Page[FollowRequestView]:
        below = id_of_key(question.after)
        rows = await listing.requests(self.read, question.caller.id, question.limit + 1, below)
        shown = rows[: question.limit]
        return Page(
            items=tuple(
                FollowRequestView(id=row["request_id"], person=person_of(row), created_at=row["created_at"])
                for row in shown
            ),
            next=(str(shown[-1]["request_id"]),) if len(rows) > len(shown) else None,
        )

    @on(UserRegistered, batch=512)
    async def registered(self, events: Sequence[UserRegistered]) -> None:
        async with self.transaction() as tx:
            await queries.open_profiles(tx, [event.user_id for event in events])

    @on(AccountErased)
    async def erased(self, event: AccountErased) -> None:
        async with self.transaction() as tx:
            await queries.remove(tx, event.user_id)


def _page(rows: Sequence[asyncpg.Record], limit: int) -> Page[PersonView]:
    """The first `limit` of these people; one more says that there are more."""
    shown = rows[:limit]
    return Page(
        items=tuple(map(person_of, shown)),
        next=key_at(shown[-1]["since"], shown[-1]["id"]) if len(rows) > limit else None,
    )


ACTOR = ProfilesActor
