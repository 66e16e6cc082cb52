"""What people may write on a post: the rules of captions, alternative texts and tags."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

from actors.kernel.text import no_longer_than, printable

TAG_LENGTH = 50
_TAG_MARKS = "_-"


def tag(text: str) -> str:
    """The one spelling of a tag: NFKC, casefolded, without `#`. Raises ValueError unless 1–50 letters, marks,
    digits, `_` or `-`."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip()
    folded = folded.removeprefix("#")
    if not 1 <= len(folded) <= TAG_LENGTH:
        raise ValueError(f"a tag holds 1 to {TAG_LENGTH} characters")
    if not all(sign in _TAG_MARKS or unicodedata.category(sign)[0] in "LMN" for sign in folded):
        raise ValueError("a tag holds letters, digits, _ and - only")
    return folded


def _each_once(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(tags))


# Lengths come first: normalising a megabyte of combining marks takes minutes.
Caption = Annotated[str, Field(max_length=2200), AfterValidator(printable), no_longer_than(2200)]
AltText = Annotated[str, Field(max_length=1500), AfterValidator(printable), no_longer_than(1500)]
Tag = Annotated[str, Field(max_length=4 * TAG_LENGTH), AfterValidator(tag)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=20), AfterValidator(_each_once)]
