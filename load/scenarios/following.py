"""Pages of *following* for people who follow a thousand, among a million posts, however much those followed show."""

import time
from collections.abc import Mapping
from itertools import cycle
from urllib.parse import quote
from uuid import UUID

import asyncpg
import orjson

from load.bench import Bench
from load.figures import Figure, Outcome, curve, quantile
from load.wire import Wire, connect, packed
from load.world import Person

KINDS = ("dense", "sparse", "dormant")
"""Followees who show three in ten of all posts, one in some, and those of the oldest tenth."""
POSTS, SHORT_POSTS = 1_000_000, 20_000
FOLLOWEES, SHORT_FOLLOWEES = 1_000, 200
ONE_IN, SHORT_ONE_IN = 200, 20
VIEWERS = 10
"""People of each kind, so that nobody meets the rate limit."""
DEPTH = 20
WARM = 2
GOAL_MS, GOAL_SPREAD = 5.0, 2.0
PATH = "/v1/feed?type=following&limit=20"

_AUTHORS = """
INSERT INTO users (id, username, username_key, email, password_hash, role, plan, created_at)
SELECT gen_random_uuid(), name, name, name || '@load.example', '', 'user', 'free', now()
FROM unnest($1::text[]) AS kind, generate_series(0, $2::int - 1) AS n, concat(kind, n) AS name ON CONFLICT DO NOTHING
"""
_POSTS = """
CREATE TEMPORARY TABLE planted AS
SELECT uuidv7((n - $1) * interval '2 seconds' - interval '1 hour') AS id, u.id AS author_id,
    now() + (n - $1) * interval '2 seconds' - interval '1 hour' AS at
FROM (
    SELECT n, CASE WHEN n <= $1 / 10 THEN 'dormant' WHEN n % $3 = 0 THEN 'sparse' WHEN n % 10 IN (1, 2, 3) THEN 'dense'
        ELSE 'other' END AS kind
    FROM generate_series(1, $1::bigint) AS n) AS each
JOIN users u ON u.username_key = kind || (n * 7919 / 10 % $2)
"""
_FILL = (
    """INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants,
            width, height, created_at, expires_at, posted_at)
        SELECT id, author_id, 'ready', 'image/jpeg', 1, id::text, id::text, '[]', 640, 480, at, at, at FROM planted""",
    """INSERT INTO posts (id, author_id, photo_id, caption, tags, sensitive, likes, reposts, comments, v, created_at)
        SELECT id, author_id, id, '', '{}', false, 0, 0, 0, 0, at FROM planted ORDER BY id""",
    "DROP TABLE planted",
)
_FOLLOW = """
INSERT INTO follows (follower_id, followee_id, created_at)
SELECT viewer, u.id, now() - interval '1 day' FROM unnest($1::uuid[]) AS viewer, users u
WHERE u.username_key = ANY(SELECT concat($2::text, n) FROM generate_series(0, $3::int - 1) AS n) ON CONFLICT DO NOTHING
"""


async def run(bench: Bench, outcome: Outcome) -> None:
    """One request at a time, each kind in turn: the first page, and one far down from where a walk came to."""
    people = bench.world.people
    viewers = {kind: people[place * VIEWERS : (place + 1) * VIEWERS] for place, kind in enumerate(KINDS)}
    await _plant(bench, viewers)
    wire = await connect(bench.url)
    turns = int(bench.seconds(600, 40))
    pages = {
        f"{kind}, {where}": cycle([(person, path) for person, path in paths])
        for kind in KINDS
        for where, paths in (await _places(wire, viewers[kind], outcome)).items()
    }
    times: dict[str, list[float]] = {name: [] for name in pages}
    for turn in range(WARM * VIEWERS + turns):
        for name, places in pages.items():
            person, path = next(places)
            began = time.perf_counter()
            await _page(wire, path, person, outcome)
            if turn >= WARM * VIEWERS:
                times[name].append((time.perf_counter() - began) * 1000)
    wire.close()
    p99 = {}
    for name, taken in times.items():
        ordered = sorted(taken)
        p99[name] = quantile(ordered, 0.99)
        outcome.figures.append(Figure(f"{name}: p50", quantile(ordered, 0.5), "ms"))
        outcome.figures.append(Figure(f"{name}: p99", p99[name], "ms", None if bench.short else GOAL_MS))
        outcome.curves.append(curve(f"Time of a page, {name}", "ms", taken))
    spread = max(p99.values()) / min(p99.values())
    outcome.figures.append(
        Figure("the slowest over the fastest, p99", spread, "×", None if bench.short else GOAL_SPREAD)
    )


async def _places(wire: Wire, viewers: tuple[Person, ...], outcome: Outcome) -> Mapping[str, list[tuple[Person, str]]]:
    """Where each of these people asks: for the first page, and for the one `DEPTH` pages below."""
    deep = []
    for person in viewers:
        path = PATH
        for _ in range(DEPTH):
            cursor = await _page(wire, path, person, outcome)
            path = f"{PATH}&cursor={quote(cursor)}"
        deep.append((person, path))
    return {"page 1": [(person, PATH) for person in viewers], f"page {DEPTH + 1}": deep}


async def _page(wire: Wire, path: str, person: Person, outcome: Outcome) -> str:
    """Ask for a page and say where the next begins. Anything but a full page is a fault."""
    reply = await wire.ask(packed("GET", path, person.token))
    page = orjson.loads(reply.body) if reply.status == 200 else {"items": ()}
    if len(page["items"]) != 20 or page["next"] is None:
        outcome.faults.append(f"GET {path}: {reply.status}, {len(page['items'])} items in the page")
        return ""
    return str(page["next"])


async def _plant(bench: Bench, viewers: Mapping[str, tuple[Person, ...]]) -> None:
    posts, followees, one_in = (
        (SHORT_POSTS, SHORT_FOLLOWEES, SHORT_ONE_IN) if bench.short else (POSTS, FOLLOWEES, ONE_IN)
    )
    connection = await asyncpg.connect(bench.database_url)
    try:
        if not await connection.fetchval("SELECT 1 FROM users WHERE username_key = 'dense0'"):
            await connection.execute(_AUTHORS, [*KINDS, "other"], followees)
            await connection.execute(_POSTS, posts, followees, one_in)
            for statement in _FILL:
                await connection.execute(statement)
        for kind, each in viewers.items():
            await connection.execute("DELETE FROM follows WHERE follower_id = ANY($1)", _ids(each))
            await connection.execute(_FOLLOW, _ids(each), kind, followees)
        await connection.execute("VACUUM ANALYZE users, posts, photos, follows")
    finally:
        await connection.close()


def _ids(people: tuple[Person, ...]) -> list[UUID]:
    return [person.id for person in people]
