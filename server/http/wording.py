"""What docstrings say, for readers of the API: without names of our classes, refusals by their codes."""

import inspect
import re
from typing import NamedTuple

from pydantic import BaseModel

from actors.kernel.errors import Refusal
from server.http.errors import every_refusal

_MARKED = re.compile(r"`([^`]+)`")
_RAISES = re.compile(r"\b([Rr])aises ")
_SENTENCE_END = re.compile(r"\.\s+(?=[A-Z`])")
_SOFT_BREAK = re.compile(r"(?<!\n)\n(?!\n)")


class Words(NamedTuple):
    """A line of plain text, paragraphs in which code stands between backticks, and the codes they speak of."""

    summary: str
    more: str
    codes: tuple[str, ...]


def words_of(model: type[BaseModel]) -> Words:
    """What the docstring of a message tells those who send it."""
    named = {refusal.__name__: refusal for refusal in every_refusal()}

    def shown(found: re.Match[str]) -> str:
        refusal = named.get(found[1])
        return found[0] if refusal is None else f"`{refusal.code}`"

    text = _SOFT_BREAK.sub(" ", inspect.cleandoc(model.__doc__ or model.__name__))
    text = _RAISES.sub(lambda found: f"{'Refused' if found[1] == 'R' else 'refused'} with ", text)
    summary, more = _split(_MARKED.sub(shown, text))
    return Words(plain(summary), more, tuple(refusal.code for refusal in refusals_of(model)))


def refusals_of(model: type[BaseModel]) -> tuple[type[Refusal], ...]:
    """The refusals that the docstring of a message names, in its order."""
    named = {refusal.__name__: refusal for refusal in every_refusal()}
    found = dict.fromkeys(_MARKED.findall(model.__doc__ or ""))
    return tuple(named[name] for name in found if name in named)


def plain(text: str) -> str:
    """The text without its marks."""
    return _MARKED.sub(r"\1", text)


def _split(text: str) -> tuple[str, str]:
    """The first sentence, and what follows it."""
    end = _SENTENCE_END.search(text)
    return (text, "") if end is None else (text[: end.start() + 1], text[end.end() :])
