"""What people do at random around one post, so that every kind of event about it happens."""

import random
from typing import Any

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack


class Deeds:
    """An author and others at work; what one of them cannot do now is not done."""

    def __init__(self, stack: Stack, served: Served, people: list[Person], post_id: str, chance: random.Random) -> None:
        self._stack, self._people, self._post_id, self._chance = stack, people, post_id, chance
        self.served = served
        self._said: list[tuple[str, Person]] = []

    async def do(self, count: int) -> None:
        """So many."""
        author = self._people[0]
        ways = (self._like, self._like, self._say, self._say, self._reply, self._rephrase, self._withdraw, self._follow)
        for _ in range(count):
            who = self._chance.choice(self._people[1:])
            match self._chance.randrange(12):
                case 0:
                    await self._ask("PATCH", f"/v1/posts/{self._post_id}", author, caption=f"{self._chance.random()}")
                case 1:
                    await self._ask("PATCH", "/v1/profiles/me", author, bio=f"{self._chance.random()}")
                case 2:
                    method = self._chance.choice(("PUT", "DELETE"))
                    await self._ask(method, f"/v1/posts/{self._post_id}/bookmark", author)
                case 3:
                    await self._see(author)
                case _:
                    await self._chance.choice(ways)(who)

    async def delete_and_restore(self) -> None:
        """The post is gone, and there again."""
        await self._ask("DELETE", f"/v1/posts/{self._post_id}", self._people[0])
        await self._ask("POST", f"/v1/posts/{self._post_id}/restore", self._people[0])

    async def _like(self, who: Person) -> None:
        method, kind = self._chance.choice(("PUT", "DELETE")), self._chance.choice(("like", "repost"))
        await self._ask(method, f"/v1/posts/{self._post_id}/{kind}", who)

    async def _say(self, who: Person, **fields: str) -> None:
        body = await self._ask("POST", f"/v1/posts/{self._post_id}/comments", who, body="what a light", **fields)
        if "id" in (body or {}):
            self._said.append((body["id"], who))

    async def _reply(self, who: Person) -> None:
        if self._said:
            await self._say(who, parent_id=self._chance.choice(self._said)[0])

    async def _rephrase(self, _: Person) -> None:
        if self._said:
            comment_id, who = self._chance.choice(self._said)
            await self._ask("PATCH", f"/v1/comments/{comment_id}", who, body=f"{self._chance.random()}")

    async def _withdraw(self, _: Person) -> None:
        if self._said:
            comment_id, who = self._said.pop(self._chance.randrange(len(self._said)))
            await self._ask("DELETE", f"/v1/comments/{comment_id}", who)

    async def _follow(self, who: Person) -> None:
        method = self._chance.choice(("PUT", "DELETE"))
        await self._ask(method, f"/v1/profiles/{self._people[0].username}/follow", who)

    async def _see(self, who: Person) -> None:
        found = await self._ask("GET", "/v1/notifications?limit=1", who)
        if found["items"]:
            await self._ask("PUT", "/v1/notifications/seen", who, until=found["items"][0]["id"])

    async def _ask(self, method: str, path: str, who: Person, **body: Any) -> Any:
        options: dict[str, Any] = {"json": body} if body else {}
        status, answer = await self._stack.ask(self.served, method, path, who, **options)
        # Somebody answers a comment that is gone.
        assert status < 300 or status in {404, 409, 410}, (method, path, status, answer)
        return answer
