"""Passwords that somebody would guess early: everybody's favourites, walks over the keyboard, one's own name."""

import re
import string
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

_LIST = Path(__file__).with_name("common_passwords.txt")
_FEWEST_SIGNS = 5
_SHORTEST_UNIT = 8
_SHORTEST_RUN = 3
_MOST_STRAYS = 2
_MOST_AROUND_A_NAME = 4
_LEET = str.maketrans("@4830!1$57", "aabeoiisst")
_ROWS = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop", "qsdfghjklm", "wxcvbn", "qwertzuiop")
_COLUMNS = ("1qaz", "2wsx", "3edc", "4rfv", "5tgb", "6yhn", "7ujm", "8ik", "9ol")
_LINES = (*_ROWS, "01234567890", "!@#$%^&*()", string.ascii_lowercase, *_COLUMNS)
_NEIGHBOURS = frozenset(pair for line in _LINES for way in (line, line[::-1]) for pair in pairwise(way))


def is_common(password: str) -> bool:
    """Whether it is among what is tried first: a listed word or two with digits or signs around them, however they
    are written, a short thing repeated, or rows of keys and letters."""
    text = _folded(password)
    return len(set(text)) < _FEWEST_SIGNS or _repeats_something_short(text) or _is_runs(text) or _is_listed(text)


def is_near(password: str, names: Iterable[str]) -> bool:
    """Whether it is one of these names or addresses, either way round, with hardly anything around it."""
    text = _bare(_folded(password))
    for name in names:
        known = _folded(name)
        for part in filter(None, map(_bare, (known, known.partition("@")[0]))):
            for way in (part, part[::-1]):
                if way in text and len(text.replace(way, "")) <= _MOST_AROUND_A_NAME:
                    return True
    return False


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _bare(text: str) -> str:
    return "".join(sign for sign in text if sign.isalnum())


def _repeats_something_short(text: str) -> bool:
    # A text that is found in itself doubled, before its own length, repeats what stands up to there.
    return (text + text).find(text, 1) < min(len(text), _SHORTEST_UNIT)


def _is_runs(text: str) -> bool:
    """Whether hardly a sign in it stands outside a run of neighbours, forwards or backwards."""
    length, strays = 1, 0
    for pair in [*pairwise(text), ("", "")]:
        if pair in _NEIGHBOURS:
            length += 1
            continue
        if length < _SHORTEST_RUN:
            strays += length
        length = 1
    return strays <= _MOST_STRAYS


def _is_listed(text: str) -> bool:
    core = re.sub(r"^[\W\d_]+|[\W\d_]+$", "", text)
    forms = {_bare(form) for form in (text, text.translate(_LEET), core, core.translate(_LEET))}
    return any(form in _listed() or _is_two_words(form) for form in forms)


def _is_two_words(text: str) -> bool:
    return any(text[:cut] in _listed() and text[cut:] in _listed() for cut in range(3, len(text) - 2))


@cache
def _listed() -> frozenset[str]:
    lines = _LIST.read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
