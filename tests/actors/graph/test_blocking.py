"""Blocking ends what there is between two people, in one commit; muting ends nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actors.auth.people import UnknownUser
from actors.graph.messages import (
    CannotBlockYourself,
    CannotMuteYourself,
    FollowState,
    Mute,
    SetBlock,
)
from actors.kernel.system import System
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.graph.standing import (
    NOTHING,
    block,
    follow,
    go_private,
    mute,
    relationship,
    suspend,
    unmute,
)


def pairs(found: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(fact[name] for name in names) for fact in found]


async def test_blocking_ends_follows_and_requests_both_ways_and_says_so(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    await follow(system, ana, bea)
    await follow(system, bea, ana)
    await go_private(system, cleo)
    await follow(system, ana, cleo)
    assert await block(system, ana, bea) == FollowState(following=False, blocking=True)
    assert await block(system, cleo, ana) == FollowState(following=False, blocking=True)
    assert await fetch(database_url, "SELECT FROM follows") == []
    assert await fetch(database_url, "SELECT FROM follow_requests") == []
    a, b, c = str(ana.id), str(bea.id), str(cleo.id)
    ended = pairs(await facts(database_url, "Unfollowed"), "follower_id", "followee_id")
    assert sorted(ended) == sorted([(a, b), (b, a)])
    assert pairs(await facts(database_url, "FollowRequestEnded"), "requester_id", "target_id") == [(a, c)]
    assert pairs(await facts(database_url, "Blocked"), "blocker_id", "blocked_id") == [(a, b), (c, a)]
    narrowed = [pair for pair in pairs(await facts(database_url, "SightNarrowed"), "author_id", "viewer_id") if pair[1]]
    assert sorted(narrowed) == sorted([(a, b), (b, a), (a, c), (c, a)])


async def test_blocking_twice_is_blocking_once_and_unblocking_brings_nothing_back(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await follow(system, ana, bea)
    for _ in range(2):
        await block(system, ana, bea)
    for _ in range(2):
        assert await block(system, ana, bea, blocking=False) == NOTHING
    assert len(await facts(database_url, "Blocked")) == len(await facts(database_url, "Unblocked")) == 1
    assert await fetch(database_url, "SELECT FROM follows") == []


async def test_who_is_blocked_does_not_exist_for_following_and_muting_but_may_block_too(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await block(system, ana, bea)
    for who, whom in ((ana, bea), (bea, ana)):
        for wish in (follow, mute):
            with pytest.raises(UnknownUser):
                await wish(system, who, whom)
    assert (await relationship(system, bea, ana)).blocking is False
    assert (await block(system, bea, ana)).blocking
    await block(system, ana, bea, blocking=False)
    with pytest.raises(UnknownUser):
        await follow(system, ana, bea)


async def test_nobody_follows_whose_account_does_not_show_but_may_leave_and_block_them(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await follow(system, ana, bea)
    await suspend(database_url, bea)
    for wish in (follow, mute):
        with pytest.raises(UnknownUser):
            await wish(system, ana, bea)
    assert await follow(system, ana, bea, following=False) == NOTHING
    assert (await block(system, ana, bea)).blocking


async def test_nobody_blocks_or_mutes_themselves_or_nobody(system: System) -> None:
    (ana,) = await callers(system, "ana")
    with pytest.raises(CannotBlockYourself):
        await block(system, ana, ana)
    with pytest.raises(CannotMuteYourself):
        await mute(system, ana, ana)
    for wish in (SetBlock(caller=ana, username="nobody", blocking=True), Mute(caller=ana, username="nobody")):
        with pytest.raises(UnknownUser):
            await system.ask(wish)


async def test_wishes_of_one_batch_find_what_those_before_them_did(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    states = await asyncio.gather(*(block(system, ana, bea, blocking=on) for on in (True, False, True, False)))
    assert [state.blocking for state in states] == [True, False, True, False]
    begun, ended = [len(await facts(database_url, kind)) for kind in ("Blocked", "Unblocked")]
    assert begun == ended
    assert await fetch(database_url, "SELECT FROM blocks") == []


async def test_a_mute_lasts_until_its_time_and_is_replaced_by_the_next(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await follow(system, ana, bea)
    until = datetime.now(UTC) + timedelta(hours=1)
    assert await system.ask(Mute(caller=ana, username="bea", until=until)) == FollowState(following=True, muting=True)
    await mute(system, ana, bea)
    assert (await fetch(database_url, "SELECT until FROM mutes"))[0]["until"] is None
    await fetch(database_url, "UPDATE mutes SET until = now() - interval '1 second'")
    assert not (await relationship(system, ana, bea)).muting
    await mute(system, ana, bea)
    assert (await relationship(system, ana, bea)).muting
    assert not (await unmute(system, ana, bea)).muting
    assert await fetch(database_url, "SELECT FROM mutes") == []
    assert len(await facts(database_url, "Muted")) == 3
    assert len(await facts(database_url, "Unmuted")) == 1


async def test_whoever_is_muted_or_blocked_learns_nothing_of_it_from_the_relationship(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    before = await relationship(system, bea, ana)
    await mute(system, ana, bea)
    await block(system, ana, bea)
    assert await relationship(system, bea, ana) == before
    mine = await relationship(system, ana, bea)
    assert (mine.blocking, mine.muting) == (True, True)
