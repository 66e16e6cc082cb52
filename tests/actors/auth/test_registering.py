"""Opening accounts: one name one person, and an address is nobody's until it is verified."""

import asyncio

import asyncpg
import pytest

from actors.auth.messages import Client, Register, SignedIn, UsernameTaken
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, facts, fetch, join


async def test_a_new_account_is_signed_in_and_announced(system: System, database_url: str) -> None:
    ana = await join(system, "Ana", email="Ana@Example.org")
    assert (ana.user.username, ana.user.email, ana.user.email_verified) == ("Ana", "ana@example.org", False)
    assert ana.caller.id == ana.user.id
    announced = await facts(database_url, "UserRegistered")
    assert [(fact["user_id"], fact["username"]) for fact in announced] == [(str(ana.user.id), "Ana")]


async def test_100_registrations_of_one_name_at_once_in_two_processes_make_one_account(
    system: System, elsewhere: System, database_url: str
) -> None:
    names = ["ana", "Ana", "ANA", "aNa"] * 25
    outcomes = await asyncio.gather(
        *(join((system, elsewhere)[n % 2], name, email=f"ana{n}@example.org") for n, name in enumerate(names)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, SignedIn) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, UsernameTaken) for outcome in outcomes) == 99
    assert [row["n"] for row in await fetch(database_url, "SELECT count(*) AS n FROM users")] == [1]
    assert len(await facts(database_url, "UserRegistered")) == 1
    assert [row["n"] for row in await fetch(database_url, "SELECT count(*) AS n FROM sessions")] == [1]


async def test_a_known_address_registers_like_a_new_one(system: System) -> None:
    first = await join(system, "ana", email="shared@example.org")
    second = await join(system, "bea", email="Shared@Example.org")
    assert first.user.email == second.user.email
    assert first.user.id != second.user.id


async def test_an_address_is_verified_for_one_account_alone(system: System, database_url: str) -> None:
    for username in ("ana", "bea"):
        await join(system, username, email="shared@example.org")
    verify = "UPDATE users SET email_verified_at = now() WHERE username_key = $1"
    await fetch(database_url, verify, "ana")
    with pytest.raises(asyncpg.UniqueViolationError):
        await fetch(database_url, verify, "bea")


async def test_the_session_knows_where_it_was_opened(system: System, database_url: str) -> None:
    await join(system, "ana", client="web", client_address="192.0.2.7", user_agent="Browser/1\x00" + "x" * 400)
    (session,) = await fetch(database_url, "SELECT client, address, user_agent FROM sessions")
    assert (session["client"], session["address"]) == (Client.web, "192.0.2.7")
    assert session["user_agent"] == "Browser/1?" + "x" * 290


async def test_neither_password_nor_token_is_stored(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    rows = await fetch(database_url, "SELECT u::text || t::text AS all FROM users u, refresh_tokens t")
    kept = rows[0]["all"]
    assert PASSWORD not in kept
    assert ana.refresh_token not in kept
    assert ana.refresh_token not in repr(ana)


def test_one_name_is_one_key_whatever_its_case() -> None:
    keys = {
        Register.model_validate({"username": name, "email": "a@example.org", "password": PASSWORD}).key
        for name in ("Ana", "ANA", "ana")
    }
    assert len(keys) == 1
