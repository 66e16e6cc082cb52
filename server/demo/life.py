"""Life in the demo world: its people look around, like, repost, follow and post, at the pace of a small town."""

import asyncio
import random
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog

from actors.settings import Settings
from server.demo import words
from server.demo.pictures import COUNT, draw, theme_of
from server.demo.resident import Away, Declined, Resident

PAUSE_SECONDS = 1.5
"""Between two acts, on average."""
LONGEST_ABSENCE_SECONDS = 30.0
CAST = 24
"""People who are signed in at most."""
NEWCOMER_SECONDS = 15.0
"""A sign-in each so many seconds: visitors share the address's rate limit, and must not be kept out."""
_LONG_EDGE = 1080

log = structlog.get_logger(__name__)
chance = random.Random()  # noqa: S311  nobody gains by guessing what happens next


async def life(settings: Settings) -> None:
    """Let people whom the demo accounts follow act over HTTP at `PUBLIC_URL`, until SIGTERM or SIGINT.

    While the server is away it tries again ever more rarely, every 30 s in the end.
    """
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as http:
        living = asyncio.create_task(_live(Town(http, settings.public_url)))
        waiting = asyncio.create_task(stopped.wait())
        await asyncio.wait({living, waiting}, return_when=asyncio.FIRST_COMPLETED)
        for task in (living, waiting):
            task.cancel()
        outcome, _ = await asyncio.gather(living, waiting, return_exceptions=True)
        if isinstance(outcome, Exception):
            raise outcome


async def _live(town: "Town") -> None:
    absence = 0.0
    while True:
        try:
            await town.act()
            absence = 0.0
        except Declined as refusal:
            log.debug("a demo person was refused", refusal=str(refusal))
        except Away as away:
            absence = min(LONGEST_ABSENCE_SECONDS, max(1.0, absence * 2))
            log.info("demo people wait", why=str(away), seconds=round(absence))
            await asyncio.sleep(max(away.retry_after, absence * chance.uniform(0.5, 1)))
        await asyncio.sleep(min(4 * PAUSE_SECONDS, chance.expovariate(1 / PAUSE_SECONDS)))


class Town:
    """The people who are signed in, and what each of them may do next."""

    def __init__(self, http: aiohttp.ClientSession, base: str) -> None:
        self._http = http
        self._base = base
        self._cast: list[Resident] = []
        self._others: list[str] | None = None
        self._last_arrival = float("-inf")
        deeds: dict[Callable[[Resident], Awaitable[None]], int] = {
            self._like: 60,
            self._like_a_visitors: 16,
            self._follow: 10,
            self._repost: 7,
            self._publish: 8,
            self._comment: 8,
            self._answer: 4,
        }
        self._deeds, self._weights = list(deeds), list(deeds.values())

    async def act(self) -> None:
        """One person does one thing. Raises `Away` or `Declined`."""
        await self._arrive()
        if not self._cast:
            raise Away("nobody of the demo world is here")
        person = chance.choice(self._cast)
        (deed,) = chance.choices(self._deeds, self._weights)
        try:
            await deed(person)
        except Declined:
            # A session that has ended looks like this too: the person leaves, and may come again.
            self._cast.remove(person)
            self._others = [person.username, *(self._others or [])]
            raise

    async def _arrive(self) -> None:
        if len(self._cast) >= CAST or time.monotonic() - self._last_arrival < NEWCOMER_SECONDS:
            return
        if self._others is None:
            self._others = await self._followed_by_visitors()
        if self._others:
            self._last_arrival = time.monotonic()
            self._cast.append(await Resident.sign_in(self._http, self._base, self._others.pop()))

    async def _followed_by_visitors(self) -> list[str]:
        """Those whom the demo accounts follow: what they do shows in the feeds of visitors."""
        visitor = Resident(self._http, self._base, "")
        found: set[str] = set()
        for username, _ in words.DEMO:
            page = await visitor.ask(f"/v1/profiles/{username}/following", limit="100")
            found.update(person["username"] for person in page["items"])
        names = sorted(found - {username for username, _ in words.DEMO})
        chance.shuffle(names)
        return names

    async def _seen(self, person: Resident) -> list[Any]:
        feed = chance.choice(("following", "forYou", "forYou"))
        page = await person.ask("/v1/feed", type=feed, limit="30")
        items: list[Any] = [item for item in page["items"] if item["post"]["author"]["username"] != person.username]
        return items

    async def _like(self, person: Resident) -> None:
        items = [item for item in await self._seen(person) if not item["viewer"]["liked"]]
        if items:
            await person.do("PUT", f"/v1/posts/{_near_the_top(items)['post']['id']}/like")

    async def _like_a_visitors(self, person: Resident) -> None:
        username, _ = chance.choice(words.DEMO)
        page = await person.ask(f"/v1/profiles/{username}/posts", limit="10")
        if page["items"]:
            item = _near_the_top(page["items"])
            await person.do("DELETE" if item["viewer"]["liked"] else "PUT", f"/v1/posts/{item['post']['id']}/like")

    async def _repost(self, person: Resident) -> None:
        items = [item for item in await self._seen(person) if not item["viewer"]["reposted"]]
        if items:
            await person.do("PUT", f"/v1/posts/{_near_the_top(items)['post']['id']}/repost")

    async def _follow(self, person: Resident) -> None:
        username, _ = chance.choice(words.DEMO)
        if chance.random() < 0.6 and (items := await self._seen(person)):
            username = chance.choice(items)["post"]["author"]["username"]
        path = f"/v1/profiles/{username}"
        viewer = (await person.ask(path))["viewer"]
        await person.do("DELETE" if viewer["following"] else "PUT", f"{path}/follow")

    async def _comment(self, person: Resident) -> None:
        items = [item for item in await self._seen(person) if not item["post"]["comments_closed"]]
        if items:
            path = f"/v1/posts/{_near_the_top(items)['post']['id']}/comments"
            await person.do("POST", path, {"body": chance.choice(words.REMARKS)})

    async def _answer(self, person: Resident) -> None:
        """Answer somebody who commented on a post of one's own or, if nobody did, of a visitor's."""
        for username in (person.username, *(username for username, _ in words.DEMO)):
            page = await person.ask(f"/v1/profiles/{username}/posts", limit="10")
            talked_of = [item["post"] for item in page["items"] if item["post"]["counts"]["comments"]]
            if not talked_of:
                continue
            path = f"/v1/posts/{chance.choice(talked_of)['id']}/comments"
            comments = [
                item for item in (await person.ask(path))["items"] if item["author"]["username"] != person.username
            ]
            if comments:
                comment = chance.choice(comments)
                body = chance.choice(words.ANSWERS).format(name=f"@{comment['author']['username']}")
                await person.do("POST", path, {"body": body, "parent_id": comment["id"]})
                return

    async def _publish(self, person: Resident) -> None:
        number = chance.randrange(COUNT)
        theme = theme_of(number)
        photograph = await asyncio.to_thread(draw, number, secrets.token_hex(4), _LONG_EDGE)
        tags = chance.sample(words.TAGS[theme], 2)
        await person.publish(photograph, chance.choice(words.CAPTIONS[theme]), tags, words.ALTS[theme])


def _near_the_top(items: list[Any]) -> Any:
    return items[min(len(items) - 1, int(chance.expovariate(1 / 5)))]
