"""What a comment may hold."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from actors.kernel.text import printable

LENGTH = 2_000


def _some(text: str) -> str:
    """The text trimmed and in NFC. Raises ValueError unless it is 1 to 2,000 characters, none a control character."""
    text = printable(text)
    if not text:
        raise PydanticCustomError("string_too_short", "say something")
    if len(text) > LENGTH:
        raise PydanticCustomError("string_too_long", "a comment holds at most 2,000 characters")
    return text


CommentText = Annotated[
    str,
    # Normalising a megabyte of combining marks takes minutes: what is measured first leaves room for blanks alone.
    Field(max_length=2 * LENGTH, description="1 to 2,000 characters after trimming"),
    AfterValidator(_some),
]
