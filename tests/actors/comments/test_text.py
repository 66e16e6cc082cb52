"""What a comment may hold."""

import time
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from actors.comments.text import CommentText

TEXT: TypeAdapter[Any] = TypeAdapter(CommentText)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Well seen.\n", "Well seen."),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("e\u0301t\u00e9", "\u00e9t\u00e9"),
        ("x" * 2000, "x" * 2000),
        (" " * 1000 + "x" * 2000, "x" * 2000),
    ],
)
def test_a_comment_is_kept_trimmed_and_in_one_form(written: str, kept: str) -> None:
    assert TEXT.validate_python(written) == kept


@pytest.mark.parametrize(
    "written", ["", " \n ", "\u200b \u2060\ufeff", "x" * 2001, "bell\x07", "escape\x1b[2J", "\ud800", "\u0958" * 1500]
)
def test_what_is_empty_too_long_or_no_text_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        TEXT.validate_python(written)


def test_a_megabyte_of_combining_marks_is_refused_at_once() -> None:
    began = time.thread_time()
    with pytest.raises(ValidationError):
        TEXT.validate_python("a" + "\u0300\u0301" * 500_000)
    assert time.thread_time() - began < 0.5
