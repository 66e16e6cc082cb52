"""What the live edge asks the domains."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from actors.auth.people import Caller
from actors.graph.messages import FolloweesAmong, FollowersAmong
from actors.kernel.errors import Unavailable
from actors.kernel.message import Request
from actors.posts.messages import CountsItem, GetCounts, GetPost
from actors.profiles.messages import GetProfile

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

    async def see_post(self, caller: Caller | None, post_id: UUID) -> None:
        """Raises `NotFound` unless the post is there for the caller."""
        await self._ask(GetPost(caller=caller, post_id=post_id))

    async def see_profile(self, caller: Caller | None, username: str) -> None:
        """Raises `NotFound` unless the profile is there for the caller."""
        await self._ask(GetProfile(caller=caller, username=username))

    async def counts(self, post_ids: Sequence[UUID]) -> tuple[CountsItem, ...]:
        """The current counts of those posts that are there, at most 200."""
        return (await self._ask(GetCounts(post_ids=tuple(post_ids)))).items if post_ids else ()

    async def followers_among(self, author_id: UUID, user_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these people follow the author."""
        return (await self._ask(FollowersAmong(author_id=author_id, user_ids=tuple(user_ids)))).user_ids

    async def followees_among(self, user_id: UUID, author_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these authors the person follows."""
        if not author_ids:
            return ()
        return (await self._ask(FolloweesAmong(user_id=user_id, author_ids=tuple(author_ids)))).user_ids
