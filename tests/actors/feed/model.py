"""What a walk through *following* must have shown and what it may have, told by when things began and ended alone."""

import math
from collections import Counter, defaultdict
from collections.abc import Coroutine, Hashable, Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import Any
from uuid import UUID


class Span:
    """Something was there. While it begins or ends nobody can say whether it is."""

    def __init__(self, begins: float) -> None:
        self.begins, self.began = begins, math.inf
        self.ends = self.ended = math.inf

    def surely(self, since: float, until: float) -> bool:
        """It was there all the time."""
        return self.began <= since and self.ends >= until

    def maybe(self, since: float, until: float) -> bool:
        """It may have been there some of the time."""
        return self.begins <= until and self.ended >= since


class Past:
    """Posts, the rows that show them, and whom the viewer followed, each while it was there."""

    def __init__(self) -> None:
        self._spans: defaultdict[Hashable, list[Span]] = defaultdict(list)
        self.rows: dict[tuple[UUID, UUID], None] = {}
        """Whoever showed which post: (post, person)."""

    @contextmanager
    def beginning(self, thing: Hashable) -> Iterator[None]:
        """The thing begins within the block, unless that raises."""
        span = Span(monotonic())
        self._spans[thing].append(span)
        try:
            yield
        except BaseException:
            self._spans[thing].remove(span)
            raise
        span.began = monotonic()

    @contextmanager
    def ending(self, thing: Hashable) -> Iterator[None]:
        """The thing ends within the block, unless that raises."""
        span = self._spans[thing][-1]
        span.ends = monotonic()
        try:
            yield
        except BaseException:
            span.ends = math.inf
            raise
        span.ended = monotonic()

    async def begin(self, thing: Hashable, act: Coroutine[Any, Any, Any]) -> None:
        """The thing begins by this act."""
        with self.beginning(thing):
            await act

    async def end(self, thing: Hashable, act: Coroutine[Any, Any, Any]) -> None:
        """The thing ends by this act."""
        with self.ending(thing):
            await act

    def is_there(self, thing: Hashable) -> bool:
        """Whether it is there now, between two acts."""
        spans = self._spans[thing]
        return bool(spans) and spans[-1].ended == math.inf

    def _all(self, things: Sequence[Hashable], since: float, until: float, *, surely: bool) -> bool:
        return all(
            any(span.surely(since, until) if surely else span.maybe(since, until) for span in self._spans[thing])
            for thing in things
        )

    def faults(self, shown: list[UUID], since: float, until: float) -> list[str]:
        """What is wrong with a walk that showed these posts: lost, shown though it was not there, shown twice."""
        must, may = set(), set()
        for post, person in self.rows:
            things = (("post", post), ("row", post, person), ("follow", person))
            if self._all(things, since, until, surely=True):
                must.add(post)
            if self._all(things, since, until, surely=False):
                may.add(post)
        return [
            *(f"lost {post}" for post in must.difference(shown)),
            *(f"wrong {post}" for post in set(shown) - may),
            *(f"{times} times {post}" for post, times in Counter(shown).items() if times > 1),
        ]
