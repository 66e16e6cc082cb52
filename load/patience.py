"""How long a live client waits before it connects again."""

import random
import time

BACKOFF = (0.5, 30.0)
GROWTH = 1.5
"""Seconds: attempt n comes at a random moment before `shortest` × `GROWTH`ⁿ, or before `longest` if that is less."""


class Patience:
    """Full jitter: many who were cut off together do not come back together.

    That a connection was accepted says little, it may be closed at once for what its client does. One that lived longer
    than the longest wait ends the series.
    """

    def __init__(self, backoff: tuple[float, float] = BACKOFF) -> None:
        self._shortest, self._longest = backoff
        self._attempts = 0
        self._open_since: float | None = None

    def opened(self) -> None:
        """A connection is open."""
        self._open_since = time.monotonic()

    def next(self) -> float:
        """It is lost, or there was none: how many seconds to wait."""
        if self._open_since is not None and time.monotonic() - self._open_since > self._longest:
            self._attempts = 0
        self._open_since = None
        most = min(self._longest, self._shortest * GROWTH**self._attempts)
        self._attempts = min(self._attempts + 1, 30)
        return random.uniform(0, most)
