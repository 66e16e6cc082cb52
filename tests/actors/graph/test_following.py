"""Following: idempotent, announced only when something changed, and never in each other's way."""

import asyncio
import itertools
import random
from zlib import crc32

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import Caller, UnknownUser
from actors.domains import actors
from actors.graph import queries
from actors.graph.actor import GraphActor
from actors.graph.messages import (
    CannotFollowYourself,
    FollowState,
    Relationships,
    SetFollow,
    TooManyBlocked,
    TooManyFollowed,
    TooManyMuted,
)
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.graph.standing import block, follow, go_private, mute


async def set_follow(system: System, who: Caller, whom: str, *, following: bool = True) -> FollowState:
    return await system.ask(SetFollow(caller=who, username=whom, following=following))


async def test_following_twice_is_following_once(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "Bea")
    for _ in range(2):
        state = await set_follow(system, ana, "bEA")
        assert state == FollowState(following=True, requested=False, blocking=False, muting=False)
    (fact,) = await facts(database_url, "Followed")
    assert (fact["follower_id"], fact["followee_id"]) == (str(ana.id), str(bea.id))


async def test_unfollowing_twice_is_announced_once(system: System, database_url: str) -> None:
    ana, _ = await callers(system, "ana", "bea")
    await set_follow(system, ana, "bea")
    for _ in range(2):
        assert not (await set_follow(system, ana, "bea", following=False)).following
    assert len(await facts(database_url, "Unfollowed")) == 1
    assert await fetch(database_url, "SELECT 1 FROM follows") == []


