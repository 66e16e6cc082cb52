"""In which order the best are shown: what few have noticed gets its chance, and nobody fills a page alone."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import IntEnum
from heapq import heappop, heappush
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

T = TypeVar("T")

CHANCE_EVERY = 5
"""Of so many places in a row one is for a post that few have noticed."""
WINDOW = 20
"""Of so many places in a row no two show the same author, as long as there are others."""
LENGTH = 300
"""Places in a snapshot."""


class Reason(IntEnum):
    """Why a post has its place: by its rank, as its chance, for a tag the viewer follows, or because it is left."""

    rank = 0
    chance = 1
    tag = 2
    rest = 3


class Ranked(NamedTuple):
    """A post with what its place depends on. `is_unnoticed`: it is new, and its author has not been seen by many."""

    post_id: UUID
    author_id: UUID
    score: float
    tags: tuple[str, ...]
    is_unnoticed: bool


class Place(NamedTuple):
    """A place in a snapshot: which post has it, and why."""

    post_id: UUID
    reason: Reason


def arrange(ranked: Iterable[tuple[Ranked, Reason]], chances: Iterable[Ranked]) -> list[Place]:
    """The places, from posts in the order of their rank and from those that wait for a chance; no post has two."""
    mixed = list(islice(_with_chances(ranked, chances), LENGTH))
    return [Place(one.post_id, reason) for one, reason in spread(mixed, lambda pair: pair[0].author_id)]


def _with_chances(
    ranked: Iterable[tuple[Ranked, Reason]], chances: Iterable[Ranked]
) -> Iterator[tuple[Ranked, Reason]]:
    """A chance comes wherever the ranking itself has shown nothing unnoticed for long enough."""
    waiting, placed, since = iter(chances), set[UUID](), 0
    for one, reason in ranked:
        if one.post_id in placed:
            continue
        if since >= CHANCE_EVERY - 1 and not one.is_unnoticed:
            chance = next((chance for chance in waiting if chance.post_id not in placed), None)
            if chance is not None:
                placed.add(chance.post_id)
                yield chance, Reason.chance
                since = 0
        placed.add(one.post_id)
        yield one, reason
        since = 0 if one.is_unnoticed else since + 1


def spread(items: Sequence[T], author_of: Callable[[T], UUID]) -> Iterator[T]:
    """All of them, each as early as it can be without its author being twice in a window.

    Where only authors are left who were shown just now, the one comes again who was shown longest ago.
    """
    queues: dict[UUID, deque[int]] = {}
    for index, item in enumerate(items):
        queues.setdefault(author_of(item), deque()).append(index)
    free = [(queue[0], author) for author, queue in queues.items()]
    resting: deque[UUID] = deque()
    while free or resting:
        if not free or len(resting) >= WINDOW:
            author = resting.popleft()
            if queue := queues[author]:
                heappush(free, (queue[0], author))
            continue
        _, author = heappop(free)
        yield items[queues[author].popleft()]
        resting.append(author)
