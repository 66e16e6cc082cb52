"""A letter is the same mail however often its job runs, waits while the server does not take it, and is given up."""

from dataclasses import replace
from email.message import EmailMessage

import pytest
from prometheus_client import REGISTRY
from uuid_utils.compat import uuid7

from actors.accounts.messages import AskPasswordReset
from actors.adapters.mail import Mail, MailRefused, MailUnavailable, SmtpMail
from actors.kernel.jobs import AlreadyDone
from actors.kernel.system import System
from tests.actors.accounts.mailroom import Mailroom, token_in
from tests.actors.adapters.smtp import smtp_server
from tests.actors.auth.people import fetch, join, prove
from tests.actors.clock import strike

WAITING = "SELECT count(*) FROM deferred_letters"
WORKS = "SELECT used_at IS NULL AND hash = sha256($1) FROM mail_tokens"


class Dies(Exception):
    """In place of SIGKILL: what comes after does not happen."""


class DyingAfter:
    """Sends, and then the process is gone."""

    def __init__(self, mail: Mail) -> None:
        self._mail = mail

    async def send(self, message: EmailMessage) -> None:
        """As the real one, to the last word."""
        await self._mail.send(message)
        raise Dies


def counted(outcome: str, letter: str = "verify_email") -> float:
    """How many letters this became of."""
    return REGISTRY.get_sample_value("vitrine_letters_total", {"letter": letter, "outcome": outcome}) or 0.0


async def test_a_job_that_dies_before_its_commit_sends_the_same_mail_again(system: System, mailroom: Mailroom) -> None:
    await join(system, "ana")
    await mailroom.heard()
    (letter,) = await mailroom.owed()
    async with smtp_server() as inbox:
        by_smtp = SmtpMail(f"smtp://{inbox.url}")
        with pytest.raises(Dies):
            await mailroom.attempt(letter, DyingAfter(by_smtp))
        assert len(inbox.raw) == 1
        await mailroom.attempt(letter, by_smtp)
        first, second = inbox.raw
    assert first == second, "a receiver tells a repeated mail by its Message-ID, and its link is the one that works"
    with pytest.raises(Dies):
        await mailroom.attempt(letter, DyingAfter(mailroom.spool))


async def test_in_the_spool_it_is_there_once_however_often_the_job_runs(system: System, mailroom: Mailroom) -> None:
    await join(system, "ana")
    await mailroom.heard()
    (letter,) = await mailroom.owed()
    for _ in range(2):
        with pytest.raises(Dies):
            await mailroom.attempt(letter, DyingAfter(mailroom.spool))
    await mailroom.attempt(letter)
    with pytest.raises(AlreadyDone):
        await mailroom.attempt(letter)
    (mail,) = await mailroom.all()
    assert str(letter["id"]) in mail["Message-ID"]
    assert await mailroom.owed() == []


async def test_a_letter_the_server_does_not_take_waits_and_goes_out_as_the_same_mail(
    system: System, mailroom: Mailroom
) -> None:
    await join(system, "ana")
    deferred, sent = counted("deferred"), counted("sent")
    async with smtp_server() as inbox:
        by_smtp = SmtpMail(f"smtp://{inbox.url}")
        inbox.on_recipient = "451 greylisted"
        await mailroom.heard()
        (letter,) = await mailroom.owed()
        await mailroom.attempt(letter, by_smtp)
        assert await mailroom.owed() == [], "it holds no worker while it waits"
        assert await mailroom.value(f"{WAITING} WHERE next_at BETWEEN now() AND now() + interval '1 minute'") == 1
        await strike(mailroom.outside, "accounts.send_late_letters")
        assert await mailroom.owed() == [], "its time has not come"
        for wait in ("2 minutes", "4 minutes"):
            await fetch(mailroom.database_url, "UPDATE deferred_letters SET next_at = now()")
            await strike(mailroom.outside, "accounts.send_late_letters")
            await mailroom.send(by_smtp)
            assert await mailroom.value(f"{WAITING} WHERE next_at > now() + interval '{wait}' - interval '9 s'") == 1
        inbox.on_recipient = "250 OK"
        await fetch(mailroom.database_url, "UPDATE deferred_letters SET next_at = now()")
        await strike(mailroom.outside, "accounts.send_late_letters")
        await mailroom.send(by_smtp)
        (mail,) = inbox.mails
    assert str(letter["id"]) in mail["Message-ID"], "whoever tries again, the mail is the one that was owed"
    assert await mailroom.value(
        "SELECT used_at IS NULL AND hash = sha256($1) FROM mail_tokens", token_in(mail).encode()
    )
    assert await mailroom.value(WAITING) == 0
    assert (counted("deferred") - deferred, counted("sent") - sent) == (3, 1)


