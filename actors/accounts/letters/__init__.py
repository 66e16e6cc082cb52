"""Every letter we write, in plain text and HTML. A new one is an entry here and two templates of its name."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from actors.accounts.tokens import LIFETIMES, Purpose
from actors.adapters.mail import compose
from actors.settings import Settings


class LetterName(StrEnum):
    """Which letter."""

    verify_email = "verify_email"
    change_email = "change_email"
    email_changing = "email_changing"
    reset_password = "reset_password"  # noqa: S105  a name, no secret
    known_address = "known_address"
    password_changed = "password_changed"  # noqa: S105  as above
    account_closing = "account_closing"
    export_ready = "export_ready"
    digest = "digest"


class Letter(NamedTuple):
    """A letter's subject, which names nobody, and for how long after its cause it is worth sending.

    One with a `purpose` brings a token; its link leads to `#<page>=<token>` of our page. A fragment reaches no
    server's log.
    """

    subject: str
    worth: timedelta
    purpose: Purpose | None = None
    page: str = ""


def _with_token(subject: str, purpose: Purpose, page: str) -> Letter:
    return Letter(subject, LIFETIMES[purpose], purpose, page)


LETTERS: Mapping[LetterName, Letter] = {
    LetterName.verify_email: _with_token("Confirm your e-mail address", Purpose.verify, "verify-email"),
    LetterName.change_email: _with_token("Confirm your new e-mail address", Purpose.change, "verify-email"),
    LetterName.reset_password: _with_token("Choose a new password", Purpose.reset, "reset-password"),
    LetterName.email_changing: Letter("Your e-mail address is about to change", timedelta(days=1)),
    LetterName.known_address: Letter("Somebody used your e-mail address", timedelta(days=1)),
    LetterName.password_changed: Letter("Your password was changed", timedelta(days=3)),
    LetterName.account_closing: Letter("Your account will be deleted", timedelta(days=7)),
    LetterName.export_ready: Letter("Your data is ready to be fetched", timedelta(days=7)),
    LetterName.digest: Letter("What is new for you", timedelta(days=1)),
}

_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent),
    autoescape=select_autoescape(("html",), default=False),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


def write(
    name: LetterName,
    settings: Settings,
    mail_id: UUID,
    *,
    to: str,
    username: str,
    token: str | None = None,
    link: str | None = None,
    **facts: Any,
) -> EmailMessage:
    """A letter to somebody, ready to be sent; it leads to our page with the token, else to `link`.

    `facts` are what else its templates speak of.
    """
    letter = LETTERS[name]
    home = settings.public_url.rstrip("/")
    said = {
        "home": home,
        "link": f"{home}/#{letter.page}={token}" if token else link or home,
        "lasts": in_words(letter.worth),
        "subject": letter.subject,
        "username": username,
        **facts,
    }
    return compose(
        mail_id,
        sender=settings.mail_sender,
        to=to,
        subject=letter.subject,
        text=_TEMPLATES.get_template(f"{name}.txt").render(said),
        html=_TEMPLATES.get_template(f"{name}.html").render(said),
    )


def in_words(span: timedelta) -> str:
    """As people say it: 30 minutes, an hour, 24 hours, 7 days."""
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    if hours == 0:
        return f"{minutes} minutes"
    if hours == 1:
        return "an hour"
    return f"{hours} hours" if hours <= 24 else f"{hours // 24} days"


def on_the_day(moment: datetime) -> str:
    """A date as letters write it: 5 January 2026."""
    return f"{moment.day} {moment:%B %Y}"
