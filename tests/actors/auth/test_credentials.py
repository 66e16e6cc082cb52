"""Passwords and addresses are changed by who proves it, and nothing opened with the old ones survives."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from actors.auth.credentials import (
    ChangePassword,
    CheckPassword,
    ConfirmEmail,
    EmailTaken,
    PasswordNearName,
    ProofOutdated,
    ReplacePassword,
    WrongPassword,
)
from actors.auth.messages import InvalidCredentials, InvalidRefreshToken, Refresh, SignedIn
from actors.auth.people import UnknownUser
from actors.kernel.errors import Unauthenticated
from actors.kernel.message import Command
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, facts, fetch, join, prove
from tests.actors.auth.test_sessions import is_in
from tests.actors.auth.test_signing_in import sign_in

OTHER = "wandering teapot"


def changed(who: SignedIn, current: str = PASSWORD, password: str = OTHER) -> ChangePassword:
    return ChangePassword(caller=who.caller, current=SecretStr(current), password=SecretStr(password))


async def test_a_changed_password_ends_every_other_session_in_the_same_commit(
    system: System, database_url: str
) -> None:
    ana, bea = await join(system, "ana"), await join(system, "bea")
    others = [await sign_in(system, "ana") for _ in range(2)]
    await system.ask(changed(ana))
    assert [await is_in(system, each) for each in (ana, *others, bea)] == [True, False, False, True]
    assert {fact["reason"] for fact in await facts(database_url, "SessionRevoked")} == {"passwordChanged"}
    with pytest.raises(InvalidCredentials):
        await sign_in(system, "ana")
    assert (await sign_in(system, "ana", OTHER)).user.id == ana.user.id


async def test_who_does_not_know_the_password_changes_nothing(system: System) -> None:
    ana, phone = await join(system, "ana"), await sign_in(system, "ana")
    with pytest.raises(WrongPassword):
        await system.ask(changed(ana, current="not the password"))
    with pytest.raises(WrongPassword):
        await system.ask(CheckPassword(caller=ana.caller, password=SecretStr("not the password")))
    await system.ask(CheckPassword(caller=ana.caller, password=SecretStr(PASSWORD)))
    assert await is_in(system, phone)
    await sign_in(system, "ana")


async def test_a_session_that_has_ended_changes_no_password(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE sessions SET revoked_at = now()")
    with pytest.raises(Unauthenticated):
        await system.ask(changed(ana))
    await sign_in(system, "ana")


def replaced(who: SignedIn, password: str = OTHER, **others: Any) -> ReplacePassword:
    """What a link to their address asked for just now brings."""
    proof: dict[str, Any] = {"user_id": who.user.id, "email": who.user.email, "asked_at": datetime.now(UTC)}
    return ReplacePassword.model_validate(proof | others | {"password": password})


async def test_a_reset_ends_every_session_and_one_s_own_name_is_no_password(system: System, database_url: str) -> None:
    ana = await join(system, "photographer")
    phone = await sign_in(system, "photographer")
    with pytest.raises(ProofOutdated):
        await system.ask(replaced(ana))
    await prove(database_url)
    for message in (
        replaced(ana, "photographer1"),
        changed(ana, password="photographer1"),
    ):
        with pytest.raises(PasswordNearName) as refused:
            await system.ask(message)
        assert [(error.field, error.code) for error in refused.value.errors] == [("password", "password_personal")]
    assert await is_in(system, phone)
    before = replaced(ana, "a third long phrase")
    await system.ask(replaced(ana))
    assert not await is_in(system, ana)
    assert not await is_in(system, phone)
    for outdated in (before, replaced(ana, email="other@example.org")):
        with pytest.raises(ProofOutdated):
            await system.ask(outdated)
    await sign_in(system, "photographer", OTHER)
    with pytest.raises(UnknownUser):
        await system.ask(replaced(ana, user_id=uuid4()))


@pytest.mark.parametrize("is_reset", [True, False])
async def test_nobody_stays_in_who_raced_a_change_with_the_old_password(
    system: System, database_url: str, *, is_reset: bool
) -> None:
    ana = await join(system, "ana")
    phone = await sign_in(system, "ana")
    change: Command[Any] = changed(ana)
    if is_reset:
        await prove(database_url)
        change = replaced(ana)

    async def login(after: float) -> SignedIn:
        await asyncio.sleep(after)
        return await sign_in(system, "ana")

    async def turn(after: float) -> SignedIn:
        await asyncio.sleep(after)
        return await system.ask(Refresh.model_validate({"refresh_token": phone.refresh_token}))

    outcomes: list[Any] = await asyncio.gather(
        *(login(n / 500) for n in range(12)),
        *(turn(n / 500) for n in range(12)),
        system.ask(change),
        return_exceptions=True,
    )
    raced = [each for each in outcomes if isinstance(each, SignedIn)]
    assert all(isinstance(each, SignedIn | InvalidCredentials | InvalidRefreshToken | None) for each in outcomes)
    assert not any([await is_in(system, each) for each in raced])
    alive = await fetch(database_url, "SELECT id FROM sessions WHERE revoked_at IS NULL")
    assert [row["id"] for row in alive] == ([] if is_reset else [ana.caller.session_id])


async def test_an_address_is_confirmed_for_one_account_and_stays_with_who_only_claims_it(
    system: System, database_url: str
) -> None:
    ana, bea = await join(system, "ana", email="old@example.org"), await join(system, "bea", email="new@example.org")
    for _ in range(2):
        await system.ask(ConfirmEmail(user_id=ana.user.id, email="New@Example.org"))
    rows = await fetch(
        database_url, "SELECT username, email, email_verified_at IS NOT NULL AS v FROM users ORDER BY username"
    )
    assert [tuple(row) for row in rows] == [("ana", "new@example.org", True), ("bea", "new@example.org", False)]
    with pytest.raises(EmailTaken):
        await system.ask(ConfirmEmail(user_id=bea.user.id, email="new@example.org"))
    with pytest.raises(UnknownUser):
        await system.ask(ConfirmEmail(user_id=uuid4(), email="new@example.org"))
