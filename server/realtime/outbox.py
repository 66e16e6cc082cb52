"""What waits for a slow reader, in order and within bounds. A reader that keeps up has no outbox at all."""

from collections import deque
from collections.abc import Sequence

from server.realtime import metrics
from server.realtime.encoding import event_frame, lag_frame
from server.realtime.entries import Entry, Position

MAX_EVENT_BYTES = 1024 * 1024
_ITEM_BYTES = 128
"""A pair, the position in it, and its place in a list."""


class Burst:
    """Frames of one topic, encoded once and shared by every socket: its events in `(after, to]`."""

    __slots__ = ("after", "frame", "label", "to")

    def __init__(self, label: bytes, after: Position, to: Position, frame: bytes) -> None:
        self.label = label
        self.after = after
        self.to = to
        self.frame = frame

    @property
    def cost(self) -> int:
        """How many bytes it holds for this socket."""
        return len(self.frame)

    def encoded(self) -> bytes:
        """The frames."""
        return self.frame


class Replay:
    """Events of one topic that the ring still holds, encoded only when their turn comes.

    Each item is an event and the position it may promise.
    """

    __slots__ = ("items", "label")

    def __init__(self, label: bytes, items: Sequence[tuple[Entry, Position]]) -> None:
        self.label = label
        self.items = items

    @property
    def cost(self) -> int:
        """How many bytes it holds for this socket: what it says of the events, not the events, which are the ring's."""
        return _ITEM_BYTES * len(self.items)

    @property
    def after(self) -> Position:
        """The position just before the first of them."""
        entry, position = self.items[0]
        return Position(position.epoch, min(position.n, entry.n - 1))

    @property
    def to(self) -> Position:
        """The position of the last of them."""
        entry, position = self.items[-1]
        return Position(position.epoch, entry.n)

    def encoded(self) -> bytes:
        """The frames."""
        return b"".join(event_frame(self.label, entry, str(position)) for entry, position in self.items)


class Lag:
    """Stands where a topic's events were dropped; grows when more are."""

    __slots__ = ("after", "label", "to")

    def __init__(self, label: bytes, after: Position, to: Position) -> None:
        self.label = label
        self.after = after
        self.to = to

    def encoded(self) -> bytes:
        """The frame that says so."""
        return lag_frame(self.label, str(self.after), str(self.to))


class Outbox:
    """Events and answers in order; hints (counts and the like) beside them, only the latest of each kept.

    Over 1 MiB of events the topic with most of them loses them all, and a `lag` takes their place.
    """

    __slots__ = ("_bytes", "_hints", "_queue")

    def __init__(self) -> None:
        self._queue: deque[Burst | Replay | Lag | bytes] = deque()
        self._hints: dict[tuple[bytes, bytes], bytes] = {}
        self._bytes = 0

    def __bool__(self) -> bool:
        return bool(self._queue or self._hints)

    def put(self, item: Burst | Replay | bytes) -> None:
        """Append events, or an answer, which is never dropped."""
        self._queue.append(item)
        if not isinstance(item, bytes):
            self._count(item.cost)
            while self._bytes > MAX_EVENT_BYTES:
                self.drop_fattest("bytes")

    def hint(self, label: bytes, kind: bytes, frame: bytes) -> None:
        """Set the latest state of something: what was waiting of it is out of date."""
        self._hints[label, kind] = frame

    def pop(self) -> bytes:
        """The next frames to write. Hints come last, so that no count overtakes the event it belongs to."""
        if not self._queue:
            frames = b"".join(self._hints.values())
            self._hints.clear()
            return frames
        item = self._queue.popleft()
        if isinstance(item, bytes):
            return item
        if not isinstance(item, Lag):
            self._count(-item.cost)
        return item.encoded()

    def clear(self) -> None:
        """Forget everything: the socket is gone."""
        self._queue.clear()
        self._hints.clear()
        self._count(-self._bytes)

    def drop_fattest(self, cause: str) -> None:
        """Drop all events of the topic that has most bytes waiting, and say so in their place."""
        sizes: dict[bytes, int] = {}
        for item in self._queue:
            if isinstance(item, (Burst, Replay)):
                sizes[item.label] = sizes.get(item.label, 0) + item.cost
        if not sizes:
            return
        label = max(sizes, key=sizes.__getitem__)
        kept: deque[Burst | Replay | Lag | bytes] = deque()
        lag: Lag | None = None
        for item in self._queue:
            if isinstance(item, bytes) or item.label != label:
                kept.append(item)
            elif lag is None:
                lag = item if isinstance(item, Lag) else Lag(label, item.after, item.to)
                kept.append(lag)
            else:
                lag.to = item.to
        self._queue = kept
        self._count(-sizes[label])
        metrics.lags_total.labels(cause).inc()

    def _count(self, change: int) -> None:
        self._bytes += change
        metrics.queued_bytes.inc(change)
