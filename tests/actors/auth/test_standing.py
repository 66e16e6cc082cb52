"""Roles, suspensions and the end of an account hold at once, and say so."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from pydantic import SecretStr

from actors.auth.credentials import EmailTaken, WrongPassword
from actors.auth.messages import (
    AccountSuspended,
    InvalidCredentials,
    IssueSession,
    Logout,
    Refresh,
    SignedIn,
    UsernameTaken,
)
from actors.auth.people import Role, UnknownUser
from actors.auth.standing import (
    AccountOf,
    BecomeCreator,
    CloseAccount,
    CreateAdmin,
    EmailUnverified,
    EraseAccount,
    LiftSuspension,
    NotClosing,
    RecentRevocations,
    SetRole,
    Suspend,
)
from actors.kernel.errors import Unauthenticated
from actors.kernel.message import Command
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, facts, fetch, join
from tests.actors.auth.test_sessions import is_in
from tests.actors.auth.test_signing_in import sign_in


async def standings(database_url: str) -> list[dict[str, Any]]:
    """What was announced, without ids and times."""
    told = await facts(database_url, "StandingChanged")
    return [{name: fact[name] for name in ("role", "suspended_until", "closing")} for fact in told]


async def refreshed(system: System, who: SignedIn) -> SignedIn:
    return await system.ask(Refresh.model_validate({"refresh_token": who.refresh_token}))


async def test_a_creator_needs_a_verified_address_and_is_one_at_once(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    with pytest.raises(EmailUnverified):
        await system.ask(BecomeCreator(caller=ana.caller))
    await fetch(database_url, "UPDATE users SET email_verified_at = now()")
    for _ in range(2):
        promoted = await system.ask(BecomeCreator(caller=ana.caller))
        assert promoted.role is Role.creator
    assert await standings(database_url) == [{"role": "creator", "suspended_until": None, "closing": False}]
    assert (await refreshed(system, ana)).caller.role is Role.creator
    await system.ask(SetRole(user_id=ana.user.id, role=Role.admin))
    assert (await system.ask(BecomeCreator(caller=ana.caller))).role is Role.admin


async def test_a_suspension_ends_every_session_and_tells_only_who_knows_the_password(
    system: System, database_url: str
) -> None:
    ana, phone = await join(system, "ana"), await sign_in(system, "ana")
    until = datetime.now(UTC) + timedelta(days=1)
    await system.ask(Suspend(user_id=ana.user.id, until=until, reason="spam"))
    assert [await is_in(system, each) for each in (ana, phone)] == [False, False]
    assert {fact["reason"] for fact in await facts(database_url, "SessionRevoked")} == {"suspended"}
    with pytest.raises(InvalidCredentials) as wrong:
        await sign_in(system, "ana", "wrong")
    with pytest.raises(InvalidCredentials) as nobody:
        await sign_in(system, "nobody_here")
    assert wrong.value.detail == nobody.value.detail
    with pytest.raises(AccountSuspended, match=f"until {until:%Y-%m-%dT%H:%M}.*: spam"):
        await sign_in(system, "ana")
    with pytest.raises(UnknownUser):
        await system.ask(IssueSession(user_id=ana.user.id))
    await fetch(database_url, "UPDATE users SET suspended_until = now()")
    await sign_in(system, "ana")


async def test_a_suspension_without_end_lasts_until_it_is_lifted(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await system.ask(Suspend(user_id=ana.user.id, until=None, reason=""))
    with pytest.raises(AccountSuspended, match="until somebody lifts it"):
        await sign_in(system, "ana")
    await system.ask(LiftSuspension(user_id=ana.user.id))
    await sign_in(system, "ana")
    first, second = await standings(database_url)
    assert first["suspended_until"].startswith("9999-")
    assert second["suspended_until"] is None
    for order in (
        Suspend(user_id=uuid4(), until=None, reason=""),
        LiftSuspension(user_id=uuid4()),
        SetRole(user_id=uuid4(), role=Role.user),
    ):
        with pytest.raises(UnknownUser):
            await system.ask(order)


async def test_nobody_stays_in_who_raced_a_suspension(system: System, database_url: str) -> None:
    ana = await join(system, "ana")

    async def login(after: float) -> SignedIn:
        await asyncio.sleep(after)
        return await sign_in(system, "ana")

    async def suspend() -> None:
        await system.ask(Suspend(user_id=ana.user.id, until=None, reason=""))

    await asyncio.gather(
        *(login(n / 500) for n in range(12)),
        suspend(),
        return_exceptions=True,
    )
    assert await fetch(database_url, "SELECT FROM sessions WHERE revoked_at IS NULL") == []


async def test_of_two_changes_the_later_is_told_apart(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE users SET changed_at = now() + interval '1 hour'")
    await asyncio.gather(*(system.ask(SetRole(user_id=ana.user.id, role=role)) for role in Role))
    told = await facts(database_url, "StandingChanged")
    latest = max(told, key=lambda fact: datetime.fromisoformat(fact["changed_at"]))
    (row,) = await fetch(database_url, "SELECT role FROM users")
    assert latest["role"] == row["role"]
    times = {datetime.fromisoformat(fact["changed_at"]) for fact in told}
    assert len(times) == 3
    assert min(times) > datetime.now(UTC) + timedelta(minutes=50), "the clock of another server was ahead"


async def test_a_closed_account_ends_its_sessions_and_comes_back_by_signing_in(
    system: System, database_url: str
) -> None:
    ana, phone = await join(system, "ana"), await sign_in(system, "ana")
    with pytest.raises(WrongPassword):
        await system.ask(CloseAccount(caller=ana.caller, password=SecretStr("wrong")))
    await system.ask(CloseAccount(caller=ana.caller, password=SecretStr(PASSWORD)))
    assert [await is_in(system, each) for each in (ana, phone)] == [False, False]
    assert {fact["reason"] for fact in await facts(database_url, "SessionRevoked")} == {"closed"}
    with pytest.raises(NotClosing):
        await system.ask(EraseAccount(user_id=ana.user.id))
    with pytest.raises(InvalidCredentials):
        await sign_in(system, "ana", "wrong")
    back = await sign_in(system, "ana")
    assert back.user == ana.user
    assert [each["closing"] for each in await standings(database_url)] == [True, False]
    with pytest.raises(NotClosing):
        await system.ask(EraseAccount(user_id=ana.user.id))
    assert await is_in(system, back)


async def test_erasing_leaves_the_name_alone_and_the_name_taken(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await system.ask(CloseAccount(caller=ana.caller, password=SecretStr(PASSWORD)))
    await fetch(
        database_url, "UPDATE users SET closing_at = closing_at - interval '30 days', email_verified_at = now()"
    )
    for _ in range(2):
        await system.ask(EraseAccount(user_id=ana.user.id))
    (row,) = await fetch(database_url, "SELECT * FROM users")
    assert (row["username"], row["email"], row["password_hash"], row["email_verified_at"]) == ("ana", "", "", None)
    assert await fetch(database_url, "SELECT FROM sessions") == []
    for login in ("ana", "ana@example.org", ""):
        with pytest.raises(InvalidCredentials):
            await sign_in(system, login)
    with pytest.raises(UsernameTaken):
        await join(system, "ana")
    with pytest.raises(UnknownUser):
        await system.ask(AccountOf(username="ana"))
    with pytest.raises(UnknownUser):
        await system.ask(EraseAccount(user_id=uuid4()))
    await join(system, "bea", email="ana@example.org")


async def test_an_admin_is_made_whole_or_not_at_all(system: System, database_url: str) -> None:
    def order(username: str, email: str) -> CreateAdmin:
        return CreateAdmin(username=username, email=email, password=SecretStr(PASSWORD))

    root = await system.ask(order("keeper", "keeper@example.org"))
    assert (root.role, root.email_verified) == (Role.admin, True)
    assert await system.ask(AccountOf(username="KEEPER")) == root
    assert (await sign_in(system, "keeper")).caller.role is Role.admin
    with pytest.raises(UsernameTaken):
        await system.ask(order("Keeper", "other@example.org"))
    with pytest.raises(EmailTaken):
        await system.ask(order("other", "keeper@example.org"))
    assert [row["n"] for row in await fetch(database_url, "SELECT count(*) AS n FROM users")] == [1]
    assert len(await facts(database_url, "UserRegistered")) == 1


async def test_what_older_tokens_may_be_wrong_about_is_one_question(system: System, database_url: str) -> None:
    ana, bea, carl = [await join(system, name) for name in ("ana", "bea", "carl")]
    nothing = await system.ask(RecentRevocations())
    assert (nothing.sessions, nothing.standings) == ((), ())
    await system.ask(Logout(caller=ana.caller))
    await system.ask(Suspend(user_id=bea.user.id, until=None, reason=""))
    await system.ask(SetRole(user_id=carl.user.id, role=Role.admin))
    found = await system.ask(RecentRevocations())
    assert {each.session_id for each in found.sessions} == {ana.caller.session_id, bea.caller.session_id}
    by_id: dict[UUID, Any] = {each.user_id: each for each in found.standings}
    assert set(by_id) == {bea.user.id, carl.user.id}
    assert by_id[carl.user.id].role is Role.admin
    assert by_id[bea.user.id].suspended_until > datetime.now(UTC)
    assert not by_id[bea.user.id].closing
    assert {each.user_id for each in found.sessions} == {ana.user.id, bea.user.id}
    await fetch(database_url, "UPDATE sessions SET revoked_at = revoked_at - interval '12 minutes'")
    await fetch(database_url, "UPDATE users SET changed_at = changed_at - interval '12 minutes'")
    found = await system.ask(RecentRevocations())
    assert (found.sessions, found.standings) == ((), ())


async def test_what_is_new_since_an_answer_is_told_with_what_was_being_committed_then(
    system: System, database_url: str
) -> None:
    ana, bea, carl, dora = [await join(system, name) for name in ("ana", "bea", "carl", "dora")]
    await system.ask(Logout(caller=ana.caller))
    await system.ask(SetRole(user_id=carl.user.id, role=Role.admin))
    await fetch(database_url, "UPDATE sessions SET revoked_at = revoked_at - interval '1 minute'")
    await fetch(database_url, "UPDATE users SET changed_at = changed_at - interval '1 minute'")
    first = await system.ask(RecentRevocations())
    assert ({each.user_id for each in first.sessions}, len(first.standings)) == ({ana.user.id}, 1)
    late = await asyncpg.connect(database_url)
    ending = late.transaction()
    await ending.start()
    await late.execute("UPDATE sessions SET revoked_at = now() WHERE user_id = $1", bea.user.id)
    second = await system.ask(RecentRevocations(since=first.as_of))
    assert (second.sessions, second.standings) == ((), ()), "what is a minute old was told"
    await ending.commit()
    await late.close()
    await system.ask(SetRole(user_id=dora.user.id, role=Role.creator))
    third = await system.ask(RecentRevocations(since=second.as_of))
    assert [each.user_id for each in third.sessions] == [bea.user.id], "it ended before the second answer was given"
    assert [each.user_id for each in third.standings] == [dora.user.id]


async def test_a_session_that_has_ended_makes_no_creator_and_closes_nothing(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE users SET email_verified_at = now()")
    await fetch(database_url, "UPDATE sessions SET revoked_at = now()")
    wishes: tuple[Command[Any], ...] = (
        BecomeCreator(caller=ana.caller),
        CloseAccount(caller=ana.caller, password=SecretStr(PASSWORD)),
    )
    for message in wishes:
        with pytest.raises(Unauthenticated):
            await system.ask(message)
