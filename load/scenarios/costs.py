"""What the commonest requests cost where there are ten and a thousand times as many likes, comments and followers."""

import time
from itertools import cycle
from typing import NamedTuple
from uuid import UUID

import asyncpg

from load.bench import Bench
from load.figures import Figure, Outcome, quantile
from load.wire import Wire, connect, packed
from load.world import Person

SIZES, SHORT_SIZES = (100, 1_000, 100_000), (100, 1_000, 10_000)
"""Likes and comments of a post, and followers of its author."""
GOAL = 2.0
"""How much more a thousand times as much may cost."""
WARM = 10

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


class Subject(NamedTuple):
    """A post of which there is so much, and its author."""

    size: int
    post_id: UUID
    username: str


async def run(bench: Bench, outcome: Outcome) -> None:
    """One request at a time, each size in turn, so that whatever else the machine does hits all of them alike."""
    subjects = await _fill(bench.database_url, SHORT_SIZES if bench.short else SIZES)
    wire = await connect(bench.url)
    people = cycle(bench.world.people)
    turns = int(bench.seconds(400, 60))
    for name, method, path in (
        ("get post", "GET", "/v1/posts/{0.post_id}"),
        ("list comments", "GET", "/v1/posts/{0.post_id}/comments"),
        ("list likes", "GET", "/v1/posts/{0.post_id}/likes"),
        ("get profile", "GET", "/v1/profiles/{0.username}"),
        ("list followers", "GET", "/v1/profiles/{0.username}/followers"),
        ("like", "PUT", "/v1/posts/{0.post_id}/like"),
        ("unlike", "DELETE", "/v1/posts/{0.post_id}/like"),
    ):
        times: dict[int, list[float]] = {subject.size: [] for subject in subjects}
        for turn in range(WARM + turns):
            person, first = next(people), turn % len(subjects)
            # Whoever comes first in a turn pays for a person the server has not met for a while.
            for subject in (*subjects[first:], *subjects[:first]):
                took = await _ask(wire, method, path.format(subject), person, outcome)
                if turn >= WARM:
                    times[subject.size].append(took * 1000)
        p50 = {size: quantile(sorted(each), 0.5) for size, each in times.items()}
        least = subjects[0].size
        outcome.figures.append(Figure(f"{name}, {least:,}: p50", p50[least], "ms"))
        for subject in subjects[1:]:
            goal = GOAL if subject is subjects[-1] else None
            outcome.figures.append(Figure(f"{name}, {subject.size:,}", p50[subject.size] / p50[least], "×", goal))
    wire.close()


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
        await connection.execute("VACUUM ANALYZE users, likes, comments, follows, posts, profiles")
    finally:
        await connection.close()
    return [Subject(size, row["id"], row["username"]) for row, size in zip(rows, sizes, strict=True)]
