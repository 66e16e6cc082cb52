"""Mail leaves by SMTP to a real server, safely, and says what became of it."""

import socket
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import pytest
from uuid_utils.compat import uuid7

from actors.adapters.mail import MailRefused, MailUnavailable, SmtpMail, compose
from tests.actors.adapters.smtp import SECRET, USER, certificate, smtp_server

LOGIN = f"{USER}:{quote(SECRET, safe='')}@"


def mail(to: str = "ana@example.org", mail_id: UUID | None = None, subject: str = "Hello") -> EmailMessage:
    """A mail in both forms, with letters beyond ASCII and lines that dots begin."""
    return compose(
        mail_id or uuid7(),
        sender="Vitrine <noreply@vitrine.example>",
        to=to,
        subject=subject,
        text="Grüße\n.\n..dots\n",
        html="<p>Grüße</p>",
    )


async def test_a_mail_arrives_whole_by_starttls_and_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context, trusted = certificate(tmp_path)
    async with smtp_server(context, asks_password=True) as inbox:
        away = SmtpMail(f"smtp://{LOGIN}{inbox.url}")
        with pytest.raises(MailUnavailable):
            await away.send(mail())
        assert inbox.mails == [], "a certificate nobody vouches for gets neither password nor mail"
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        await SmtpMail(f"smtp://{LOGIN}{inbox.url}").send(mail())
        (arrived,) = inbox.mails
        text, html = arrived.get_body(("plain",)), arrived.get_body(("html",))
        assert text is not None
        assert html is not None
        assert text.get_content().replace("\r\n", "\n") == "Grüße\n.\n..dots\n"
        assert html.get_content().strip() == "<p>Grüße</p>"
        assert (arrived["From"], arrived["To"]) == ("Vitrine <noreply@vitrine.example>", "ana@example.org")
        assert inbox.recipients == ["ana@example.org"]
        with pytest.raises(MailUnavailable):
            await SmtpMail(f"smtp://{USER}:wrong@{inbox.url}").send(mail())
        assert len(inbox.mails) == 1, "a password we have wrong is no reason to give a mail up"


async def test_a_password_is_never_sent_in_the_clear() -> None:
    async with smtp_server() as inbox:
        with pytest.raises(MailUnavailable):
            await SmtpMail(f"smtp://{LOGIN}{inbox.url}").send(mail())
        assert inbox.mails == []
        await SmtpMail(f"smtp://{inbox.url}").send(mail())
        assert len(inbox.mails) == 1


async def test_a_mail_sent_again_is_the_same_mail() -> None:
    mail_id = uuid7()
    async with smtp_server() as inbox:
        for _ in range(2):
            await SmtpMail(f"smtp://{inbox.url}").send(mail(mail_id=mail_id))
    first, second = inbox.raw
    assert first == second
    assert f"Message-ID: <{mail_id}@vitrine.example>".encode() in first


async def test_not_now_is_told_from_never() -> None:
    async with smtp_server() as inbox:
        outgoing = SmtpMail(f"smtp://{inbox.url}")
        inbox.on_recipient = "450 come back later"
        with pytest.raises(MailUnavailable):
            await outgoing.send(mail())
        inbox.on_recipient = "550 nobody here"
        with pytest.raises(MailRefused) as refused:
            await outgoing.send(mail())
        assert refused.value.code == 550
        inbox.on_recipient, inbox.on_data = "250 OK", "452 disk full"
        with pytest.raises(MailUnavailable):
            await outgoing.send(mail())
        inbox.on_data = "554 looks like spam"
        with pytest.raises(MailRefused):
            await outgoing.send(mail())
        with pytest.raises(MailRefused, match="ASCII"):
            await outgoing.send(mail("grüße@example.org"))
        inbox.on_data = "250 OK"
        await outgoing.send(mail())
        assert len(inbox.mails) == 1


async def test_a_server_that_is_away_is_not_asked_by_every_mail() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        host, port = listener.getsockname()
    outgoing = SmtpMail(f"smtp://{host}:{port}")
    with pytest.raises(MailUnavailable, match="Connect"):
        await outgoing.send(mail())
    async with smtp_server() as inbox:
        outgoing._host, outgoing._port = inbox.url.split(":")[0], int(inbox.url.split(":")[1])
        with pytest.raises(MailUnavailable, match="a moment ago"):
            await outgoing.send(mail())
        assert inbox.sessions == 0
        outgoing._away_until = 0.0
        await outgoing.send(mail())
        assert len(inbox.mails) == 1


@pytest.mark.parametrize("breaking", ["Hello\r\nBcc: eve@example.net", "Hello\nX: y", "Hello\r\n\r\nbody"])
def test_nothing_breaks_out_of_a_header(breaking: str) -> None:
    with pytest.raises(ValueError, match="Header"):
        mail(subject=breaking)
    with pytest.raises(ValueError, match=r".+"):
        mail(to=f"{breaking}@example.org")
    with pytest.raises(ValueError, match=r".+"):
        mail(to=f"ana@{breaking}")


@pytest.mark.parametrize("local", ["a..b", ".ana", "o'hara", "ana+tag", "a|b", "x" * 64])
async def test_odd_addresses_are_written_to_as_they_are(local: str) -> None:
    async with smtp_server() as inbox:
        await SmtpMail(f"smtp://{inbox.url}").send(mail(f"{local}@example.org"))
    assert inbox.recipients[0].replace('"', "") == f"{local}@example.org"
