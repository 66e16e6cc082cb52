"""Counts and other hints: only the latest state of each matters, so the first goes out at once and then 25 a second."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from time import perf_counter
from typing import Any

import orjson

from server.realtime import metrics
from server.realtime.audience import Audience, Topic
from server.realtime.encoding import counts_frame, event_frame, kept_json
from server.realtime.entries import COUNTS, Entry, Position

FLUSH_SECONDS = 0.04
"""Between two states of one topic: 25 a second."""
FEED_SECONDS = 1.0
"""Between two words on what is new in a feed that everybody watches."""
FEED_NEW = b"feed.new"
NEWEST_NAMED = 20
AT_ONCE = 1_000
"""Sockets written to before everybody else has a turn: some ten milliseconds."""


class Latest:
    """Keeps what is still to be sent of each topic and sends it in time: 25 times a second, less often where writing to
    a crowd would take more than a third of the time. It counts from the beginning of a flush, so that what comes 20
    times a second waits for nothing.

    Nothing goes out of a topic that `must_wait`: no count overtakes the event before it, and none goes to somebody of
    whom it is being asked whether they may still see the post.
    """

    def __init__(
        self, audience: Audience, *, must_wait: Callable[[Topic], bool], position: Callable[[], Position]
    ) -> None:
        self._audience = audience
        self._must_wait = must_wait
        self._position = position

    def note(self, entry: Entry, told: Mapping[str, Any]) -> Iterable[Topic]:
        """Keep what an entry says; answers the topics to be flushed."""
        if entry.type == COUNTS:
            noted = [self._counted(item) for item in told["items"]]
            return [topic for topic in noted if topic is not None]
        topics = [topic for key in entry.topics for topic in self._audience.named(key)]
        for topic in topics:
            self.hint(topic, entry)
        return topics

    def hint(self, topic: Topic, entry: Entry) -> None:
        """Keep an event that replaces the one of its type that still waits; what is new in a feed adds up."""
        hints = topic.hints = topic.hints or {}
        before = hints.get(entry.type)
        hints[entry.type] = _added(before, entry) if before is not None and entry.type == FEED_NEW else entry

    def refresh_counts(self, items: Iterable[Sequence[Any]]) -> None:
        """Send these counts where they are news."""
        for item in items:
            topic = self._counted(item)
            if topic is not None:
                self.flush_soon(topic)

    def flush_soon(self, topic: Topic) -> None:
        """Send what is kept: now if it is time, else when it is."""
        if topic.timer is not None:
            return
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now < topic.due:
            topic.timer = loop.call_at(topic.due, self._flush_later, topic)
        elif self._must_wait(topic):
            topic.timer = loop.call_at(now + FLUSH_SECONDS, self._flush_later, topic)
        else:
            self._flush(topic)

    def _counted(self, item: Sequence[Any]) -> Topic | None:
        """Note the counts of a post, unless they are older than what is known; answers who is to be told."""
        topic = self._audience.topics.get(f"post:{item[0]}")
        if topic is None or item[1] <= topic.v:
            return None
        topic.v = item[1]
        # The id as text: drivers have classes of their own for it, which JSON does not know.
        topic.latest = topic.counts = kept_json((str(item[0]), *item[1:]))
        return topic

    def _flush_later(self, topic: Topic) -> None:
        topic.timer = None
        self.flush_soon(topic)

    def _flush(self, topic: Topic) -> None:
        counts = None if topic.counts is None else counts_frame((topic.counts,))
        position = str(self._position())
        hints = [(kind, event_frame(topic.label, entry, position)) for kind, entry in (topic.hints or {}).items()]
        pause = FEED_SECONDS if topic.hints and FEED_NEW in topic.hints else FLUSH_SECONDS
        topic.counts = topic.hints = None
        self._go_on(topic, _Round(topic, counts, hints, asyncio.get_running_loop().time() + pause))

    def _go_on(self, topic: Topic, one: "_Round") -> None:
        loop = asyncio.get_running_loop()
        topic.timer = None
        began = perf_counter()
        is_over = one.write()
        one.took += perf_counter() - began
        if not is_over:
            topic.timer = loop.call_soon(self._go_on, topic, one)
            return
        topic.due = max(one.until, loop.time() + 2 * one.took)
        if topic.counts is not None or topic.hints:
            self.flush_soon(topic)


class _Round:
    """One state of a topic on its way to all who watch it, some sockets at a time. Who left meanwhile gets it no more;
    who came was answered with what is no older."""

    def __init__(self, topic: Topic, counts: bytes | None, hints: Sequence[tuple[bytes, bytes]], until: float) -> None:
        self._topic = topic
        self._counts = counts
        self._hints = hints
        self._left = iter((*topic.watchers, *((topic.trackers or set()) - topic.watchers)))
        self.until = until
        """The loop's time before which there is no next one."""
        self.took = 0.0
        """Seconds spent writing."""

    def write(self) -> bool:
        """Write to some more; whether that was all."""
        topic, written = self._topic, 0
        for connection in islice(self._left, AT_ONCE):
            written += 1
            is_watching = connection in topic.watchers
            if self._counts is not None and (is_watching or connection in (topic.trackers or ())):
                connection.hint(topic.label, COUNTS, self._counts)
            if is_watching:
                for kind, frame in self._hints:
                    connection.hint(topic.label, kind, frame)
        if self._counts is not None:
            metrics.frames_total.labels("counts").inc(written)
        return written < AT_ONCE


def _added(before: Entry, entry: Entry) -> Entry:
    """One word on what is new in a feed for two."""
    old, new = orjson.loads(before.data), orjson.loads(entry.data)
    newest = list(dict.fromkeys((*new["newest"], *old["newest"])))[:NEWEST_NAMED]
    data = kept_json({**new, "count": old["count"] + new["count"], "newest": newest})
    return Entry(entry.n, entry.topics, entry.type, entry.id, entry.at, data, ephemeral=True)