async def test_nobody_follows_themselves_or_nobody(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    with pytest.raises(CannotFollowYourself):
        await set_follow(system, ana, "Ana")
    with pytest.raises(UnknownUser):
        await set_follow(system, ana, "nobody")
    await fetch(database_url, "UPDATE users SET deleted_at = now()")
    bea, _ = await callers(system, "bea", "cleo")
    with pytest.raises(UnknownUser):
        await set_follow(system, bea, "ana")
    with pytest.raises(UnknownUser):
        await set_follow(system, ana, "bea")


async def test_in_one_batch_the_last_wish_about_a_pair_counts(system: System, database_url: str) -> None:
    ana, _ = await callers(system, "ana", "bea")
    wishes = [True, False, True, False, False, True]
    states = await asyncio.gather(*(set_follow(system, ana, "bea", following=wish) for wish in wishes))
    assert [state.following for state in states] == wishes
    assert len(await fetch(database_url, "SELECT 1 FROM follows")) == 1
    begun, ended = await facts(database_url, "Followed"), await facts(database_url, "Unfollowed")
    assert len(begun) - len(ended) == 1


async def test_one_impossible_wish_of_a_batch_fails_alone(system: System) -> None:
    people = await callers(system, "ana", "bea", "cleo")
    outcomes = await asyncio.gather(*(set_follow(system, who, "cleo") for who in people), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [FollowState, FollowState, CannotFollowYourself]


async def test_facts_equal_rows_after_everybody_followed_everybody_in_two_processes(
    system: System, outside: Outside, database_url: str
) -> None:
    other = System(outside, actors())
    await other.start()
    people = await callers(system, *(f"person{n}" for n in range(8)))
    chance = random.Random(7)
    wishes = [
        (who, whom.username, chance.random() < 0.6)
        for _ in range(20)
        for who in people
        for whom in people
        if who is not whom
    ]
    chance.shuffle(wishes)
    here_and_there = itertools.cycle((system, other))
    await asyncio.gather(*(set_follow(next(here_and_there), who, whom, following=wish) for who, whom, wish in wishes))
    await other.stop()
    rows = await fetch(database_url, "SELECT follower_id, followee_id FROM follows")
    balance: dict[tuple[str, str], int] = {}
    for kind, by in (("Followed", 1), ("Unfollowed", -1)):
        for fact in await facts(database_url, kind):
            pair = (fact["follower_id"], fact["followee_id"])
            balance[pair] = balance.get(pair, 0) + by
    assert set(balance.values()) <= {0, 1}
    assert {pair for pair, so in balance.items() if so} == {(str(a), str(b)) for a, b in rows}


async def test_the_relationship_shows_both_sides_in_the_order_asked(system: System) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    await set_follow(system, ana, "bea")
    await set_follow(system, cleo, "ana")
    found = await system.ask(Relationships(caller=ana, ids=(cleo.id, bea.id, ana.session_id)))
    assert [(one.id, one.following, one.followed_by) for one in found.items] == [
        (cleo.id, False, True),
        (bea.id, True, False),
        (ana.session_id, False, False),
    ]


async def test_many_callers_asking_at_once_each_get_their_own_answer(system: System) -> None:
    people = await callers(system, *(f"person{n}" for n in range(6)))
    for who, whom in itertools.pairwise(people):
        await set_follow(system, who, whom.username)
    everybody = tuple(person.id for person in people)
    answers = await asyncio.gather(*(system.ask(Relationships(caller=who, ids=everybody)) for who in people))
    for place, answer in enumerate(answers):
        assert [one.following for one in answer.items] == [n == place + 1 for n in range(6)]
        assert [one.followed_by for one in answer.items] == [n == place - 1 for n in range(6)]


async def test_so_many_people_are_followed_asked_blocked_or_muted_and_no_more_until_one_is_let_go(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in ("MOST_FOLLOWED", "MOST_BLOCKED", "MOST_MUTED"):
        monkeypatch.setattr(queries, most, 2)
    ana, bea, cleo, dora = await callers(system, "ana", "bea", "cleo", "dora")
    await go_private(system, cleo)
    await follow(system, ana, bea)
    assert (await follow(system, ana, cleo)).requested
    for again in (bea, cleo):
        await follow(system, ana, again)
    with pytest.raises(TooManyFollowed):
        await follow(system, ana, dora)
    assert (await follow(system, bea, dora)).following
    await follow(system, ana, cleo, following=False)
    assert (await follow(system, ana, dora)).following
    for whom in (bea, cleo, bea):
        await mute(system, ana, whom)
    with pytest.raises(TooManyMuted):
        await mute(system, ana, dora)
    await fetch(database_url, "UPDATE mutes SET until = now() WHERE muted_id = $1", bea.id)
    assert (await mute(system, ana, dora)).muting, "a mute whose time is over is none"
    for whom in (bea, cleo, bea):
        await block(system, ana, whom)
    with pytest.raises(TooManyBlocked):
        await block(system, ana, dora)
    await block(system, ana, bea, blocking=False)
    assert (await block(system, ana, dora)).blocking


def in_one_lane(count: int) -> list[str]:
    """Names that are followed, blocked and muted in one batch."""
    names = (f"person{n}" for n in itertools.count())
    return list(itertools.islice((name for name in names if crc32(name.encode()) % GraphActor.lanes == 0), count))


async def test_of_people_followed_blocked_or_muted_at_once_there_are_so_many_and_no_more(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for most in ("MOST_FOLLOWED", "MOST_BLOCKED", "MOST_MUTED"):
        monkeypatch.setattr(queries, most, 2)
    ana, *others = await callers(system, "ana", *in_one_lane(5))
    await go_private(system, others[1])
    for act, refusal, tables in (
        (follow, TooManyFollowed, "follows UNION ALL SELECT FROM follow_requests"),
        (mute, TooManyMuted, "mutes"),
        (block, TooManyBlocked, "blocks"),
    ):
        outcomes = await asyncio.gather(*(act(system, ana, whom) for whom in others), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [FollowState] * 2 + [refusal] * 3
        assert len(await fetch(database_url, f"SELECT FROM {tables}")) == 2


async def test_who_is_let_go_makes_room_in_the_same_batch(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    for most in ("MOST_FOLLOWED", "MOST_BLOCKED"):
        monkeypatch.setattr(queries, most, 1)
    ana, bea, cleo, dora = await callers(system, "ana", *in_one_lane(3))
    follows = ((bea, True), (bea, False), (cleo, True), (dora, True))
    outcomes = await asyncio.gather(
        *(follow(system, ana, whom, following=so) for whom, so in follows), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [FollowState] * 3 + [TooManyFollowed]
    outcomes = await asyncio.gather(
        *(block(system, ana, whom, blocking=so) for whom, so in follows), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes] == [FollowState] * 3 + [TooManyBlocked]
