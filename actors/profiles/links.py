"""Addresses people put on their profiles."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError


def _web_address(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.scheme in {"http", "https"} and "." in (parts.hostname or "") and parts.username is None
        _ = parts.port
    except ValueError:
        fits = False
    # Spaces, control characters and backslashes are where browsers and parsers disagree about addresses.
    if not fits or not text.isprintable() or any(sign in text for sign in " \\<>\"'`"):
        raise PydanticCustomError("url_invalid", "this is not an http or https address")
    return text


WebAddress = Annotated[str, Field(min_length=8, max_length=500), AfterValidator(_web_address)]
"""An absolute http or https address without credentials, as it was given."""
