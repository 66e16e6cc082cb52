"""Commands about two people lock both: whatever races in two processes, none deadlocks, and counts equal rows."""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Coroutine
from functools import partial
from typing import Any

import asyncpg
import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.graph.messages import AnswerRequest, RemoveFollower
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.profiles.messages import GetProfile, ListFollowRequests
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.graph.standing import block, follow, go_private, mute, unmute

Wish = Coroutine[Any, Any, Any]


@pytest.fixture
async def other(outside: Outside) -> AsyncIterator[System]:
    """A second process's worth of actors on the same database."""
    system = System(outside, actors())
    await system.start()
    yield system
    await system.stop()


async def deadlocks(database_url: str) -> int:
    (row,) = await fetch(database_url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(row["deadlocks"])


async def settled(*wishes: Wish) -> None:
    """Carry them all out at once; that somebody is hidden or gone is no fault."""
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    assert [fault for fault in outcomes if isinstance(fault, Exception) and not isinstance(fault, NotFound)] == []


async def test_two_people_block_each_other_at_once_again_and_again(
    system: System, other: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    for _ in range(20):
        await settled(block(system, ana, bea), block(other, bea, ana))
        assert len(await fetch(database_url, "SELECT FROM blocks")) == 2
        await settled(block(system, ana, bea, blocking=False), block(other, bea, ana, blocking=False))
    assert await fetch(database_url, "SELECT FROM blocks") == []


async def test_of_a_follow_and_a_block_at_once_the_block_stays(
    system: System, other: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    for _ in range(20):
        await settled(follow(system, ana, bea), block(other, bea, ana), follow(other, ana, bea))
        assert await fetch(database_url, "SELECT FROM follows") == []
        await block(system, bea, ana, blocking=False)
    begun, ended = [len(await facts(database_url, kind)) for kind in ("Followed", "Unfollowed")]
    assert begun == ended


async def test_200_random_commands_in_two_processes_end_in_a_graph_that_keeps_its_rules(
    system: System, other: System, database_url: str
) -> None:
    people = await callers(system, *(f"person{n}" for n in range(6)))
    chance = random.Random(11)
    here_and_there = itertools.cycle((system, other))

    async def answer_all(where: System, who: Caller) -> None:
        for request in (await where.ask(ListFollowRequests(caller=who))).items:
            await where.ask(AnswerRequest(caller=who, request_id=request.id, accepted=chance.random() < 0.7))

    def wish() -> Wish:
        where = next(here_and_there)
        who, whom = chance.sample(people, 2)
        return chance.choices(
            (
                lambda: follow(where, who, whom),
                lambda: follow(where, who, whom, following=False),
                lambda: block(where, who, whom),
                lambda: block(where, who, whom, blocking=False),
                lambda: mute(where, who, whom),
                lambda: unmute(where, who, whom),
                lambda: go_private(where, who, private=chance.random() < 0.5),
                lambda: where.ask(RemoveFollower(caller=who, username=whom.username)),
                lambda: answer_all(where, who),
            ),
            (8, 2, 2, 3, 1, 1, 2, 1, 3),
        )[0]()

    before = await deadlocks(database_url)
    await settled(*(wish() for _ in range(200)))
    for who in people:
        await go_private(system, who, private=False)

    async def asking() -> int:
        return len(await fetch(database_url, "SELECT FROM follow_requests"))

    await until(asking, 0)
    await _check_rules(database_url)
    for who in people:
        await until(partial(_counts, system, who), await _rows(database_url, who))
    assert await deadlocks(database_url) == before


async def _check_rules(database_url: str) -> None:
    rows = await fetch(
        database_url,
        "SELECT FROM blocks b JOIN follows f ON (f.follower_id, f.followee_id) IN "
        "((b.blocker_id, b.blocked_id), (b.blocked_id, b.blocker_id))",
    )
    assert rows == [], "somebody follows across a block"
    balance: dict[tuple[str, str], int] = {}
    for kind, by in (("Followed", 1), ("Unfollowed", -1)):
        for fact in await facts(database_url, kind):
            pair = (fact["follower_id"], fact["followee_id"])
            balance[pair] = balance.get(pair, 0) + by
    follows = {(str(a), str(b)) for a, b in await fetch(database_url, "SELECT follower_id, followee_id FROM follows")}
    assert {pair for pair, so in balance.items() if so} == follows
    assert set(balance.values()) <= {0, 1}


async def _counts(system: System, who: Caller) -> tuple[int, int]:
    counts = (await system.ask(GetProfile(caller=who, username=who.username))).profile.counts
    return counts.followers, counts.following


async def _rows(database_url: str, who: Caller) -> tuple[int, int]:
    connection = await asyncpg.connect(database_url)
    try:
        return (
            await connection.fetchval("SELECT count(*) FROM follows WHERE followee_id = $1", who.id),
            await connection.fetchval("SELECT count(*) FROM follows WHERE follower_id = $1", who.id),
        )
    finally:
        await connection.close()
