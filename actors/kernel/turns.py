"""Turns at a few places, for those who do not stay to wait but come again."""

import time

GONE_SECONDS = 60.0
"""Who waits comes again within a lease. Who was not seen for longer was served elsewhere."""


class Turns:
    """First come, first served: who comes for the first time has no place before those who wait."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[bytes, float] = {}

    @property
    def waiting(self) -> int:
        """How many were sent away and will come again."""
        return len(self._waiting)

    def take(self, who: bytes) -> bool:
        """Take a place, to `leave` it later. False: come again."""
        now = time.monotonic()
        for other, seen in list(self._waiting.items()):
            if seen > now - GONE_SECONDS:
                break
            del self._waiting[other]
        has_waited = self._waiting.pop(who, None) is not None
        if self._free and (has_waited or not self._waiting):
            self._free -= 1
            return True
        self._waiting[who] = now
        return False

    def leave(self) -> None:
        """Give a place back."""
        self._free += 1
