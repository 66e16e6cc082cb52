"""Refresh tokens turn: once each, racing tabs stay in, and whoever comes late with a spent one ends the session."""

import asyncio

import pytest

from actors.auth.messages import InvalidRefreshToken, Logout, Refresh, SignedIn
from actors.auth.tokens import digest
from actors.kernel.system import System
from tests.actors.auth.people import facts, fetch, join


async def refresh(system: System, token: str) -> SignedIn:
    return await system.ask(Refresh.model_validate({"refresh_token": token}))


async def let_grace_pass(database_url: str) -> None:
    await fetch(database_url, "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds'")


async def test_a_token_gives_the_next_one_of_the_same_session(system: System) -> None:
    first = await join(system, "ana")
    second = await refresh(system, first.refresh_token)
    third = await refresh(system, second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.caller == first.caller
    assert third.client == "native"


async def test_tabs_that_race_in_two_processes_all_stay_in_and_one_family_is_alive(
    system: System, elsewhere: System, database_url: str
) -> None:
    ana = await join(system, "ana")
    raced = await asyncio.gather(*(refresh(where, ana.refresh_token) for where in (system, elsewhere) * 10))
    assert len({each.refresh_token for each in raced}) == 1
    unspent = await fetch(database_url, "SELECT hash FROM refresh_tokens WHERE spent_at IS NULL")
    assert [row["hash"] for row in unspent] == [digest(raced[0].refresh_token)]
    assert await facts(database_url, "SessionRevoked") == []
    await refresh(system, raced[0].refresh_token)


async def test_a_spent_token_that_comes_back_late_ends_the_session(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    current = await refresh(system, ana.refresh_token)
    await let_grace_pass(database_url)
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)
    (fact,) = await facts(database_url, "SessionRevoked")
    assert (fact["session_id"], fact["reason"]) == (str(ana.caller.session_id), "reused")
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, current.refresh_token)
    assert len(await facts(database_url, "SessionRevoked")) == 1


async def test_only_the_immediate_parent_has_grace(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    second = await refresh(system, ana.refresh_token)
    await refresh(system, second.refresh_token)
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)
    assert len(await facts(database_url, "SessionRevoked")) == 1


async def test_another_session_of_the_same_person_goes_on(system: System, database_url: str) -> None:
    ana, other = await join(system, "ana"), await join(system, "bea")
    await refresh(system, ana.refresh_token)
    await let_grace_pass(database_url)
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)
    assert (await refresh(system, other.refresh_token)).caller == other.caller


async def test_after_signing_out_the_token_is_worth_nothing(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await system.ask(Logout(caller=ana.caller))
    await system.ask(Logout(caller=ana.caller))
    assert len(await facts(database_url, "SessionRevoked")) == 1
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)


async def test_a_session_unused_for_too_long_has_ended(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE sessions SET expires_at = now()")
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)


async def test_using_a_session_prolongs_it(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE sessions SET expires_at = now() + interval '1 minute'")
    await refresh(system, ana.refresh_token)
    (left,) = await fetch(database_url, "SELECT expires_at > now() + interval '29 days' AS far FROM sessions")
    assert left["far"]


@pytest.mark.parametrize("token", ["", "made up", "é" * 50])
async def test_a_made_up_token_is_refused(system: System, token: str) -> None:
    await join(system, "ana")
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, token)


async def test_a_deleted_account_refreshes_no_more(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE users SET deleted_at = now()")
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.refresh_token)


async def test_a_token_cannot_be_spent_twice_in_the_database(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    with pytest.raises(Exception, match="refresh_tokens_one_unspent"):
        await fetch(
            database_url,
            "INSERT INTO refresh_tokens (hash, session_id, created_at) VALUES ('x', $1, now())",
            ana.caller.session_id,
        )
