"""Pages kept as bytes for an instant: whoever asks for the same again gets the same, and only one of a crowd asks."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from actors.kernel import metrics
from server.http.caching import etag_of

KEPT_SECONDS = 0.5
"""How long a page may be shown without a look at what became of it: well below the second in which a block, a private
account or a deletion has to take effect."""
KEPT_BYTES = 32 << 20
_OWN = 200
"""What a page costs besides its bytes."""
_HITS, _MISSES = (metrics.cache_lookups_total.labels("pages", outcome) for outcome in ("hit", "miss"))

Key = tuple[UUID | None, str]
"""Whose page it is, None for visitors, and what was asked for."""


@dataclass(frozen=True)
class KeptPage:
    """A body, the address of the next page, and where the live log stood before its rows were read."""

    body: bytes
    link: str | None
    position: str | None

    @cached_property
    def etag(self) -> str:
        """The body's validator, which nobody needs of a page that is somebody's own."""
        return etag_of(self.body)


class Pages:
    """The pages of one process, at most 32 MiB of them; what is oldest goes first.

    A page is its asker's alone. Whatever somebody changes through this process ends theirs at once: they see what
    they did.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[Key, tuple[float, KeptPage]] = OrderedDict()
        self._of_person: dict[UUID, set[Key]] = {}
        self._asked: dict[Key, asyncio.Future[KeptPage]] = {}
        self._bytes = 0

    def find(self, key: Key) -> KeptPage | None:
        """The page, if it is fresh."""
        found = self._kept.get(key)
        is_hit = found is not None and found[0] > time.monotonic()
        (_HITS if is_hit else _MISSES).inc()
        return found[1] if found is not None and is_hit else None

    async def find_or_make(self, key: Key, make: Callable[[], Awaitable[KeptPage]]) -> KeptPage:
        """The page: kept, or being made for somebody else who asked, or made now.

        Raises what making it raises, for all who wait: each of them would have met the same.
        """
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.ensure_future(self._make(key, make))
        return await asyncio.shield(asked)

    async def _make(self, key: Key, make: Callable[[], Awaitable[KeptPage]]) -> KeptPage:
        asked, began = asyncio.current_task(), time.monotonic()
        try:
            page = await make()
            # Whoever changed something meanwhile has asked anew, and this is not theirs any more.
            if self._asked.get(key) is asked:
                self._keep(key, page, began + KEPT_SECONDS)
        finally:
            if self._asked.get(key) is asked:
                del self._asked[key]
        return page

    def forget(self, person: UUID) -> None:
        """This person has changed something."""
        for key in self._of_person.pop(person, ()):
            self._drop(key)
        for key in [key for key in self._asked if key[0] == person]:
            del self._asked[key]

    def _keep(self, key: Key, page: KeptPage, until: float) -> None:
        self._drop(key)
        self._kept[key] = (until, page)
        self._bytes += len(page.body) + _OWN
        if key[0] is not None:
            self._of_person.setdefault(key[0], set()).add(key)
        now = time.monotonic()
        while self._kept and (self._bytes > KEPT_BYTES or next(iter(self._kept.values()))[0] <= now):
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is None:
            return
        self._bytes -= len(found[1].body) + _OWN
        if key[0] is not None and (keys := self._of_person.get(key[0])):
            keys.discard(key)
            if not keys:
                del self._of_person[key[0]]
