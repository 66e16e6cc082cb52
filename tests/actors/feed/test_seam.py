"""Walks across the seam of timeline and PostgreSQL: nothing is lost or doubled, whatever happens meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from uuid import UUID

import pytest
from prometheus_client import REGISTRY

from actors.auth.people import Caller
from actors.feed import filling, horizon, readers
from actors.graph.messages import SetFollow
from actors.kernel.errors import Busy
from actors.kernel.system import System
from actors.kernel.tools import end
from actors.posts.messages import DeletePost, RestorePost, SetRepost
from tests.actors.auth.people import callers
from tests.actors.feed.model import Past
from tests.actors.feed.showing import ago, id_at, reader, show, shown

AUTHORS = 6
WALKERS = 3


def read_from(source: str) -> float:
    """Pages so far that began with a timeline, or not."""
    return REGISTRY.get_sample_value("vitrine_following_pages_total", {"source": source}) or 0.0


class Storm:
    """People who publish, repost, delete and restore; and a viewer who follows them, and then does not."""

    def __init__(self, system: System, me: Caller, authors: list[Caller], seed: int) -> None:
        self.system, self.me, self.authors = system, me, authors
        self.past = Past()
        self.rng = random.Random(seed)
        self.minutes = 600.0
        self.owners: dict[UUID, Caller] = {}

    async def begin(self) -> None:
        """A world to walk through."""
        for author in self.authors[:-1]:
            await self.follow(author)
        for _ in range(40):
            await self.publish()
        for _ in range(8):
            await self.repost()

    async def blow(self) -> None:
        """One thing happens."""
        acts = (self.publish, self.repost, self.delete_or_restore, self.follow_or_not)
        (act,) = self.rng.choices(acts, weights=(5, 5, 3, 2))
        try:
            await act()
        except Busy:  # nothing was done: after Redis was emptied the outbox may lag
            await asyncio.sleep(0.2)

    async def publish(self) -> None:
        """A post of some minutes ago that nobody has heard of yet: no page finds it for being new."""
        author, self.minutes = self.rng.choice(self.authors), self.minutes - 0.1
        at = ago(minutes=self.minutes)
        post = id_at(at)
        self.past.rows[post, author.id] = None
        with self.past.beginning(("post", post)), self.past.beginning(("row", post, author.id)):
            await show(self.system, author.id, at, post_id=post)
        self.owners[post] = author

    async def repost(self) -> None:
        """Somebody reposts, or takes it back."""
        post, person = self.rng.choice(list(self.owners)), self.rng.choice(self.authors)
        if person is self.owners[post] or not self.past.is_there(("post", post)):
            return
        thing = ("row", post, person.id)
        self.past.rows[post, person.id] = None
        is_there = self.past.is_there(thing)
        act = self.system.ask(SetRepost(caller=person, post_id=post, reposted=not is_there))
        await (self.past.end(thing, act) if is_there else self.past.begin(thing, act))

    async def delete_or_restore(self) -> None:
        """An author deletes a post, or brings one back."""
        post = self.rng.choice(list(self.owners))
        if self.past.is_there(("post", post)):
            await self.past.end(("post", post), self.system.ask(DeletePost(caller=self.owners[post], post_id=post)))
        else:
            await self.past.begin(("post", post), self.system.ask(RestorePost(caller=self.owners[post], post_id=post)))

    async def follow_or_not(self) -> None:
        """The viewer changes their mind about somebody."""
        author = self.rng.choice(self.authors)
        if self.past.is_there(("follow", author.id)):
            wish = SetFollow(caller=self.me, username=author.username, following=False)
            await self.past.end(("follow", author.id), self.system.ask(wish))
        else:
            await self.follow(author)

    async def follow(self, author: Caller) -> None:
        """The viewer follows somebody."""
        wish = SetFollow(caller=self.me, username=author.username, following=True)
        await self.past.begin(("follow", author.id), self.system.ask(wish))

    async def walk(self, faults: list[str], walks: list[int]) -> None:
        """Walk again and again, and hold each walk against the past."""
        while True:
            since, limit = monotonic(), self.rng.randint(1, 7)
            found = await shown(self.system, self.me, limit)
            faults += self.past.faults(found, since, monotonic())
            walks.append(len(found))


@asynccontextmanager
async def walking(storm: Storm, faults: list[str], walks: list[int]) -> AsyncIterator[None]:
    """People walk for the length of the block."""
    tasks = [asyncio.create_task(storm.walk(faults, walks)) for _ in range(WALKERS)]
    try:
        yield
    finally:
        await end(tasks)


@pytest.mark.parametrize(("acts", "floods"), [(80, 1), pytest.param(1_500, 15, marks=pytest.mark.slow)])
async def test_nothing_is_lost_or_doubled_while_everything_changes_and_redis_forgets(
    system: System, monkeypatch: pytest.MonkeyPatch, acts: int, floods: int
) -> None:
    monkeypatch.setattr(filling, "FEW", 1)
    monkeypatch.setattr(filling, "DEPTH", 15)
    monkeypatch.setattr(filling, "STEP", 4)
    monkeypatch.setattr(filling, "CHUNK", 1)
    monkeypatch.setattr(horizon, "KNOWN_SECONDS", 0.0)
    monkeypatch.setattr(readers, "MARGIN", timedelta(seconds=3))
    me, *authors = await callers(system, "me1", *(f"author{n}" for n in range(AUTHORS)))
    storm = Storm(system, me, authors, seed=acts)
    await storm.begin()
    await reader(system, me)
    before, faults, walks = read_from("timeline"), list[str](), list[int]()
    async with walking(storm, faults, walks):
        for act in range(acts):
            if act % (acts // floods) == acts // floods // 2:
                await system.outside.cache.redis.flushall()
            await storm.blow()
            await asyncio.sleep(0)
    assert faults == []
    assert walks
    assert max(walks) > 15, "walks went below the timeline"
    await reader(system, me)
    since = monotonic()
    assert storm.past.faults(await shown(system, me, 5), since, monotonic()) == []
    assert read_from("timeline") > before + 10
