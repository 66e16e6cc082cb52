"""A forgotten password: nobody learns who has an account, one link works, and it ends every session."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from pydantic import SecretStr

from actors.accounts.events import EmailChangeAsked, PasswordResetAsked
from actors.accounts.messages import (
    AskPasswordReset,
    ChangeEmail,
    InvalidMailToken,
    ResetPassword,
    VerifyEmail,
)
from actors.auth import passwords
from actors.auth.credentials import ChangePassword, PasswordNearName
from actors.auth.messages import InvalidCredentials, Login, SignedIn
from actors.kernel.envelope import Origin
from actors.kernel.errors import Busy
from actors.kernel.system import System
from tests.actors.accounts.mailroom import Mailroom, text_of
from tests.actors.auth.people import PASSWORD, facts, fetch, join, prove

NEW = "quite another long phrase"
OPEN = "SELECT count(*) FROM sessions WHERE revoked_at IS NULL"


async def reset(system: System, token: str, password: str = NEW) -> None:
    """Follow the link and choose."""
    await system.ask(ResetPassword(token=SecretStr(token), password=SecretStr(password)))


async def known(system: System, mailroom: Mailroom, username: str) -> SignedIn:
    """Somebody new, who verified their address."""
    who = await join(system, username)
    await prove(mailroom.database_url, username)
    return who


async def sign_in(system: System, password: str) -> None:
    await system.ask(Login(login="ana", password=SecretStr(password)))


async def test_a_link_sets_a_password_once_and_ends_every_session(system: System, mailroom: Mailroom) -> None:
    await known(system, mailroom, "ana")
    await sign_in(system, PASSWORD)
    assert (await system.ask(AskPasswordReset(email="ANA@Example.org"))).expires_in == 1800
    token = await mailroom.token("Choose", "ana@example.org")
    with pytest.raises(InvalidMailToken):
        await system.ask(VerifyEmail(token=SecretStr(token)))
    with pytest.raises(PasswordNearName):
        await reset(system, token, "ana@example.org")
    assert await mailroom.value(OPEN) == 2, "what was refused changed nothing"
    await reset(system, token)
    assert await mailroom.value(OPEN) == 0
    with pytest.raises(InvalidCredentials):
        await sign_in(system, PASSWORD)
    await sign_in(system, NEW)
    with pytest.raises(InvalidMailToken):
        await reset(system, token, "a third and longer phrase")
    await sign_in(system, NEW)
    told = (await mailroom.send())[0]
    assert (told["Subject"], told["To"]) == ("Your password was changed", "ana@example.org")


async def test_asked_twice_the_latest_link_works_and_only_for_half_an_hour(system: System, mailroom: Mailroom) -> None:
    await known(system, mailroom, "ana")
    tokens = []
    for _ in range(2):
        await system.ask(AskPasswordReset(email="ana@example.org"))
        tokens.append(await mailroom.token("Choose", "ana@example.org"))
    with pytest.raises(InvalidMailToken):
        await reset(system, tokens[0])
    lasts = "SELECT expires_at - asked_at - $1::interval < '1 minute' FROM mail_tokens WHERE purpose = $2"
    assert await mailroom.value(lasts, timedelta(minutes=30), "reset") is True
    await fetch(mailroom.database_url, "UPDATE mail_tokens SET expires_at = now() WHERE purpose = 'reset'")
    with pytest.raises(InvalidMailToken):
        await reset(system, tokens[1])
    await sign_in(system, PASSWORD)


async def test_an_unknown_address_is_answered_alike_and_sent_nothing(system: System, mailroom: Mailroom) -> None:
    await known(system, mailroom, "ana")
    before = await mailroom.send()
    there = await system.ask(AskPasswordReset(email="ana@example.org"))
    nobody = await system.ask(AskPasswordReset(email="nobody@example.org"))
    assert there == nobody
    assert len(await facts(mailroom.database_url, "PasswordResetAsked")) == 2
    assert len(await mailroom.send()) == len(before) + 1


async def test_no_more_than_five_an_hour_go_to_one_address_and_the_last_one_still_works(
    system: System, mailroom: Mailroom
) -> None:
    await known(system, mailroom, "ana")
    await mailroom.send()
    answers = {await system.ask(AskPasswordReset(email="ana@example.org")) for _ in range(12)}
    assert len(answers) == 1
    newest = await mailroom.token("Choose", "ana@example.org")
    assert [mail["Subject"] for mail in await mailroom.all()].count("Choose a new password") == 1, (
        "four of the five were overtaken before they were sent"
    )
    await fetch(mailroom.database_url, "UPDATE mail_quotas SET sent = sent[1:4]")
    await system.ask(AskPasswordReset(email="ana@example.org"))
    latest = await mailroom.token("Choose", "ana@example.org")
    assert latest != newest
    await system.ask(AskPasswordReset(email="ana@example.org"))
    assert await mailroom.token("Choose", "ana@example.org") == latest
    await reset(system, latest)


async def test_a_new_password_makes_every_other_link_worthless(system: System, mailroom: Mailroom) -> None:
    ana = await known(system, mailroom, "ana")
    await system.ask(ChangeEmail(caller=ana.caller, email="eve@example.net", password=SecretStr(PASSWORD)))
    theirs = await mailroom.token("Confirm your new", "eve@example.net")
    await system.ask(AskPasswordReset(email="ana@example.org"))
    await reset(system, await mailroom.token("Choose", "ana@example.org"))
    with pytest.raises(InvalidMailToken):
        await system.ask(VerifyEmail(token=SecretStr(theirs)))

    bea = await known(system, mailroom, "bea")
    await system.ask(AskPasswordReset(email="bea@example.org"))
    old = await mailroom.token("Choose", "bea@example.org")
    wish = ChangePassword(caller=bea.caller, current=SecretStr(PASSWORD), password=SecretStr(NEW))
    await system.ask(wish)
    told = (await mailroom.send())[0]
    assert (told["Subject"], told["To"]) == ("Your password was changed", "bea@example.org")
    assert "If it was you" in text_of(told)
    with pytest.raises(InvalidMailToken):
        await reset(system, old)


async def test_notices_to_an_address_nobody_proved_are_no_way_to_flood_it(system: System, mailroom: Mailroom) -> None:
    ana = await join(system, "ana", email="victim@example.org")
    before = len(await mailroom.send())
    passwords = [PASSWORD, *(f"phrase by number {n} of many" for n in range(8))]
    for current, password in pairwise(passwords):
        wish = ChangePassword(caller=ana.caller, current=SecretStr(current), password=SecretStr(password))
        await system.ask(wish)
    assert len(await mailroom.send()) == before + 5
    await fetch(mailroom.database_url, "UPDATE users SET email_verified_at = now()")
    wish = ChangePassword(caller=ana.caller, current=SecretStr(passwords[-1]), password=SecretStr(NEW))
    await system.ask(wish)
    assert len(await mailroom.send()) == before + 6, "whose address it is always hears of it"


async def test_of_two_who_use_a_link_at_once_in_two_processes_one_chooses(
    system: System, elsewhere: System, mailroom: Mailroom
) -> None:
    await known(system, mailroom, "ana")
    for n in range(3):
        await system.ask(AskPasswordReset(email="ana@example.org"))
        token = await mailroom.token("Choose", "ana@example.org")
        outcomes: list[object] = await asyncio.gather(
            *(reset(each, token, f"{NEW} {n} {where}") for where, each in enumerate((system, elsewhere))),
            return_exceptions=True,
        )
        assert sorted(map(repr, outcomes)) == sorted([repr(None), repr(InvalidMailToken())])
        await sign_in(system, f"{NEW} {n} {outcomes.index(None)}")


async def test_a_link_that_met_a_crowd_is_still_good(
    system: System, mailroom: Mailroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    await known(system, mailroom, "ana")
    await system.ask(AskPasswordReset(email="ana@example.org"))
    token = await mailroom.token("Choose", "ana@example.org")
    with monkeypatch.context() as crowd:
        crowd.setattr(passwords, "LONGEST_WAIT", -1.0)
        with pytest.raises(Busy):
            await reset(system, token)
    await reset(system, token)
    await sign_in(system, NEW)


async def test_what_was_asked_for_before_a_password_changed_is_worth_nothing_whenever_it_is_heard(
    system: System, mailroom: Mailroom
) -> None:
    ana = await known(system, mailroom, "ana")
    before = datetime.now(UTC)
    await system.ask(ChangePassword(caller=ana.caller, current=SecretStr(PASSWORD), password=SecretStr(NEW)))
    sent = len(await mailroom.send())
    asked = (
        EmailChangeAsked(user_id=ana.user.id, email="eve@example.net", at=before),
        PasswordResetAsked(email="ana@example.org", at=before),
    )
    for fact in asked:
        await system.deliver("accounts", fact, Origin())
    mails = (await mailroom.send())[: -sent or None]
    assert [(mail["To"], mail["Subject"]) for mail in mails] == [
        ("ana@example.org", "Your e-mail address is about to change")
    ]
    for fact in asked:
        again = type(fact).model_validate(fact.model_dump() | {"id": uuid4(), "at": datetime.now(UTC)})
        await system.deliver("accounts", again, Origin())
    await mailroom.token("Confirm your new", "eve@example.net")
    await reset(system, await mailroom.token("Choose", "ana@example.org"), "a third and longer phrase")


async def test_whose_address_nobody_verified_is_sent_no_link(system: System, mailroom: Mailroom) -> None:
    await join(system, "mallory", email="victim@example.org")
    await join(system, "victim", email="victim@example.org")
    before = len(await mailroom.send())
    await system.ask(AskPasswordReset(email="victim@example.org"))
    assert len(await mailroom.send()) == before
