"""People who do whatever comes to their minds, one thing after the other, to servers that come and go."""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp

from load.processes import Served
from tests.flows.people import Person
from tests.images import photograph

Json = dict[str, Any]
Whim = tuple[str, str, Json | None]
PRIVATE = 6
"""So many of them, the last ones, are private from time to time."""


class Crowd:
    """Most of what they try can be done: they remember what is there and forget what is gone."""

    def __init__(self, people: Sequence[Person], posts: Sequence[str], token: Callable[[str, str], str]) -> None:
        """`token` makes one for an id and a name: on a slow machine a token's time is over before all is done."""
        self.servers: list[Served] = []
        self.done = 0
        """Deeds that were answered."""
        self.answers: Counter[int] = Counter()
        self.deeds: Counter[str] = Counter()
        """What was done and answered with 2xx, by its kind."""
        self.broken = 0
        """Connections that died, or were not to be had: the server was killed."""
        self._token = token
        self._people = people
        self._posts = list(posts)
        self._chance = random.Random(50_000)
        self._said: list[tuple[Person, str, str]] = []
        self._own: dict[str, list[str]] = {}
        self._deleted: dict[str, list[str]] = {}
        self._blocks: list[tuple[Person, Person]] = []
        self._picture = photograph(64, 48)

    async def run(self, deeds: int) -> None:
        """Do so many."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            await asyncio.gather(*(self._live(http, person, deeds) for person in self._people))

    @property
    def carried_out(self) -> float:
        """The part of all answers that was no refusal."""
        return sum(count for status, count in self.answers.items() if status < 300) / self.answers.total()

    async def _live(self, http: aiohttp.ClientSession, person: Person, deeds: int) -> None:
        while self.done < deeds:
            match self._chance.random():
                case x if x < 0.004:
                    await self._publish(http, person)
                case x if x < 0.012:
                    await self._answer_requests(http, person)
                case _:
                    await self._do(http, person, *self._whim(person))

    def _whim(self, person: Person) -> Whim:
        chance, post = self._chance, self._chance.choice(self._posts)
        on = chance.choice(("PUT", "DELETE", "POST"))
        match chance.random():
            case x if x < 0.50:
                return on, f"/v1/posts/{post}/like", None
            case x if x < 0.58:
                return on, f"/v1/posts/{post}/repost", None
            case x if x < 0.64:
                return on, f"/v1/posts/{post}/bookmark", None
            case x if x < 0.74:
                path = f"/v1/profiles/{self._other(person).username}/follow"
                return chance.choice(("PUT", "DELETE")), path, None
            case x if x < 0.75:
                return self._block(person)
            case x if x < 0.755 and person in self._people[-PRIVATE:]:
                return "PATCH", "/v1/profiles/me", {"private": chance.random() < 0.5}
            case x if x < 0.765 and (own := self._own.get(person.id)):
                self._deleted.setdefault(person.id, []).append(gone := own.pop())
                self._posts.remove(gone)
                return "DELETE", f"/v1/posts/{gone}", None
            case x if x < 0.775 and (gone_ones := self._deleted.get(person.id)):
                self._own.setdefault(person.id, []).append(back := gone_ones.pop())
                self._posts.append(back)
                return "POST", f"/v1/posts/{back}/restore", None
            case x if x < 0.84 and self._said:
                mine = [one for one in self._said[-300:] if one[0] is person]
                if mine:
                    self._said.remove(mine[0])
                    return "DELETE", f"/v1/comments/{mine[0][1]}", None
            case x if x < 0.92 and self._said:
                _, comment_id, under = chance.choice(self._said[-100:])
                return "POST", f"/v1/posts/{under}/comments", {"body": "A reply", "parent_id": comment_id}
        return "POST", f"/v1/posts/{post}/comments", {"body": "A comment"}

    def _other(self, person: Person) -> Person:
        return self._chance.choice([one for one in self._people if one is not person])

    def _block(self, person: Person) -> Whim:
        """Each block is lifted again soon: those between whom it stands can do little."""
        mine = [pair for pair in self._blocks if pair[0] is person]
        if mine:
            self._blocks.remove(mine[0])
            return "DELETE", f"/v1/profiles/{mine[0][1].username}/block", None
        self._blocks.append((person, other := self._other(person)))
        return "PUT", f"/v1/profiles/{other.username}/block", None

    async def _publish(self, http: aiohttp.ClientSession, person: Person) -> None:
        wish = {"content_type": "image/jpeg", "bytes": len(self._picture)}
        ticket = await self._do(http, person, "POST", "/v1/uploads/sign", wish)
        if ticket is None:
            return
        async with http.request(
            ticket["method"], ticket["url"], data=self._picture, headers=ticket["headers"]
        ) as stored:
            assert stored.status == 200, await stored.text()
        post = await self._do(http, person, "POST", "/v1/posts", {"upload_id": ticket["upload_id"]})
        if post is not None:
            self._own.setdefault(person.id, []).append(post["id"])
            self._posts.append(post["id"])

    async def _answer_requests(self, http: aiohttp.ClientSession, person: Person) -> None:
        asking = await self._do(http, person, "GET", "/v1/follow-requests", None)
        for request in (asking or {"items": []})["items"]:
            what = self._chance.choice(("accept", "accept", "reject"))
            await self._do(http, person, "POST", f"/v1/follow-requests/{request['id']}/{what}", None)

    async def _do(
        self, http: aiohttp.ClientSession, person: Person, method: str, path: str, body: Json | None
    ) -> Json | None:
        """What came of it, if it was carried out."""
        url = self._chance.choice(self.servers).url + path
        headers = {"Authorization": f"Bearer {self._token(person.id, person.username)}"}
        try:
            async with http.request(method, url, headers=headers, json=body) as response:
                found: Json | None = await response.json(content_type=None) if await response.read() else None
        except (aiohttp.ClientError, TimeoutError):
            self.broken += 1
            await asyncio.sleep(0.05)
            return None
        self.done += 1
        self.answers[response.status] += 1
        if response.status == 503:
            await asyncio.sleep(0.2)
        if response.status >= 300:
            return None
        self.deeds[f"{method} {_kind(path)}"] += 1
        if response.status == 201 and path.endswith("/comments") and found is not None:
            self._said.append((person, found["id"], found["post_id"]))
        return found or {}


def _kind(path: str) -> str:
    """The path without names and ids."""
    return "/".join(part for part in path.split("/")[2:] if not any(sign.isdigit() for sign in part))
