"""What may be written on a post."""

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from actors.posts.text import AltText, Caption, Tag, Tags, tag

TAGS: TypeAdapter[Any] = TypeAdapter(Tags)
CAPTION: TypeAdapter[Any] = TypeAdapter(Caption)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Sunset", "sunset"),
        ("#Straße", "strasse"),
        ("ＦＵＬＬ", "full"),
        ("black-and-white", "black-and-white"),
        ("हिन्दी", "हिन्दी"),
        ("東京_2026", "東京_2026"),
    ],
)
def test_a_tag_has_one_spelling(written: str, kept: str) -> None:
    assert tag(written) == kept
    assert tag(kept) == kept


@pytest.mark.parametrize("written", ["", "#", "two words", "a:b", "a,b", "new\nline", "x" * 51, "a\0b", "😀"])
def test_what_is_no_tag_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        TAGS.validate_python((written,))


@given(st.text(max_size=60))
def test_whatever_passes_fits_a_topic_and_stays_as_it_is(written: str) -> None:
    try:
        kept = tag(written)
    except ValueError:
        return
    assert tag(kept) == kept
    assert len(kept.split()) == 1
    assert ":" not in kept


def test_tags_are_kept_once_in_order_and_twenty_at_most() -> None:
    assert TAGS.validate_python(("b", "A", "B", "a")) == ("b", "a")
    assert len(TAGS.validate_python(tuple(f"t{n}" for n in range(20)))) == 20
    with pytest.raises(ValidationError):
        TAGS.validate_python(tuple(f"t{n}" for n in range(21)))


@pytest.mark.parametrize("written", ["a\0b", "bell\a", "half \ud800 pair", "x" * 2201])
def test_a_caption_that_cannot_be_kept_is_refused(written: str) -> None:
    with pytest.raises(ValidationError):
        CAPTION.validate_python(written)


def test_a_caption_keeps_its_lines() -> None:
    assert CAPTION.validate_python("  one\ntwo  ") == "one\ntwo"
    assert CAPTION.validate_python("\u200b") == "", "of which nobody would see anything"
    assert CAPTION.validate_python("\U0001f469\u200d\U0001f3a8") == "\U0001f469\u200d\U0001f3a8"


@pytest.mark.parametrize("adapter", [CAPTION, TypeAdapter(AltText), TypeAdapter(Tag)])
def test_a_text_too_long_is_refused_before_it_is_normalised(adapter: TypeAdapter[Any]) -> None:
    began = time.thread_time()
    with pytest.raises(ValidationError):
        adapter.validate_python("a" + "\u0301\u0327" * 20_000)  # whose normal form takes over a second
    assert time.thread_time() - began < 0.2


@pytest.mark.parametrize(("adapter", "most"), [(CAPTION, 2200), (TypeAdapter(AltText), 1500)])
def test_a_text_holds_no_more_than_it_may_once_it_is_normalised(adapter: TypeAdapter[Any], most: int) -> None:
    becomes_two = "\u0958"
    kept = adapter.validate_python(becomes_two * (most // 2))
    assert len(kept) == most
    assert adapter.validate_python(kept) == kept
    with pytest.raises(ValidationError, match=f"at most {most} characters"):
        adapter.validate_python(becomes_two * (most // 2 + 1))
