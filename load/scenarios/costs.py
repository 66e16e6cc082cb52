"""What the commonest requests cost where there is ten and a thousand times as much.

As much on one post and of its author: likes, comments and followers; as deep a page of their lists; as many posts in
all, each with a comment.
"""

import time
from itertools import cycle
from typing import NamedTuple
from uuid import UUID

import asyncpg
import orjson

from load.bench import Bench
from load.figures import Figure, Outcome, quantile
from load.wire import Wire, connect, packed
from load.world import Person

SIZES, SHORT_SIZES = (100, 1_000, 100_000), (20, 200, 20_000)
"""Likes and comments of a post, and followers of its author: once, ten and a thousand times."""
TOTALS, SHORT_TOTALS = (10, 1_000), (10,)
"""How many times as many posts there are in all."""
GOAL = 1.3
"""How much more a thousand times as much may cost."""
STEADY = ("GET", "/v1/auth/me")
"""What cannot be asked in turn, because data comes in between, is compared by how much more it takes than this, which
is asked in turn with it: a row of a table that does not grow."""
WARM = 10
PAGE = 20

_CROWD = """
INSERT INTO users (id, username, username_key, email, password_hash, role, plan, created_at)
SELECT gen_random_uuid(), 'crowd' || n, 'crowd' || n, 'crowd' || n || '@load.example', '', 'user', 'free', now()
FROM generate_series(1, $1::int) AS n ON CONFLICT DO NOTHING
"""
_FILL = (
    """INSERT INTO likes (post_id, user_id, created_at)
        SELECT $1, id, now() FROM users WHERE username LIKE 'crowd%' ORDER BY id LIMIT $2 ON CONFLICT DO NOTHING""",
    """INSERT INTO comments (id, post_id, author_id, body, mentions, replies, created_at)
        SELECT gen_random_uuid(), $1, id, 'A comment of middling length, as people write them.', '{}', 0, now()
        FROM users WHERE username LIKE 'crowd%' ORDER BY id LIMIT $2""",
    """INSERT INTO follows (follower_id, followee_id, created_at)
        SELECT u.id, p.author_id, now() FROM users u, posts p WHERE p.id = $1 AND u.username LIKE 'crowd%'
        ORDER BY u.id LIMIT $2 ON CONFLICT DO NOTHING""",
)
_COUNT = (
    """UPDATE posts p SET likes = (SELECT count(*) FROM likes WHERE post_id = p.id),
        comments = (SELECT count(*) FROM comments WHERE post_id = p.id), v = v + 1 WHERE id = $1""",
    """UPDATE profiles f SET followers = (SELECT count(*) FROM follows WHERE followee_id = f.user_id),
        likes = (SELECT sum(likes) FROM posts WHERE author_id = f.user_id)
        WHERE user_id = (SELECT author_id FROM posts WHERE id = $1)""",
)
_POSTS = """
SELECT DISTINCT ON (p.author_id) p.id, u.username FROM posts p JOIN users u ON u.id = p.author_id
WHERE p.deleted_at IS NULL AND p.original_post_id IS NULL ORDER BY p.author_id, p.id LIMIT $1
"""


_MORE_POSTS = """
WITH crowd AS MATERIALIZED (
    SELECT array_agg(id) AS ids FROM (SELECT id FROM users WHERE username LIKE 'crowd%' ORDER BY id LIMIT 5000) AS u),
wanted AS MATERIALIZED (
    -- Below every id that is drawn by the clock: what is new stays what it is.
    SELECT ('00000000-0000-4000-8000-' || lpad(to_hex(n), 12, '0'))::uuid AS id,
        ids[1 + n % array_length(ids, 1)] AS who
    FROM crowd CROSS JOIN generate_series($1::int, $2::int) AS n),
photos AS (
    INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants, width, height,
        posted_at, created_at, expires_at)
    SELECT id, who, 'ready', 'image/jpeg', 1000, 'load/' || id, 'load/' || id, '[]', 640, 480, now(), now(), now()
    FROM wanted RETURNING id)
INSERT INTO posts (id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
SELECT w.id, w.who, w.id, 'A caption of middling length, as people write them.', '{}', false, 0, 0, 1, 0, now()
FROM wanted w JOIN photos p ON p.id = w.id
"""
_MORE_COMMENTS = """
INSERT INTO comments (id, post_id, author_id, body, mentions, replies, created_at)
SELECT id, id, author_id, 'A comment of middling length, as people write them.', '{}', 0, now() FROM posts
WHERE id BETWEEN ('00000000-0000-4000-8000-' || lpad(to_hex($1::int), 12, '0'))::uuid
    AND ('00000000-0000-4000-8000-' || lpad(to_hex($2::int), 12, '0'))::uuid
"""
_VACUUM = "VACUUM ANALYZE users, likes, comments, follows, posts, photos, profiles"


class Subject(NamedTuple):
    """A post of which there is so much, and its author."""

    size: int
    post_id: UUID
    username: str


class Request(NamedTuple):
    """What is asked of a subject."""

    name: str
    method: str
    path: str


LISTS = (
    Request("list comments", "GET", "/v1/posts/{0.post_id}/comments"),
    Request("list likes", "GET", "/v1/posts/{0.post_id}/likes"),
    Request("list followers", "GET", "/v1/profiles/{0.username}/followers"),
)
REQUESTS = (
    Request("get post", "GET", "/v1/posts/{0.post_id}"),
    *LISTS,
    Request("get profile", "GET", "/v1/profiles/{0.username}"),
    Request("list posts", "GET", "/v1/profiles/{0.username}/posts"),
    Request("like", "PUT", "/v1/posts/{0.post_id}/like"),
    Request("unlike", "DELETE", "/v1/posts/{0.post_id}/like"),
)


