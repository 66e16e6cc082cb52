"""From the log to the sockets of this process: encoded once for a topic, written to everybody who watches it."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson

from server.realtime import metrics
from server.realtime.audience import FOLLOWING, Audience, Topic
from server.realtime.codes import CloseCode
from server.realtime.connection import Connection
from server.realtime.encoding import counts_frame, event_frame, kept_json, lag_frame
from server.realtime.entries import COUNTS, REVOKED, Entry, Position
from server.realtime.following import Followers, Following
from server.realtime.outbox import Burst

FLUSH_SECONDS = 0.04
"""Between two states of one topic: 25 a second."""


class Fanout:
    """Reads the log. Events go out at once; of counts and other hints the first does, then the latest 25 times a
    second, slower if writing them takes more than half of the time.

    A position that goes out promises that everything up to it was sent. So where an entry goes to several topics only
    the last one's frame carries its position, and none goes beyond an entry that waits for its followers.
    """

    def __init__(self, audience: Audience, followers: Followers, revoke: Callable[[UUID], None]) -> None:
        self.audience = audience
        self.following = Following(followers, audience.following, self._to_followers)
        self._head = Position(0, 0)
        self._revoke = revoke
        self.was_reset = asyncio.Event()
        """Set when the log began anew, so that counts may be out of date without anything saying so."""

    def position(self) -> Position:
        """Everything up to here was sent to every socket that watches it."""
        return self.cap(self._head.n)

    def cap(self, n: int) -> Position:
        """The position of entry `n`, or the furthest that may be promised if that is less."""
        oldest = self.following.oldest
        return Position(self._head.epoch, n if oldest is None else min(n, oldest - 1))

    def receive(self, epoch: int, entries: Sequence[Entry]) -> None:
        """Send what the log says: events in order, neighbours of the same topics in one write; then the hints."""
        self._head = Position(epoch, self._head.n)
        touched: dict[Topic, None] = {}
        run: list[Entry] = []
        for entry in entries:
            if entry.ephemeral:
                touched.update(dict.fromkeys(self._note(entry)))
                continue
            if run and entry.topics != run[0].topics:
                self._send(run)
                run = []
            run.append(entry)
        if run:
            self._send(run)
        self._head = Position(epoch, entries[-1].n)
        for topic in touched:
            self._flush_soon(topic)

    def reset(self, old: Position, new: Position) -> None:
        """Tell everybody, of every topic, that what lay between may be missing."""
        self._head = new
        self.following.clear()
        for key in self.audience.topics:
            for topic in self.audience.named(key):
                self._lag(topic, topic.watchers, old, new, "reset")
        self.was_reset.set()

    def counted(self, item: Sequence[Any]) -> Topic | None:
        """Note the counts of a post, unless they are older than what was sent; answers who is to be told."""
        topic = self.audience.topics.get(f"post:{item[0]}")
        if topic is None or item[1] <= topic.v:
            return None
        topic.v = item[1]
        topic.counts = kept_json(item)
        return topic

    def refresh_counts(self, items: Iterable[Sequence[Any]]) -> None:
        """Send these counts where they are news."""
        for item in items:
            topic = self.counted(item)
            if topic is not None:
                self._flush_soon(topic)

    def _note(self, entry: Entry) -> Iterable[Topic]:
        if entry.type == COUNTS:
            noted = [self.counted(item) for item in orjson.loads(entry.data)["items"]]
            return [topic for topic in noted if topic is not None]
        topics = [topic for key in entry.topics for topic in self.audience.named(key)]
        for topic in topics:
            topic.hints = {**(topic.hints or {}), entry.type: entry}
        return topics

    def _send(self, run: Sequence[Entry]) -> None:
        keys = dict.fromkeys(run[0].topics)
        topics = [topic for key in keys for topic in self.audience.named(key) if topic.watchers]
        if run[0].author is not None and FOLLOWING in self.audience.topics:
            for entry in run:
                self.following.put(entry)
        epoch = self._head.epoch
        after, to = Position(epoch, run[0].n - 1), Position(epoch, run[-1].n)
        before = str(self.cap(after.n))
        for topic in topics:
            is_last = topic is topics[-1]
            frames = [event_frame(topic.label, entry, str(self.cap(entry.n)) if is_last else before) for entry in run]
            burst = Burst(topic.label, after, to, b"".join(frames))
            for connection in topic.watchers:
                connection.push(burst)
            metrics.frames_total.labels("event").inc(len(frames) * len(topic.watchers))
        for entry in run:
            if entry.type == REVOKED:
                self._end_session(entry)

    def _end_session(self, entry: Entry) -> None:
        session_id = UUID(orjson.loads(entry.data)["session_id"])
        self._revoke(session_id)
        for key in entry.topics:
            topic = self.audience.topics.get(key)
            for connection in () if topic is None else topic.watchers:
                if connection.caller is not None and connection.caller.session_id == session_id:
                    connection.close(CloseCode.session_revoked)

    def _to_followers(self, entry: Entry, people: Collection[UUID] | None) -> None:
        topic = self.audience.topics.get(FOLLOWING)
        if topic is None:
            return
        epoch = self._head.epoch
        after, to = Position(epoch, entry.n - 1), Position(epoch, entry.n)
        if people is None:
            self._lag(topic, topic.watchers, after, to, "followers")
            return
        burst = Burst(topic.label, after, to, event_frame(topic.label, entry, str(self.cap(entry.n))))
        for user_id in people:
            for connection in self.audience.of_user(user_id):
                if connection in topic.watchers:
                    connection.push(burst)
                    metrics.frames_total.labels("event").inc()

    def _lag(self, topic: Topic, who: Iterable[Connection], old: Position, new: Position, cause: str) -> None:
        frame = lag_frame(topic.label, str(old), str(new))
        for connection in who:
            connection.send(frame)
            metrics.lags_total.labels(cause).inc()

    def _flush_soon(self, topic: Topic) -> None:
        if topic.timer is not None:
            return
        loop = asyncio.get_running_loop()
        if loop.time() >= topic.due:
            self._flush(topic)
        else:
            topic.timer = loop.call_at(topic.due, self._flush, topic)

    def _flush(self, topic: Topic) -> None:
        began = perf_counter()
        topic.timer = None
        if topic.counts is not None:
            frame = counts_frame((topic.counts,))
            topic.counts = None
            for connection in topic.watchers:
                connection.hint(topic.label, COUNTS, frame)
            for connection in topic.trackers or ():
                if connection not in topic.watchers:
                    connection.hint(topic.label, COUNTS, frame)
            metrics.frames_total.labels("counts").inc(len(topic.watchers) + len(topic.trackers or ()))
        for kind, entry in (topic.hints or {}).items():
            frame = event_frame(topic.label, entry, str(self.position()))
            for connection in topic.watchers:
                connection.hint(topic.label, kind, frame)
        topic.hints = None
        pause = max(FLUSH_SECONDS, 2 * (perf_counter() - began))
        topic.due = asyncio.get_running_loop().time() + pause
