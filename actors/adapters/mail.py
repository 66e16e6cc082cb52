"""Mail: what a letter is on its way out, and how it leaves, by SMTP or into a folder on this machine."""

import asyncio
import socket
import time
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib
import structlog
from aiosmtplib.errors import (
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from actors.adapters import Outage
from actors.adapters.spool import Spool
from actors.settings import Settings

log = structlog.get_logger(__name__)

SECONDS = 20.0
"""A server that has not taken a mail by then does not answer."""
PAUSE_SECONDS = 10.0
"""A server that could not be reached is not asked again for so long: waiting for it would hold up other work."""


class MailUnavailable(Outage):
    """The mail server takes no mail right now: it does not answer, is busy, or does not know us."""


class MailRefused(Exception):
    """The mail server will never take this mail; `code` is its answer. Its words may name people."""

    def __init__(self, code: int, words: str) -> None:
        self.code = code
        super().__init__(f"{code} {words}")


def pause_after(tries: int) -> timedelta:
    """How long a letter waits after so many tries before this one: a minute, two, four, at the most an hour."""
    return min(timedelta(hours=1), timedelta(minutes=2 ** min(tries, 6)))


class Mail(Protocol):
    """Hands mails over."""

    async def send(self, message: EmailMessage) -> None:
        """Hand a mail over. Raises `MailUnavailable`, or `MailRefused` for good."""
        ...


def compose(mail_id: UUID, *, sender: str, to: str, subject: str, text: str, html: str) -> EmailMessage:
    """A mail in plain text and HTML. Its every byte follows from what is given, Message-ID and date too.

    `mail_id` is a UUIDv7. Raises `ValueError` for a subject or an address that would break out of its header.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = sender
    username, _, domain = to.rpartition("@")
    message["To"] = Address(username=username, domain=domain)
    message["Subject"] = subject
    message["Date"] = datetime.fromtimestamp((mail_id.int >> 80) / 1000, UTC)
    message["Message-ID"] = f"<{mail_id}@{sender_of(message).rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"part-{mail_id.hex}")
    return message


def sender_of(message: EmailMessage) -> str:
    """The bare address a mail comes from."""
    return str(message["From"].addresses[0].addr_spec)


class SmtpMail:
    """By SMTP, a connection a mail: `smtps://` is TLS from the first byte; `smtp://` begins it by STARTTLS, always
    where a password is sent, elsewhere if the server can."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "smtps"
        self._host = parts.hostname
        self._port = parts.port or (465 if self._is_tls else 587 if parts.username else 25)
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password or "") if parts.username else None
        self._away_until = 0.0

    async def send(self, message: EmailMessage) -> None:
        """See `Mail.send`."""
        if time.monotonic() < self._away_until:
            raise MailUnavailable("the mail server did not answer a moment ago")
        try:
            async with asyncio.timeout(SECONDS), self._client() as client:
                to = str(message["To"].addresses[0].addr_spec)
                if not to.isascii() and not client.supports_extension("smtputf8"):
                    raise MailRefused(553, "the server takes no address beyond ASCII")
                await client.send_message(message, sender=sender_of(message), recipients=[to])
        except (SMTPRecipientsRefused, SMTPSenderRefused, SMTPDataError) as error:
            answer = error.recipients[0] if isinstance(error, SMTPRecipientsRefused) else error
            if answer.code >= 500:
                raise MailRefused(answer.code, answer.message) from error
            raise MailUnavailable(f"the server answers {answer.code}") from error
        except SMTPResponseException as error:
            raise MailUnavailable(f"the server answers {error.code}") from error
        except (SMTPException, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise MailUnavailable(f"{type(error).__name__}: {error}") from error

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._username,
            password=self._password,
            use_tls=self._is_tls,
            start_tls=None if self._is_tls or self._username is None else True,
            local_hostname=socket.gethostname(),
            timeout=SECONDS / 2,
        )


class NoMail:
    """Sends nothing: for development without a spool, and for tests that need none."""

    async def send(self, message: EmailMessage) -> None:
        """Say that it was not sent."""
        log.warning("mail is off: not sent", mail=message["Message-ID"], subject=message["Subject"])


def open_mail(settings: Settings) -> Mail:
    """The mail of these settings. Connects when it is first used."""
    if settings.smtp_url is not None:
        return SmtpMail(settings.smtp_url.get_secret_value())
    if settings.mail_spool is not None:
        return Spool(settings.mail_spool)
    log.warning("mail is off: neither SMTP_URL nor MAIL_SPOOL is set")
    return NoMail()