class Asker:
    """Asks one request at a time, each of its ways in turn, so that whatever else the machine does hits all alike."""

    def __init__(self, bench: Bench, wire: Wire, outcome: Outcome) -> None:
        self._wire = wire
        self._outcome = outcome
        self._people = cycle(bench.world.people)
        self._turns = int(bench.seconds(400, 60))

    async def takes(self, *asked: tuple[str, str]) -> list[float]:
        """Milliseconds that each of these requests, method and path, takes: the median."""
        times: list[list[float]] = [[] for _ in asked]
        for turn in range(WARM + self._turns):
            person, first = next(self._people), turn % len(asked)
            # Whoever comes first in a turn pays for a person the server has not met for a while.
            for place in (*range(first, len(asked)), *range(first)):
                method, path = asked[place]
                took = await _ask(self._wire, method, path, person, self._outcome)
                if turn >= WARM:
                    times[place].append(took * 1000)
        return [quantile(sorted(each), 0.5) for each in times]

    async def deep(self, path: str, pages: int) -> str:
        """The address of the page after so many of a hundred."""
        cursor = ""
        for _ in range(pages):
            request = packed("GET", f"{path}?limit=100{cursor}", next(self._people).token)
            cursor = "&cursor=" + orjson.loads((await self._wire.ask(request)).body)["next"]
        return f"{path}?limit={PAGE}{cursor}"


async def run(bench: Bench, outcome: Outcome) -> None:
    """By the size of what is asked for, by the depth of the page, by all there is besides."""
    sizes = SHORT_SIZES if bench.short else SIZES
    subjects = await _fill(bench.database_url, sizes)
    wire = await connect(bench.url)
    asker = Asker(bench, wire, outcome)
    for name, method, path in REQUESTS:
        least, *more = await asker.takes(*((method, path.format(subject)) for subject in subjects))
        outcome.figures.append(Figure(f"{name}, {sizes[0]:,}: p50", least, "ms"))
        for subject, p50 in zip(subjects[1:], more, strict=True):
            goal = GOAL if subject is subjects[-1] else None
            outcome.figures.append(Figure(f"{name}, {subject.size:,}", p50 / least, "×", goal))
    for name, method, path in LISTS:
        first, pages = path.format(subjects[-1]), sizes[-1] * 9 // 1_000
        least, p50 = await asker.takes((method, f"{first}?limit={PAGE}"), (method, await asker.deep(first, pages)))
        outcome.figures.append(Figure(f"{name}, below {pages * 100:,} others", p50 / least, "×", GOAL))
    await _by_all_there_is(bench, outcome, asker, subjects[0])
    wire.close()


async def _by_all_there_is(bench: Bench, outcome: Outcome, asker: Asker, subject: Subject) -> None:
    before = await _compared(asker, subject)
    times = SHORT_TOTALS if bench.short else TOTALS
    there = posts = await _count(bench.database_url)
    for many in times:
        await _add(bench.database_url, there, posts * many)
        there = posts * many
        goal = GOAL if many == times[-1] else None
        for request, least, now in zip(REQUESTS, before, await _compared(asker, subject), strict=True):
            outcome.figures.append(Figure(f"{request.name}, among {there:,} posts", now / least, "×", goal))


async def _compared(asker: Asker, subject: Subject) -> list[float]:
    """How many times as long as `STEADY` each kind of request takes."""
    found = []
    for _, method, path in REQUESTS:
        took, steady = await asker.takes((method, path.format(subject)), STEADY)
        found.append(took / steady)
    return found


async def _count(database_url: str) -> int:
    connection = await asyncpg.connect(database_url)
    try:
        return int(await connection.fetchval("SELECT count(*) FROM posts WHERE photo_id IS NOT NULL"))
    finally:
        await connection.close()


async def _add(database_url: str, there: int, wanted: int) -> None:
    """So many posts, each with a comment, in all."""
    connection = await asyncpg.connect(database_url)
    try:
        for begin in range(there, wanted, 20_000):
            end = min(begin + 20_000, wanted) - 1
            await connection.execute(_MORE_POSTS, begin, end)
            await connection.execute(_MORE_COMMENTS, begin, end)
        await connection.execute(_VACUUM)
        await connection.execute("CHECKPOINT")  # what is still to be written would slow what is measured next
    finally:
        await connection.close()


async def _ask(wire: Wire, method: str, path: str, person: Person, outcome: Outcome) -> float:
    began = time.perf_counter()
    reply = await wire.ask(packed(method, path, person.token))
    took = time.perf_counter() - began
    if reply.status != 200:
        outcome.faults.append(f"{method} {path}: {reply.status} {reply.body[:200].decode(errors='replace')}")
    return took


async def _fill(database_url: str, sizes: tuple[int, ...]) -> list[Subject]:
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute(_CROWD, max(sizes))
        rows = await connection.fetch(_POSTS, len(sizes))
        for row, size in zip(rows, sizes, strict=True):
            for statement in _FILL:
                await connection.execute(statement, row["id"], size)
            for statement in _COUNT:
                await connection.execute(statement, row["id"])
        await connection.execute(_VACUUM)
    finally:
        await connection.close()
    return [Subject(size, row["id"], row["username"]) for row, size in zip(rows, sizes, strict=True)]
