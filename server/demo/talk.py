"""What demo people say under each other's photographs."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple, Protocol
from uuid import UUID

from server.demo import words
from server.demo.moments import id_at

SPEAKING = 0.06
"""Of those who like something, so many say so."""
ANSWERED = 0.45


class _Liked(Protocol):
    @property
    def post(self) -> int: ...
    @property
    def person(self) -> int: ...
    @property
    def at(self) -> datetime: ...


class Remark(NamedTuple):
    """A comment: indexes into the posts and the people, the id of the comment it replies to, and whom it names."""

    id: UUID
    post: int
    person: int
    parent: UUID | None
    body: str
    named: int | None
    at: datetime


def talk(
    rng: Random, likes: Iterable[_Liked], authors: Sequence[int], usernames: Sequence[str], now: datetime
) -> list[Remark]:
    """Some of those who like a post comment on it, and some of these are answered by its author.

    `authors` are those of the posts, as indexes into `usernames`.
    """
    found: list[Remark] = []
    for like in likes:
        if rng.random() >= SPEAKING:
            continue
        at = min(now, like.at + timedelta(minutes=rng.uniform(0.2, 3)))
        comment = Remark(id_at(rng, at), like.post, like.person, None, rng.choice(words.REMARKS), None, at)
        found.append(comment)
        if rng.random() < ANSWERED:
            later = at + (now - at) * rng.random() ** 2
            body = rng.choice(words.ANSWERS).format(name=f"@{usernames[like.person]}")
            named = like.person if "@" in body else None
            found.append(Remark(id_at(rng, later), like.post, authors[like.post], comment.id, body, named, later))
    return found
