"""Which sockets of this process watch which topic."""

import asyncio
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

import orjson

from server.realtime import metrics
from server.realtime.connection import Connection
from server.realtime.encoding import kept_json
from server.realtime.entries import Entry
from server.realtime.frames import CountsItem

FOLLOWING = "feed:following"


class Topic:
    """A topic that somebody watches, and the latest state of it that is still to be sent."""

    __slots__ = (
        "awaited",
        "counts",
        "due",
        "hints",
        "key",
        "label",
        "latest",
        "name",
        "others",
        "owner",
        "timer",
        "told",
        "trackers",
        "v",
        "watchers",
    )

    def __init__(self, key: str, name: str) -> None:
        self.key = key
        """What the log calls it."""
        self.name = name
        """What clients call it; for `user:<id>` that is `me`."""
        self.label = kept_json(name)
        self.others: dict[str, Topic] | None = None
        """The same under other spellings: each client hears of a topic by the name it used."""
        self.owner: UUID | None = None
        """Whose post or profile it is: who watches it must be allowed to see them."""
        self.watchers: set[Connection] = set()
        self.trackers: set[Connection] | None = None
        """Who sees the post on a screen and wants its counts, no more."""
        self.awaited = 0
        """How many are asking whether they may watch or track it."""
        self.counts: bytes | None = None
        """A post's counts as JSON, as long as they are to be sent."""
        self.latest: bytes | None = None
        """Those with version `v`, sent or not."""
        self.v = -1
        self.told = 0
        """How many watch it, as its watchers were told."""
        self.hints: dict[bytes, Entry] | None = None
        self.due = 0.0
        self.timer: asyncio.Handle | None = None
        """What will send them, or is sending."""


class Audience:
    """Topics by what the log calls them, each there only as long as somebody watches or tracks it."""

    def __init__(self) -> None:
        self.topics: dict[str, Topic] = {}
        self.moved: dict[str, bool] = {}
        """Posts whose watchers are others than a moment ago, the first first, and whether somebody came."""
        self._owned: dict[UUID, set[Topic]] = {}

    def watch(self, connection: Connection, key: str, name: str, owner: UUID | None = None) -> None:
        """Send the topic's events from here on. `owner` is whose post or profile it is."""
        topic = self._topic(key, name)
        self._own(topic, owner)
        topic.watchers.add(connection)
        connection.topics.append(topic)
        metrics.subscriptions.inc()
        if key.startswith("post:"):
            self.moved[key] = True

    def unwatch(self, connection: Connection, topic: Topic) -> None:
        """Send no more of them."""
        topic.watchers.discard(connection)
        connection.topics.remove(topic)
        metrics.subscriptions.dec()
        if topic.key.startswith("post:"):
            self.moved.setdefault(topic.key, False)
        self._release(topic)

    def track(self, connection: Connection, posts: Iterable[UUID]) -> None:
        """Send the counts of these posts from here on."""
        tracked = connection.tracked = connection.tracked or {}
        for post_id in posts:
            name = f"post:{post_id}"
            topic = tracked[post_id] = self._topic(name, name)
            topic.trackers = topic.trackers or set()
            topic.trackers.add(connection)

    @contextmanager
    def awaiting(self, posts: Iterable[UUID]) -> Iterator[None]:
        """Note the counts of these posts that pass meanwhile, for those who are still to be let in."""
        topics = [self._topic(name, name) for name in map("post:{}".format, posts)]
        for topic in topics:
            topic.awaited += 1
        try:
            yield
        finally:
            for topic in topics:
                topic.awaited -= 1
                self._release(topic)

    def newest(self, counts: CountsItem) -> CountsItem:
        """These counts of a post, or those that passed while they were being asked for."""
        topic = self.topics.get(f"post:{counts[0]}")
        if topic is None or topic.latest is None or topic.v <= counts[1]:
            return counts
        _, *numbers = orjson.loads(topic.latest)
        return (counts[0], *numbers)

    def own(self, posts: Iterable[tuple[UUID, UUID]]) -> None:
        """Note whose posts these are, as post and owner, where they are tracked."""
        for post_id, owner in posts:
            topic = self.topics.get(f"post:{post_id}")
            if topic is not None:
                self._own(topic, owner)

    def untrack(self, connection: Connection, posts: Iterable[UUID]) -> None:
        """Send no more of them; posts that are not tracked are none."""
        for post_id in posts:
            topic = (connection.tracked or {}).pop(post_id, None)
            if topic is not None:
                (topic.trackers or set()).discard(connection)
                self._release(topic)

    def forget(self, connection: Connection) -> None:
        """The socket is gone."""
        for topic in tuple(connection.topics):
            self.unwatch(connection, topic)
        self.untrack(connection, tuple(connection.tracked or ()))

    def of_user(self, user_id: UUID) -> Collection[Connection]:
        """The person's sockets."""
        topic = self.topics.get(f"user:{user_id}")
        return () if topic is None else topic.watchers

    def following(self) -> set[UUID]:
        """Who watches the feed of those they follow."""
        topic = self.topics.get(FOLLOWING)
        people = () if topic is None else topic.watchers
        return {one.caller.id for one in people if one.caller is not None}

    def named(self, key: str) -> Iterable[Topic]:
        """What the log calls so, once for each spelling in use."""
        topic = self.topics.get(key)
        if topic is None:
            return ()
        return (topic,) if topic.others is None else (topic, *topic.others.values())

    def owned_by(self, owner: UUID) -> Collection[Topic]:
        """This person's posts and profile, as far as somebody watches or tracks them."""
        return self._owned.get(owner, ())

    def owners(self) -> Collection[UUID]:
        """Everybody whose post or profile somebody watches or tracks."""
        return tuple(self._owned)

    def _own(self, topic: Topic, owner: UUID | None) -> None:
        if owner is not None:
            topic.owner = owner
            self._owned.setdefault(owner, set()).add(topic)

    def _topic(self, key: str, name: str) -> Topic:
        topic = self.topics.get(key)
        if topic is None:
            topic = self.topics[key] = Topic(key, name)
        if topic.name == name:
            return topic
        topic.others = topic.others or {}
        return topic.others.setdefault(name, Topic(key, name))

    def _release(self, topic: Topic) -> None:
        if topic.watchers or topic.trackers or topic.others or topic.awaited:
            return
        if topic.timer is not None:
            topic.timer.cancel()
        if topic.owner is not None and (owned := self._owned.get(topic.owner)) is not None:
            owned.discard(topic)
            if not owned:
                del self._owned[topic.owner]
        first = self.topics.get(topic.key)
        if first is topic:
            del self.topics[topic.key]
        elif first is not None and first.others is not None:
            first.others.pop(topic.name, None)
            self._release(first)
