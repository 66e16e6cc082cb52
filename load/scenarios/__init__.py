"""What can be measured, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from load.bench import Bench
from load.figures import Outcome
from load.scenarios import echo, feed, likes, watch


class Scenario(NamedTuple):
    """A measurement, what it is called in words, and how many people it needs (whole, short)."""

    run: Callable[[Bench, Outcome], Awaitable[None]]
    title: str
    people: tuple[int, int]

    def needs(self, *, short: bool) -> int:
        """Distinct people."""
        return self.people[short]


SCENARIOS: Mapping[str, Scenario] = {
    "likes": Scenario(likes.run, "Durable likes a second over HTTP, 256 connections (M2)", (1_024, 512)),
    "watch": Scenario(watch.run, "Staleness of counts, many sockets on one post (M1, M1b)", (4_000, 1_500)),
    "echo": Scenario(echo.run, "From a like's request to the watcher's frame, one client", (200, 200)),
    "feed": Scenario(feed.run, "The for-you page of 20, 32 connections (M3)", (2_000, 1_000)),
}
