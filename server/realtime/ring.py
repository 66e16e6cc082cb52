"""The recent past of the live log in memory, so that a storm of reconnects costs Redis nothing."""

from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from operator import attrgetter

from server.realtime.entries import Entry

KEPT_EVENTS = 50_000
KEPT_SECONDS = 600.0
KEPT_BYTES = 96 * 1024 * 1024

AUTHORS = "author:*"
"""Under this name lie all entries that are for some author's followers."""

_n = attrgetter("n")


class Ring:
    """The events of one epoch since `floor`: at least ten minutes *and* 50,000 of them, within a cap of bytes.

    Ephemeral and internal entries are not kept. Who was at `floor` or later can be told everything since.
    """

    def __init__(
        self,
        *,
        events: int = KEPT_EVENTS,
        seconds: float = KEPT_SECONDS,
        max_bytes: int = KEPT_BYTES,
    ) -> None:
        self.floor = 0
        self._events = events
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: deque[Entry] = deque()
        self._by_topic: dict[str, list[Entry]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def clear(self, floor: int) -> None:
        """Forget everything; what follows begins after `floor`."""
        self.floor = floor
        self._bytes = 0
        self._entries.clear()
        self._by_topic.clear()

    def add(self, entry: Entry) -> None:
        """Keep an entry that follows the last one, and let go of what need not be kept any longer."""
        if entry.ephemeral or entry.is_internal:
            return
        self._entries.append(entry)
        self._bytes += entry.size
        for topic in _names(entry):
            self._by_topic.setdefault(topic, []).append(entry)
        oldest = self._entries[0]
        while self._bytes > self._max_bytes or (
            len(self._entries) > self._events and oldest.read_at < entry.read_at - self._seconds
        ):
            self._drop_oldest()
            if not self._entries:
                break
            oldest = self._entries[0]

    def since(self, n: int, topic: str) -> list[Entry]:
        """The topic's entries after `n`, in order. Asked for less than `floor` it would be a part: do not."""
        entries = self._by_topic.get(topic)
        return [] if entries is None else entries[bisect_right(entries, n, key=_n) :]

    def count_since(self, n: int, topic: str) -> int:
        """How many entries of the topic come after `n`."""
        entries = self._by_topic.get(topic, ())
        return len(entries) - bisect_right(entries, n, key=_n)

    def _drop_oldest(self) -> None:
        entry = self._entries.popleft()
        self.floor = entry.n
        self._bytes -= entry.size
        for topic in _names(entry):
            entries = self._by_topic[topic]
            del entries[0]
            if not entries:
                del self._by_topic[topic]


def _names(entry: Entry) -> Iterable[str]:
    # A topic named twice would be listed twice, and dropped twice.
    names = dict.fromkeys(entry.topics)
    return (*names, AUTHORS) if entry.author is not None else names
