"""Signed addresses, made once for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable

LIFETIME_SECONDS = 3600
KEPT = 20_000
"""Addresses remembered, some 400 bytes each."""


class SignedAddresses:
    """Where objects that are not public are found, each address good for half an hour at least and an hour at most.

    Signing takes 120 µs, so that an address is given again until half of its life is over: a page of private
    photographs costs nothing then, and browsers find in their caches what they have seen.
    """

    def __init__(self, sign: Callable[[str, int], str]) -> None:
        self._sign = sign
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def of(self, key: str) -> str:
        """The object's address."""
        now = time.monotonic()
        url, good_until = self._known.pop(key, ("", 0.0))
        if good_until <= now:
            url, good_until = self._sign(key, LIFETIME_SECONDS), now + LIFETIME_SECONDS / 2
        self._known[key] = url, good_until
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return url