async def test_a_letter_the_server_refuses_is_given_up_with_a_count(system: System, mailroom: Mailroom) -> None:
    await join(system, "ana")
    refused = counted("refused")

    class Refusing:
        async def send(self, message: EmailMessage) -> None:
            raise MailRefused(550, "no such user")

    await mailroom.send(Refusing())
    assert (await mailroom.owed(), await mailroom.value(WAITING)) == ([], 0)
    assert counted("refused") == refused + 1


async def test_what_somebody_has_here_is_sent_to_an_address_they_proved_alone(
    system: System, mailroom: Mailroom
) -> None:
    ana = await join(system, "ana")
    await mailroom.send()
    owe = (
        "INSERT INTO job_intents (id, task, args, created_at) VALUES ($1, 'accounts.send_letter', "
        "jsonb_build_object('letter', 'export_ready', 'user_id', $2::text, 'object_key', 'exports/x.zip'), now())"
    )
    await fetch(mailroom.database_url, owe, uuid7(), str(ana.user.id))
    assert [mail["Subject"] for mail in await mailroom.send()] == ["Confirm your e-mail address"]
    await prove(mailroom.database_url)
    await fetch(mailroom.database_url, owe, uuid7(), str(ana.user.id))
    assert (await mailroom.send())[0]["Subject"] == "Your data is ready to be fetched"


async def test_what_is_not_due_any_more_is_not_sent(system: System, mailroom: Mailroom) -> None:
    await join(system, "ana")
    await prove(mailroom.database_url)
    unneeded = counted("unneeded", "reset_password")
    for _ in range(2):
        await system.ask(AskPasswordReset(email="ana@example.org"))
    await mailroom.send()
    assert [mail["Subject"] for mail in await mailroom.all()].count("Choose a new password") == 1
    assert counted("unneeded", "reset_password") == unneeded + 1, "the first link was worth nothing before it left"

    class Away:
        async def send(self, message: EmailMessage) -> None:
            raise MailUnavailable("nobody there")

    await system.ask(AskPasswordReset(email="ana@example.org"))
    await mailroom.send(Away())
    await fetch(mailroom.database_url, "UPDATE mail_tokens SET expires_at = now()")
    await fetch(mailroom.database_url, "UPDATE deferred_letters SET next_at = now()")
    await strike(mailroom.outside, "accounts.send_late_letters")
    await mailroom.send()
    assert counted("unneeded", "reset_password") == unneeded + 2
    assert await mailroom.value(WAITING) == 0


async def test_a_letter_written_after_its_secret_was_rotated_has_the_link_that_works(
    system: System, mailroom: Mailroom
) -> None:
    await join(system, "ana")
    await mailroom.heard()
    settings = mailroom.outside.settings
    rotated = settings.model_copy(
        update={"jwt_secret": type(settings.jwt_secret)(f"{'n' * 32},{settings.jwt_secret.get_secret_value()}")}
    )
    mailroom.outside = replace(mailroom.outside, settings=rotated)
    (mail,) = await mailroom.send()
    assert await mailroom.value(WORKS, token_in(mail).encode())


async def test_what_no_longer_counts_is_forgotten(system: System, mailroom: Mailroom) -> None:
    await join(system, "ana")
    await mailroom.send()
    await strike(mailroom.outside, "accounts.prune")
    assert await mailroom.value("SELECT count(*) FROM mail_quotas, mail_tokens") == 1
    await fetch(mailroom.database_url, "UPDATE mail_quotas SET latest_at = now() - interval '61 minutes'")
    await fetch(mailroom.database_url, "UPDATE mail_tokens SET expires_at = now() - interval '25 hours'")
    await strike(mailroom.outside, "accounts.prune")
    assert await mailroom.value("SELECT (SELECT count(*) FROM mail_quotas) + (SELECT count(*) FROM mail_tokens)") == 0
