"""Counts equal rows after fifty thousand deeds at random, with servers and workers killed among them, and recounts
that find nothing to heal; what is then falsified by hand they heal."""

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

import aiohttp
import pytest

from load.processes import Served
from tests.faults.conditions import OWED
from tests.flows.people import Person
from tests.flows.stack import Stack

pytestmark = pytest.mark.slow

DEEDS = 50_000
PEOPLE, POSTS = 64, 24
KILLS = 12

COUNTS = """
SELECT ARRAY[
    (SELECT count(*) FROM posts p WHERE p.original_post_id IS NULL AND (p.likes, p.reposts, p.comments) <> (
        (SELECT count(*) FROM likes WHERE post_id = p.id),
        (SELECT count(*) FROM reposts WHERE post_id = p.id),
        (SELECT count(*) FROM comments c LEFT JOIN comments top ON top.id = c.parent_id
         WHERE c.post_id = p.id AND c.deleted_at IS NULL AND top.deleted_at IS NULL))),
    (SELECT count(*) FROM comments top WHERE top.deleted_at IS NULL AND top.replies <> (
        SELECT count(*) FROM comments c WHERE c.parent_id = top.id AND c.deleted_at IS NULL)),
    (SELECT count(*) FROM profiles f WHERE (f.posts, f.likes, f.followers, f.following) <> (
        (SELECT count(*) FROM posts WHERE author_id = f.user_id AND deleted_at IS NULL AND original_post_id IS NULL),
        (SELECT coalesce(sum(likes), 0) FROM posts
         WHERE author_id = f.user_id AND deleted_at IS NULL AND original_post_id IS NULL),
        (SELECT count(*) FROM follows WHERE followee_id = f.user_id),
        (SELECT count(*) FROM follows WHERE follower_id = f.user_id)))]
"""
"""How many posts, comments and profiles count something wrong."""
RIGHT = [0, 0, 0]
RECOUNTS = ("posts.recount", "posts.recount_authors", "comments.recount", "profiles.recount")
HEALED = "counts were off"
"""What a worker says when it heals."""


class Crowd:
    """People who do whatever comes to their minds, one after the other, to servers that come and go."""

    def __init__(self, people: Sequence[Person], posts: Sequence[str]) -> None:
        self.servers: list[Served] = []
        self.done = 0
        self.statuses: dict[int, int] = {}
        self._people = people
        self._posts = posts
        self._chance = random.Random(50_000)
        self._said: list[tuple[Person, str, str]] = []

    async def run(self, deeds: int) -> None:
        """Do so many."""
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as http:
            await asyncio.gather(*(self._live(http, person, deeds) for person in self._people))

    async def _live(self, http: aiohttp.ClientSession, person: Person, deeds: int) -> None:
        while self.done < deeds:
            self.done += 1
            await self._do(http, person, *self._whim(person))

    def _whim(self, person: Person) -> tuple[str, str, dict[str, str] | None]:
        post = self._chance.choice(self._posts)
        match self._chance.random():
            case x if x < 0.55:
                return self._chance.choice(("PUT", "DELETE")), f"/v1/posts/{post}/like", None
            case x if x < 0.65:
                return self._chance.choice(("PUT", "DELETE")), f"/v1/posts/{post}/repost", None
            case x if x < 0.75:
                other = self._chance.choice([one for one in self._people if one is not person])
                path = f"/v1/profiles/{other.username}/follow"
                return self._chance.choice(("PUT", "DELETE")), path, None
            case x if x < 0.83 and self._said:
                mine = [one for one in self._said[-300:] if one[0] is person]
                if mine:
                    self._said.remove(mine[0])
                    return "DELETE", f"/v1/comments/{mine[0][1]}", None
            case x if x < 0.92 and self._said:
                _, comment_id, under = self._chance.choice(self._said[-100:])
                return "POST", f"/v1/posts/{under}/comments", {"body": "A reply", "parent_id": comment_id}
        return "POST", f"/v1/posts/{post}/comments", {"body": "A comment"}

    async def _do(
        self, http: aiohttp.ClientSession, person: Person, method: str, path: str, body: dict[str, str] | None
    ) -> None:
        url = self._chance.choice(self.servers).url + path
        headers = {"Authorization": f"Bearer {person.token}"}
        try:
            async with http.request(method, url, headers=headers, json=body) as response:
                self.statuses[response.status] = self.statuses.get(response.status, 0) + 1
                if response.status == 201:
                    made: dict[str, Any] = await response.json()
                    self._said.append((person, made["id"], made["post_id"]))
        except (aiohttp.ClientError, TimeoutError):
            self.statuses[0] = self.statuses.get(0, 0) + 1
            await asyncio.sleep(0.05)


async def recounted(stack: Stack, *, seconds: float = 60) -> None:
    """Have every count looked at once, by whichever worker lives."""
    await stack.database.executemany(
        "INSERT INTO job_intents (id, task, args, created_at) VALUES (gen_random_uuid(), $1, '{}', now())",
        [(name,) for name in RECOUNTS],
    )
    await stack.becomes(
        0, "SELECT count(*) FROM job_intents WHERE done_at IS NULL AND task = ANY($1)", RECOUNTS, seconds=seconds
    )


async def test_counts_equal_rows_after_fifty_thousand_deeds_with_processes_killed_in_between(stack: Stack) -> None:
    people = await stack.people(PEOPLE)
    posts = [post for person in people[:8] for post in await stack.posts(person, POSTS // 8)]
    await stack.database.execute(
        "UPDATE profiles f SET posts = (SELECT count(*) FROM posts WHERE author_id = f.user_id)"
    )
    crowd = Crowd(people, posts)
    crowd.servers = [await stack.serve(), await stack.serve()]
    workers = [stack.worker()]
    began = time.monotonic()
    deeds = asyncio.create_task(crowd.run(DEEDS))
    for turn in range(KILLS):
        while crowd.done < DEEDS * (turn + 1) / (KILLS + 1):
            await recounted(stack)
        if turn % 3 == 2:
            workers[-1].kill()
            workers.append(stack.worker())
        else:
            doomed = crowd.servers[turn % 2]
            doomed.kill()
            crowd.servers[turn % 2] = await stack.serve(port=doomed.port)
    await deeds
    took = time.monotonic() - began
    await stack.becomes(0, OWED, seconds=120)
    assert await stack.value(COUNTS) == RIGHT
    assert [worker.words().count(HEALED) for worker in workers] == [0] * len(workers), "what was on its way is no drift"
    assert set(crowd.statuses) <= {0, 200, 201, 204, 404, 503}, crowd.statuses

    await stack.database.execute("UPDATE posts SET likes = likes + 3, comments = comments - 2 WHERE random() < 0.5")
    await stack.database.execute("UPDATE profiles SET followers = followers + 5, likes = 0 WHERE random() < 0.5")
    for _ in range(3):
        await recounted(stack)
        await stack.becomes(0, OWED, seconds=60)
    assert await stack.value(COUNTS) == RIGHT
    assert HEALED in workers[-1].words()
    print(f"{crowd.done} deeds in {took:.0f} s, {KILLS} kills, answers {crowd.statuses}")
