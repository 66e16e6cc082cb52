"""What the live edge asks the domains."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol, TypeVar
from uuid import UUID

from actors.auth.people import Caller
from actors.auth.standing import RecentRevocations, RevocationsFound
from actors.graph.sight_messages import HiddenAmong, OpenAmong, ReadersAmong, SeePerson
from actors.kernel.errors import Unavailable
from actors.kernel.message import Request
from actors.posts.sight_messages import CountsItem, GetCounts, PostSeen, SeePosts
from server.realtime.following import Shown
from server.realtime.screening import ViewerId

R = TypeVar("R")
COUNTED_AT_ONCE = 200
ASK_SECONDS = 5.0


class Ask(Protocol):
    """The actor system's `ask`."""

    async def __call__(self, message: Request[R]) -> R:
        """The reply. Raises a `Refusal`."""


class Questions:
    """Asks as any other edge does; raises the domains' refusals, and `Unavailable` after five seconds."""

    def __init__(self, ask: Ask) -> None:
        self._system = ask

    async def _ask(self, message: Request[R]) -> R:
        # A socket is answered one request at a time: nothing may hold it for ever.
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._system(message)
        except TimeoutError:
            raise Unavailable from None

    async def revocations(self, since: datetime | None) -> RevocationsFound:
        """What tokens that still live are wrong about, or what of it is new since that answer."""
        return await self._ask(RecentRevocations(since=since))

    async def see_posts(self, caller: Caller | None, post_ids: Sequence[UUID]) -> tuple[PostSeen, ...]:
        """Those of these posts that are there for the caller, at most 200."""
        return (await self._ask(SeePosts(caller=caller, post_ids=tuple(post_ids)))).items if post_ids else ()

    async def see_person(self, caller: Caller | None, username: str) -> UUID:
        """Whose profile it is. Raises `NotFound` or `Forbidden` unless the caller may see what it shows."""
        return (await self._ask(SeePerson(caller=caller, username=username))).id

    async def counts(self, post_ids: Sequence[UUID]) -> tuple[CountsItem, ...]:
        """The current counts of those posts that are there, at most 200."""
        return (await self._ask(GetCounts(post_ids=tuple(post_ids)))).items if post_ids else ()

    async def open_among(self, user_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these people everybody may see."""
        return (await self._ask(OpenAmong(user_ids=tuple(user_ids)))).user_ids

    async def hidden_from(
        self, viewer_ids: Collection[ViewerId], *, seen: Collection[UUID], met: Collection[UUID]
    ) -> Collection[ViewerId]:
        """Which of these viewers may not see one of `seen`, or may not meet one of `met`."""
        found = await self._ask(HiddenAmong(viewer_ids=tuple(viewer_ids), seen=tuple(seen), met=tuple(met)))
        return {viewer for viewer, _ in found.unseen | found.unmet}

    async def hidden_of(
        self, viewer_id: ViewerId, *, seen: Collection[UUID], met: Collection[UUID]
    ) -> tuple[Collection[UUID], Collection[UUID]]:
        """Those of `seen` whose work this viewer may not see, and those of `met` whom they may not meet."""
        found = await self._ask(HiddenAmong(viewer_ids=(viewer_id,), seen=tuple(seen), met=tuple(met)))
        return {one for _, one in found.unseen}, {one for _, one in found.unmet}

    async def readers_among(
        self, user_ids: Collection[UUID], shown: Collection[Shown]
    ) -> Collection[tuple[UUID, Shown]]:
        """For which of these people each of these belongs in the feed of those they follow."""
        return (await self._ask(ReadersAmong(user_ids=tuple(user_ids), shown=tuple(shown)))).items
