"""Signing in: by either name, with nothing told about accounts to who does not know the password."""

import asyncio
import time

import pytest

from actors.adapters.outside import open_outside
from actors.auth.messages import InvalidCredentials, IssueSession, Login, Refresh, SignedIn
from actors.auth.people import UnknownUser
from actors.domains import actors
from actors.kernel.errors import Busy
from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.auth.people import PASSWORD, fetch, join, prove


async def sign_in(system: System, login: str, password: str = PASSWORD) -> SignedIn:
    return await system.ask(Login.model_validate({"login": login, "password": password}))


@pytest.mark.parametrize("login", ["Ana", "ANA", "ana@example.org", " ANA@Example.org"])
async def test_the_name_or_the_address_signs_in(system: System, database_url: str, login: str) -> None:
    ana = await join(system, "Ana")
    await prove(database_url)
    again = await sign_in(system, login)
    assert again.user.id == ana.user.id
    assert again.caller.session_id != ana.caller.session_id


@pytest.mark.parametrize(
    ("login", "password"),
    [("ana", "not the password"), ("nobody_here", PASSWORD), ("no@example.org", PASSWORD), ("", ""), ("ana", "")],
)
async def test_whatever_is_wrong_the_answer_is_the_same(system: System, login: str, password: str) -> None:
    await join(system, "ana")
    with pytest.raises(InvalidCredentials) as refused:
        await sign_in(system, login, password)
    assert (refused.value.code, refused.value.detail) == ("invalid_credentials", InvalidCredentials().detail)


async def test_a_deleted_account_signs_in_no_more_and_keeps_its_name(system: System, database_url: str) -> None:
    await join(system, "ana")
    await fetch(database_url, "UPDATE users SET deleted_at = now()")
    with pytest.raises(InvalidCredentials):
        await sign_in(system, "ana")
    with pytest.raises(Exception, match="taken"):
        await join(system, "ana")


async def test_an_address_signs_in_who_verified_it_and_until_then_nobody(system: System, database_url: str) -> None:
    await join(system, "ana", email="shared@example.org")
    second = await join(system, "bea", email="shared@example.org")
    with pytest.raises(InvalidCredentials):
        await sign_in(system, "shared@example.org")
    await prove(database_url, "bea")
    assert (await sign_in(system, "shared@example.org")).user.id == second.user.id


async def test_a_role_and_a_plan_given_meanwhile_are_in_the_next_session(system: System, database_url: str) -> None:
    await join(system, "ana")
    await fetch(database_url, "UPDATE users SET role = 'admin', plan = 'pro'")
    caller = (await sign_in(system, "ana")).caller
    assert (caller.role, caller.plan) == ("admin", "pro")


async def test_tools_sign_in_many_people_at_once_and_a_stranger_fails_alone(system: System) -> None:
    ana, bea = await join(system, "ana"), await join(system, "bea")
    stranger = ana.caller.session_id
    outcomes = await asyncio.gather(
        *(system.ask(IssueSession(user_id=who)) for who in (ana.user.id, stranger, bea.user.id, ana.user.id)),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], UnknownUser)
    signed_in = [outcome for outcome in outcomes if isinstance(outcome, SignedIn)]
    assert [each.user.username for each in signed_in] == ["ana", "bea", "ana"]
    assert len({each.refresh_token for each in signed_in}) == 3


@pytest.mark.slow
async def test_who_is_signed_in_stays_so_while_very_many_try_passwords(settings: Settings) -> None:
    slowly = settings.model_copy(update={"environment": "development"})
    async with open_outside(slowly) as outside:
        system = System(outside, actors())
        await system.start()
        ana = await join(system, "ana")
        flood = [
            asyncio.create_task(system.ask(Login.model_validate({"login": f"nobody{n}", "password": "x"})))
            for n in range(150)
        ]
        await asyncio.sleep(0)
        began = time.perf_counter()
        await asyncio.gather(
            *(system.ask(Refresh.model_validate({"refresh_token": ana.refresh_token})) for _ in range(3))
        )
        waited = time.perf_counter() - began
        outcomes = await asyncio.gather(*flood, return_exceptions=True)
        took = time.perf_counter() - began
        await system.stop()
    refused = [each for each in outcomes if isinstance(each, Busy)]
    assert len(refused) + sum(isinstance(each, InvalidCredentials) for each in outcomes) == 150
    assert refused
    # In the order in which they came it would be the last.
    assert waited < took / 2, f"{waited:.1f} s of {took:.1f}"
