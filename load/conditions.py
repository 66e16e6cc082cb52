"""What must be on for a figure to count: durable commits, authentication, rate limits, distinct people."""

import asyncpg
import orjson

from load.wire import connect, packed
from load.world import World

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class ConditionBroken(Exception):
    """What is to be measured is not what should be measured."""


async def assert_conditions(url: str, database_url: str, world: World, *, needs: int) -> list[str]:
    """Say what was found to be on. Raises `ConditionBroken` for what is not."""
    return [
        await _durable(database_url),
        await _refuses_strangers(url, world),
        await _limits(url, world),
        _distinct(world, needs),
    ]


async def _durable(database_url: str) -> str:
    connection = await asyncpg.connect(database_url)
    try:
        found = {name: await connection.fetchval(f"SHOW {name}") for name in DURABLE}
        others = await connection.fetch(
            "SELECT unnest(setconfig) AS setting FROM pg_db_role_setting WHERE setconfig IS NOT NULL"
        )
    finally:
        await connection.close()
    if found != DURABLE:
        raise ConditionBroken(f"PostgreSQL is not durable: {found}")
    if weakened := [row["setting"] for row in others if row["setting"].partition("=")[0] in DURABLE]:
        raise ConditionBroken(f"a role or database is less durable: {weakened}")
    return "PostgreSQL: " + ", ".join(f"{name} = {value}" for name, value in found.items())


async def _refuses_strangers(url: str, world: World) -> str:
    wire = await connect(url)
    try:
        path = f"/v1/posts/{world.posts[0]}/like"
        forged = world.people[0].token[:-4] + "AAAA"
        for who, token in (("without a token", None), ("with a forged token", forged)):
            reply = await wire.ask(packed("PUT", path, token))
            if reply.status != 401:
                raise ConditionBroken(f"a like {who} is answered {reply.status}, not 401")
    finally:
        wire.close()
    return "authentication: a like without a token, or with a forged one, is answered 401"


async def _limits(url: str, world: World) -> str:
    wire = await connect(url)
    try:
        reply = await wire.ask(packed("GET", "/v1/limits"))
        if reply.status != 200 or not orjson.loads(reply.body)["enforced"]:
            raise ConditionBroken(f"rate limits are off: {reply}")
        await wire.ask(packed("GET", f"/v1/posts/{world.posts[0]}", world.people[0].token))
        if b"\r\nratelimit:" not in wire.head:
            raise ConditionBroken("a reply to somebody signed in names no rate limit")
    finally:
        wire.close()
    buckets = {item["name"]: item for item in orjson.loads(reply.body)["items"]}
    told = ", ".join(
        f"{name} {buckets[name]['limit']:,} in {buckets[name]['window_seconds']} s"
        for name in ("writes", "reads", "sockets")
    )
    return f"rate limits: enforced ({told}); the load is spread over enough people, all sockets come from one address"


def _distinct(world: World, needs: int) -> str:
    if len(world.people) < needs:
        raise ConditionBroken(f"{needs} distinct people are needed, {len(world.people)} are there")
    return f"people: {len(world.people):,} distinct, each with an access token of their own"
