"""What any text of people's must be."""

import unicodedata

from pydantic import AfterValidator
from pydantic_core import PydanticKnownError

_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_SEEN = frozenset("LMNPS")
"""Letters, marks, numbers, punctuation and symbols; not blanks, nor signs that only say how others are set."""


def printable(text: str) -> str:
    """The text trimmed; empty if nothing of it is seen. Raises ValueError for control characters (PostgreSQL has no
    NUL), half surrogates."""
    text = unicodedata.normalize("NFC", text.strip())
    if any(unicodedata.category(sign) in {"Cc", "Cs"} and sign not in "\n\r\t" for sign in text):
        raise ValueError("holds control characters")
    return text if any(unicodedata.category(sign)[0] in _SEEN for sign in text) else ""


def no_longer_than(length: int) -> AfterValidator:
    """Refuses what became longer than that as `printable` wrote it: some signs become two."""

    def check(text: str) -> str:
        if len(text) > length:
            raise PydanticKnownError("string_too_long", {"max_length": length})
        return text

    return AfterValidator(check)


def one_line(text: str) -> str:
    """The text trimmed, with single blanks. Raises ValueError as `printable` does, and for line breaks and for signs
    that turn the direction of what follows: a name must not rewrite the line it stands in."""
    text = printable(text)
    if any(sign in _BIDI or unicodedata.category(sign) in {"Cc", "Zl", "Zp"} for sign in text):
        raise ValueError("holds line breaks or control characters")
    return " ".join(text.split())
