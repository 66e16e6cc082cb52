"""Every letter says what it must in both forms, and a name can neither break out of a header nor into HTML."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from uuid_utils.compat import uuid7

from actors.accounts import letters
from actors.accounts.letters import LETTERS, LetterName, in_words, write
from actors.settings import Settings
from tests.actors.accounts.mailroom import text_of, token_in

NASTY = "ana\r\nBcc: eve@example.net\r\n\r\n<script>alert(1)</script><img src=x>"
FACTS: dict[str, Any] = {
    "new_email": "<b>new</b>@example.org",
    "when": "5 January 2026 at 10:00 UTC",
    "erased_on": "4 February 2026",
    "lines": [f"{NASTY} liked your photograph"],
    "has_more": True,
    "unsubscribe": "https://vitrine.example/#unsubscribe=t",
}


@pytest.mark.parametrize("name", LetterName)
def test_a_letter_is_whole_in_both_forms_whatever_somebody_is_called(name: LetterName, bare_settings: Settings) -> None:
    token = "t" * 43 if LETTERS[name].purpose else None
    message = write(name, bare_settings, uuid7(), to="ana@example.org", username=NASTY, token=token, **FACTS)
    assert message.keys() == [
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    head = message.as_bytes().partition(b"\r\n\r\n")[0]
    assert b"Bcc" not in head
    assert b"ana\r" not in head
    plain, html = text_of(message), text_of(message, "html")
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html
    assert "<b>new</b>" not in html
    for said in (plain, html):
        assert bare_settings.public_url in said
        assert "{" not in said
    if token:
        assert token_in(message) == token
        assert in_words(LETTERS[name].worth) in plain
        assert f'href="{bare_settings.public_url}/#{LETTERS[name].page}={token}"' in html


def test_every_letter_has_its_two_templates_and_no_template_is_left_over() -> None:
    folder = Path(letters.__file__).parent
    wanted = {f"{name}.{form}" for name in (*LetterName, "layout") for form in ("txt", "html")}
    assert {file.name for file in folder.iterdir() if file.suffix in {".txt", ".html"}} == wanted
    assert set(LETTERS) == set(LetterName)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=30), "30 minutes"),
        (timedelta(hours=1), "an hour"),
        (timedelta(hours=24), "24 hours"),
        (timedelta(days=7), "7 days"),
    ],
)
def test_spans_are_said_as_people_say_them(span: timedelta, words: str) -> None:
    assert in_words(span) == words
