"""Addresses on profiles lead to web pages, and to nothing else."""

import pytest
from pydantic import TypeAdapter, ValidationError

from actors.profiles.links import WebAddress

ADDRESS: TypeAdapter[str] = TypeAdapter(WebAddress)


@pytest.mark.parametrize(
    "text",
    ["https://example.org", "http://example.org/a?b=c#d", "HTTPS://Example.org:8443/ü", "https://bücher.example/"],
)
def test_a_web_address_is_kept_as_given(text: str) -> None:
    assert ADDRESS.validate_python(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "ftp://example.org",
        "//example.org",
        "example.org",
        "https://",
        "https://localhost",
        "https://user@example.org",
        "https://user:secret@example.org",
        "https://example.org:99999",
        "https://[::1",
        "https://exa mple.org",
        "https://example.org/\\evil",
        "https://example.org/\nx",
        "https://example.org/\u202egpj",
        'https://example.org/"onload=',
        "https://example.org/" + "x" * 500,
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(text)
