"""Reads the tables that say who may do what."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

COLUMNS = ("visitor", "user", "owner", "creator", "admin")
HOW = ("private", "blocking", "suspended", "closing")
NO_CASE = "-"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what is done, to whom (`""`: to anybody), and what each is answered."""

    name: str
    of: str
    expected: Mapping[str, str]


def read(path: Path) -> list[Row]:
    """The rows of a table. Raises `ValueError` for a line that is none."""
    return list(_rows(path.read_text()))


def _rows(text: str) -> Iterator[Row]:
    name = ""
    seen: set[tuple[str, str]] = set()
    for line in text.splitlines():
        words = line.split()
        if not words or line.startswith("#"):
            continue
        *subject, last = words[: -len(COLUMNS)] or [""]
        if words[-len(COLUMNS) :] == list(COLUMNS):
            continue
        is_variant = bool(re.match(r"\s", line))
        if is_variant and last not in HOW:
            raise ValueError(f"{last!r} is none of {HOW}: {line}")
        name = name if is_variant else " ".join([*subject, last])
        of = last if is_variant else ""
        if not name or (name, of) in seen:
            raise ValueError(f"twice, or of nothing: {line}")
        seen.add((name, of))
        yield Row(name, of, dict(zip(COLUMNS, words[-len(COLUMNS) :], strict=True)))
