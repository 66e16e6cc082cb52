"""Counts equal rows, whatever order facts arrive in and whether a profile was there before them."""

import asyncio
import random
from uuid import UUID

import asyncpg

from actors.auth.people import UnknownUser
from actors.graph.messages import SetFollow
from actors.kernel.system import System
from actors.kernel.transaction import Transaction
from actors.profiles import queries
from actors.profiles.messages import AdjustCounts, GetProfile
from actors.profiles.queries import Delta
from load.counts import miscounted
from tests.actors.auth.people import callers, facts, fetch, until


async def test_after_a_storm_of_follows_the_counts_equal_the_rows(system: System, database_url: str) -> None:
    people = await callers(system, *(f"person{n}" for n in range(10)))
    chance = random.Random(3)
    pairs = [chance.sample(people, 2) for _ in range(600)]
    wishes = [(a, b, chance.random() < 0.7) for a, b in pairs]
    await asyncio.gather(
        *(system.ask(SetFollow(caller=a, username=b.username, following=wish)) for a, b, wish in wishes)
    )
    announced = len(await facts(database_url, "Followed")) + len(await facts(database_url, "Unfollowed"))

    async def counted() -> int:
        rows = await fetch(
            database_url,
            "SELECT count(*) AS n FROM inbox_records r JOIN outbox o ON o.id = r.event_id "
            "WHERE r.domain = 'profiles' AND o.type IN ('Followed', 'Unfollowed')",
        )
        return int(rows[0]["n"])

    await until(counted, announced)
    assert await miscounted(database_url, "followers", "following") == []


async def test_a_registration_gives_a_profile(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")

    async def owners() -> list[object]:
        return [row["user_id"] for row in await fetch(database_url, "SELECT user_id FROM profiles")]

    await until(owners, [ana.id])


async def test_deltas_of_one_batch_are_summed_and_a_stranger_fails_alone(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    stranger = ana.session_id
    outcomes = await asyncio.gather(
        *(system.ask(AdjustCounts(user_id=ana.id, likes=2, posts=1)) for _ in range(50)),
        system.ask(AdjustCounts(user_id=stranger, likes=1)),
        system.ask(AdjustCounts(user_id=bea.id, likes=-1)),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes[-2:]] == [UnknownUser, type(None)]
    counts = (await system.ask(GetProfile(username="ana"))).profile.counts
    assert (counts.posts, counts.likes) == (50, 100)


async def test_an_undo_that_arrives_before_its_deed_shows_zero_and_ends_right(system: System) -> None:
    (ana,) = await callers(system, "ana")
    await system.ask(AdjustCounts(user_id=ana.id, likes=-1))
    assert (await system.ask(GetProfile(username="ana"))).profile.counts.likes == 0
    await system.ask(AdjustCounts(user_id=ana.id, likes=2))
    assert (await system.ask(GetProfile(username="ana"))).profile.counts.likes == 1


async def test_likes_alone_are_not_announced_and_followers_are(system: System, database_url: str) -> None:
    ana, _ = await callers(system, "ana", "bea")
    await system.ask(AdjustCounts(user_id=ana.id, likes=5))
    assert await facts(database_url, "ProfileCounted") == []
    await system.ask(SetFollow(caller=ana, username="bea", following=True))

    async def followers() -> list[tuple[str, int, int]]:
        return sorted(
            (fact["profile"]["username"], counts["followers"], counts["following"])
            for fact in await facts(database_url, "ProfileCounted")
            if (counts := fact["profile"]["counts"])
        )

    await until(followers, [("ana", 0, 1), ("bea", 1, 0)])


async def test_two_processes_counting_one_crowd_do_not_lock_each_other_out(system: System, database_url: str) -> None:
    people = [caller.id for caller in await callers(system, *(f"person{n}" for n in range(40)))]

    async def count(order: list[UUID]) -> None:
        connection = await asyncpg.connect(database_url)
        try:
            for _ in range(60):
                async with connection.transaction():
                    await queries.adjust(Transaction(connection, None), {who: Delta(likes=1) for who in order})
        finally:
            await connection.close()

    await asyncio.gather(count(people), count(people[::-1]), count(people[20:] + people[:20]))
    rows = await fetch(database_url, "SELECT DISTINCT likes FROM profiles")
    assert [row["likes"] for row in rows] == [180]
