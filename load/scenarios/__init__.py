"""What can be measured, by name."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from load.bench import Bench
from load.figures import Outcome
from load.scenarios import (
    costs,
    delivery,
    echo,
    feed,
    following,
    images,
    likes,
    memory,
    resume,
    revocation,
    signins,
    watch,
)

BEHIND_A_PROXY: Mapping[str, str] = {"TRUSTED_PROXIES": "1"}
"""So that people come from addresses of their own, and limits by address hold as shipped."""


class Scenario(NamedTuple):
    """A measurement, what it is called in words, how many people it needs (whole, short), and what its server's
    environment holds besides."""

    run: Callable[[Bench, Outcome], Awaitable[None]]
    title: str
    people: tuple[int, int]
    environment: Mapping[str, str] = {}

    def needs(self, *, short: bool) -> int:
        """Distinct people."""
        return self.people[short]


SCENARIOS: Mapping[str, Scenario] = {
    "likes": Scenario(likes.run, "Durable likes a second over HTTP, 256 connections (M2)", (1_024, 512)),
    "watch": Scenario(watch.run, "Staleness of counts, many sockets on one post (M1, M1b)", (4_000, 1_500)),
    "echo": Scenario(echo.run, "From a like's request to the watcher's frame, one client", (200, 200)),
    "feed": Scenario(feed.run, "The for-you page of 20, 32 connections (M3)", (2_000, 1_000)),
    "following": Scenario(following.run, "The following feed, a thousand followees, a million posts (M4)", (200, 60)),
    "costs": Scenario(costs.run, "What requests cost at ten to a thousand times the data (M7)", (1_000, 200)),
    "images": Scenario(images.run, "From a post to its ready photograph, 12 megapixels", (200, 60)),
    "signins": Scenario(
        signins.run, "Sign-ins with real Argon2, and what else waits for them", (600, 200), BEHIND_A_PROXY
    ),
    "revocation": Scenario(
        revocation.run, "From the reply to a revocation to the closed socket, two servers", (100, 20), BEHIND_A_PROXY
    ),
    "memory": Scenario(memory.run, "Memory of a signed-in socket with three topics, 10,000 of them (M5)", (2_000, 150)),
    "delivery": Scenario(delivery.run, "Events delivered per second of a server's processor (M6)", (500, 200)),
    "resume": Scenario(resume.run, "5,000 sockets, their server killed and restarted (M8)", (1_000, 200)),
}
