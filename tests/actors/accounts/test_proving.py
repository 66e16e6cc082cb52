"""Proving an address: by the link of a mail, once, in time, by the latest one, and by no link for something else."""

import asyncio

import pytest
from pydantic import SecretStr

from actors.accounts.messages import (
    AskPasswordReset,
    InvalidMailToken,
    ResendVerification,
    ResetPassword,
    VerifyEmail,
)
from actors.auth.credentials import EmailTaken
from actors.kernel.system import System
from tests.actors.accounts.mailroom import Mailroom, text_of, token_in
from tests.actors.auth.people import fetch, join, prove

VERIFIED = "SELECT email_verified_at IS NOT NULL FROM users WHERE id = $1"


async def verify(system: System, token: str) -> None:
    """Follow the link."""
    await system.ask(VerifyEmail(token=SecretStr(token)))


async def test_registering_sends_a_link_that_proves_the_address_once(system: System, mailroom: Mailroom) -> None:
    ana = await join(system, "ana")
    token = await mailroom.token("Confirm", "ana@example.org")
    assert len(await mailroom.all()) == 1
    ((kept, hashed),) = await fetch(
        mailroom.database_url, "SELECT t::text, encode(sha256($1), 'hex') FROM mail_tokens t", token.encode()
    )
    assert token not in kept
    assert hashed in kept
    with pytest.raises(InvalidMailToken):
        await system.ask(ResetPassword(token=SecretStr(token), password=SecretStr("another fine phrase")))
    assert await mailroom.value(VERIFIED, ana.user.id) is False
    await verify(system, token)
    assert await mailroom.value(VERIFIED, ana.user.id) is True
    for stale in (token, "x" * 43, ""):
        with pytest.raises(InvalidMailToken):
            await verify(system, stale)
    await system.ask(ResendVerification(caller=ana.caller))
    assert len(await mailroom.send()) == 1, "who is verified is sent nothing"


async def test_of_many_uses_at_once_one_succeeds_wherever(
    system: System, elsewhere: System, mailroom: Mailroom
) -> None:
    await join(system, "ana")
    token = await mailroom.token("Confirm", "ana@example.org")
    outcomes = await asyncio.gather(
        *(verify(where, token) for where in (system, elsewhere) * 4), return_exceptions=True
    )
    assert sorted(map(repr, outcomes)) == sorted([repr(None), *[repr(InvalidMailToken())] * 7])


async def test_a_link_is_good_until_another_is_asked_for_and_no_longer_than_a_day(
    system: System, mailroom: Mailroom
) -> None:
    ana = await join(system, "ana")
    first = await mailroom.token("Confirm", "ana@example.org")
    assert (await system.ask(ResendVerification(caller=ana.caller))).expires_in == 24 * 3600
    second = await mailroom.token("Confirm", "ana@example.org")
    assert first != second
    with pytest.raises(InvalidMailToken):
        await verify(system, first)
    await fetch(mailroom.database_url, "UPDATE mail_tokens SET expires_at = now()")
    with pytest.raises(InvalidMailToken):
        await verify(system, second)


async def test_an_address_somebody_proved_brings_its_owner_a_letter_and_the_newcomer_nothing(
    system: System, mailroom: Mailroom
) -> None:
    owner = await join(system, "ana", email="shared@example.org")
    await verify(system, await mailroom.token("Confirm", "shared@example.org"))
    newcomer = await join(system, "bea", email="shared@example.org")
    (told, _) = await mailroom.send()
    assert told["To"] == "shared@example.org"
    assert "Sign in as ana" in text_of(told)
    assert "bea" not in f"{told['Subject']} {text_of(told)}", "who it was is nobody's business either"
    await system.ask(ResendVerification(caller=newcomer.caller))
    await mailroom.send()
    tokens = await fetch(mailroom.database_url, "SELECT user_id FROM mail_tokens WHERE used_at IS NULL")
    assert tokens == [], "there is no link by which the newcomer could take the address"
    assert owner.user.id != newcomer.user.id


async def test_of_two_who_were_sent_a_link_the_first_to_follow_it_has_the_address(
    system: System, mailroom: Mailroom
) -> None:
    ana, bea = [await join(system, name, email="shared@example.org") for name in ("ana", "bea")]
    latest, first = await mailroom.send()
    assert "Hello ana" in text_of(first)
    await verify(system, token_in(latest))
    with pytest.raises(EmailTaken):
        await verify(system, token_in(first))
    assert await mailroom.value(VERIFIED, bea.user.id) is True
    assert await mailroom.value(VERIFIED, ana.user.id) is False


async def test_a_mailbox_is_not_bombed_by_strangers_who_register_with_its_address(
    system: System, mailroom: Mailroom
) -> None:
    for number in range(7):
        await join(system, f"somebody{number}", email="victim@example.org")
    assert len(await mailroom.send()) == 5
    await system.ask(AskPasswordReset(email="victim@example.org"))
    assert len(await mailroom.send()) == 5, "whose password could it be?"
    await prove(mailroom.database_url, "somebody0")
    await system.ask(AskPasswordReset(email="victim@example.org"))
    assert len(await mailroom.send()) == 6, "a crowd of one kind keeps no other kind away"
    await fetch(mailroom.database_url, "UPDATE users SET email_verified_at = NULL")
    await fetch(
        mailroom.database_url,
        "UPDATE mail_quotas SET sent = ARRAY(SELECT at - interval '61 minutes' FROM unnest(sent) AS at)",
    )
    await join(system, "somebody8", email="victim@example.org")
    assert len(await mailroom.send()) == 7, "an hour later mail goes there again"
