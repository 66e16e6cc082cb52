"""From the log to the sockets of this process: encoded once for a topic, written to everybody who watches it."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from uuid import UUID

import orjson

from server.realtime import metrics
from server.realtime.audience import FOLLOWING, Audience, Topic
from server.realtime.connection import Connection
from server.realtime.encoding import event_frame, lag_frame
from server.realtime.entries import NARROWED, REVOKED, Entry, Position
from server.realtime.following import Following
from server.realtime.latest import Latest
from server.realtime.marks import marks_in
from server.realtime.outbox import Burst
from server.realtime.rights import Rights
from server.realtime.screening import Screened, Screening
from server.realtime.sights import Sights
from server.realtime.waiting import Waiting
from server.realtime.wire import HIGH_WATER


class Fanout:
    """Reads the log. Events go out at once, counts and other hints as `latest` lets them.

    A position that goes out promises that everything up to it was sent. So where an entry goes to several topics only
    the last one's frame carries its position, and none goes beyond an entry that waits for its readers to be known.
    What is not for one person alone waits behind what is being screened, so that every topic keeps its order.
    """

    def __init__(
        self, audience: Audience, following: Following, screening: Screening, rights: Rights, sights: Sights
    ) -> None:
        self.audience = audience
        self._for_feeds = Waiting("who reads it", following.readers, self._to_followers)
        self._for_others = Waiting("who may see it", screening.screen, self._to_screened)
        self._head = Position(0, 0)
        self._screening = screening
        self._rights = rights
        self._sights = sights
        self.latest = Latest(audience, must_wait=self._must_count_wait, position=self.position)
        self.was_reset = asyncio.Event()
        """Set when the log began anew, so that counts may be out of date without anything saying so."""

    def start(self) -> None:
        """Begin to ask about what cannot be sent to everybody."""
        self._for_feeds.start()
        self._for_others.start()

    async def stop(self) -> None:
        """Ask no more."""
        await self._for_feeds.stop()
        await self._for_others.stop()

    def position(self) -> Position:
        """Everything up to here was sent to every socket that watches it."""
        return self.cap(self._head.n)

    def cap(self, n: int) -> Position:
        """The position of entry `n`, or the furthest that may be promised if that is less."""
        for waiting in (self._for_feeds, self._for_others):
            if waiting.oldest is not None:
                n = min(n, waiting.oldest - 1)
        return Position(self._head.epoch, n)

    def receive(self, epoch: int, entries: Sequence[Entry]) -> None:
        """Send what the log says: events in order, neighbours of the same topics in one write; then the hints."""
        self._head = Position(epoch, self._head.n)
        touched: dict[Topic, None] = {}
        run: list[Entry] = []
        size = 0
        for entry in entries:
            if entry.ephemeral:
                told = orjson.loads(entry.data)
                touched.update(dict.fromkeys(self.latest.note(entry, told)))
                for mark in marks_in(entry, told, self.audience.topics):
                    if run:
                        self._send(run)
                        run = []
                    self._write([mark])
                continue
            if entry.is_internal:
                self._rights.heed(entry)
                continue
            if entry.type == NARROWED:
                self._sights.heed(entry)
                continue
            if self._must_wait(entry):
                self._for_others.put(entry)
                self._to_feeds(entry)
                continue
            # What is written at once no outbox holds back: a slow reader is not given all that a late log brings.
            if run and (entry.topics != run[0].topics or size >= HIGH_WATER):
                self._send(run)
                run = []
            size = entry.size + (size if run else 0)
            run.append(entry)
        if run:
            self._send(run)
        self._head = Position(epoch, entries[-1].n)
        for topic in touched:
            self.latest.flush_soon(topic)

    def reset(self, old: Position, new: Position) -> None:
        """Tell everybody, of every topic, that what lay between may be missing."""
        self._head = new
        self._for_feeds.clear()
        self._for_others.clear()
        self._screening.forget()
        for key in self.audience.topics:
            for topic in self.audience.named(key):
                self._lag(topic, topic.watchers, old, new, "reset")
        self.was_reset.set()
        self._sights.doubt_all()

    def _must_count_wait(self, topic: Topic) -> bool:
        return self._for_others.holds(topic.key) or self._sights.doubts(topic.owner)

    def _must_wait(self, entry: Entry) -> bool:
        if self._for_others.oldest is not None:
            return any(not topic.key.startswith("user:") for topic in self._watched(entry))
        seen, met = self._screening.concerned(entry)
        return not self._screening.are_open(seen | met)

    def _to_feeds(self, entry: Entry) -> None:
        if entry.author is not None and FOLLOWING in self.audience.topics:
            self._for_feeds.put(entry)

    def _to_screened(self, entry: Entry, screened: Screened | None) -> None:
        if screened is not None:
            self._write([entry], screened)
            return
        after, to = Position(self._head.epoch, entry.n - 1), Position(self._head.epoch, entry.n)
        for topic in self._watched(entry):
            self._lag(topic, topic.watchers, after, to, "screening")

    def _send(self, run: Sequence[Entry]) -> None:
        for entry in run:
            self._to_feeds(entry)
        self._write(run)
        for entry in run:
            if entry.type == REVOKED:
                self._rights.heed(entry)

    def _write(self, run: Sequence[Entry], screened: Screened | None = None) -> None:
        topics = self._watched(run[0])
        epoch = self._head.epoch
        after, to = Position(epoch, run[0].n - 1), Position(epoch, run[-1].n)
        before = str(self.cap(after.n))
        for topic in topics:
            is_last = topic is topics[-1]
            frames = [event_frame(topic.label, entry, str(self.cap(entry.n)) if is_last else before) for entry in run]
            burst = Burst(topic.label, after, to, b"".join(frames))
            to_whom = topic.watchers if screened is None else [one for one in topic.watchers if screened.lets(one)]
            for connection in to_whom:
                connection.push(burst)
            metrics.frames_total.labels("event").inc(len(frames) * len(to_whom))

    def _watched(self, entry: Entry) -> list[Topic]:
        keys = dict.fromkeys(entry.topics)
        return [topic for key in keys for topic in self.audience.named(key) if topic.watchers]

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
