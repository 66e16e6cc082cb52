"""A steady load for fault tests: likes that go on while something breaks, and what was acknowledged of them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Self

import aiohttp

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack


class Likes:
    """People who like, then unlike, one post after the other, as fast as `rate` says."""

    def __init__(self, stack: Stack, people: Sequence[Person], posts: Sequence[str], rate: float) -> None:
        self._stack = stack
        self._people = people
        self._posts = posts
        self._pause = len(people) / rate
        self.servers: list[Served] = []
        self.acknowledged = 0
        self.refused: dict[int, int] = {}
        self.broken = 0
        self.wishes: dict[tuple[str, str], bool] = {}
        """The last acknowledged wish of a person about a post; a wish whose answer was lost is not in it."""

    @asynccontextmanager
    async def going_on(self, *servers: Served) -> AsyncIterator[Self]:
        """Likes flow to these servers for the length of the block."""
        self.servers = list(servers)
        tasks = [asyncio.create_task(self._like(place)) for place in range(len(self._people))]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def has_flowed(self, count: int, *, seconds: float = 20) -> None:
        """Wait until so many more were acknowledged."""
        goal = self.acknowledged + count
        async with asyncio.timeout(seconds):
            while self.acknowledged < goal:  # noqa: ASYNC110  a counter, not an event
                await asyncio.sleep(0.02)

    async def are_rows(self) -> None:
        """Every wish that was acknowledged last stands in the database."""
        rows = await self._stack.database.fetch("SELECT post_id::text, user_id::text FROM likes")
        liked = {(row["post_id"], row["user_id"]) for row in rows}
        lost = [pair for pair, on in self.wishes.items() if (pair in liked) is not on]
        assert not lost, f"{len(lost)} of {len(self.wishes)} acknowledged wishes are not in the database"

    async def _like(self, place: int) -> None:
        person = self._people[place]
        await asyncio.sleep(self._pause * place / len(self._people))
        turn = place
        while True:
            turn += 1
            post = self._posts[turn % len(self._posts)]
            on = (turn // len(self._posts)) % 2 == 0
            await self._wish(self.servers[turn % len(self.servers)], person, post, on=on)
            await asyncio.sleep(self._pause)

    async def _wish(self, served: Served, person: Person, post: str, *, on: bool) -> None:
        pair = (post, person.id)
        self.wishes.pop(pair, None)  # from here to its answer either may be true
        try:
            status, _ = await self._stack.ask(served, "PUT" if on else "DELETE", f"/v1/posts/{post}/like", person)
        except (aiohttp.ClientError, TimeoutError):
            self.broken += 1
            return
        if status == 200:
            self.wishes[pair] = on
            self.acknowledged += 1
        else:
            self.refused[status] = self.refused.get(status, 0) + 1
