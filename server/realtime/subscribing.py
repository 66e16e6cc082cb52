"""Watching topics: from now on, or from a position without a hole."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple
from uuid import UUID

from actors.auth.people import Caller
from actors.kernel.errors import Refusal
from server.realtime import metrics
from server.realtime.audience import Audience, Topic
from server.realtime.codes import ErrorCode
from server.realtime.connection import Connection
from server.realtime.entries import Entry, Position
from server.realtime.fanout import Fanout
from server.realtime.frames import MAX_TOPICS, MAX_TRACKED, CountsItem, Subscribed
from server.realtime.log import LiveLog
from server.realtime.outbox import Replay
from server.realtime.questions import Questions
from server.realtime.refusals import Denied, denied_by
from server.realtime.screening import Screening
from server.realtime.sieve import Sieve, count_passing, passing
from server.realtime.sights import Sights
from server.realtime.topics import Allowed, Named, admit, named, posts_named

MAX_REPLAYED = 5_000
"""Events that one request may have looked at for it, over all its topics: some 20 ms of everybody's time, and half a
megabyte while it reads. Fetching anew is cheaper for both sides than more than that."""
_ENCODED_AT_ONCE = 32

_NOWHERE = Position(0, 0)
"""Before every epoch: nothing is known since."""

Outcome = Subscribed | Denied


class _Admitted(NamedTuple):
    topic: Named
    since: Position | None
    allowed: Allowed


class Subscribing:
    """Admits, replays and goes live.

    What happens while a topic is being admitted is in the ring: going live is replaying from where the log stood
    when the request came, in one step of the loop, so that nothing falls between and no buffer is needed.
    """

    def __init__(
        self,
        audience: Audience,
        fanout: Fanout,
        log: LiveLog,
        questions: Questions,
        sights: Sights,
        screening: Screening,
    ) -> None:
        self._audience = audience
        self._fanout = fanout
        self._log = log
        self._questions = questions
        self._sights = sights
        self._screening = screening

    async def watch(
        self,
        connection: Connection,
        wanted: Mapping[str, str | None],
        answer: Callable[[Mapping[str, Outcome], Position], bytes],
    ) -> None:
        """Send what `answer` makes of the outcomes and the oldest position begun from, then what is missed since."""
        with self._audience.awaiting(posts_named(wanted)):
            await self._watch(connection, wanted, answer)

    async def _watch(
        self,
        connection: Connection,
        wanted: Mapping[str, str | None],
        answer: Callable[[Mapping[str, Outcome], Position], bytes],
    ) -> None:
        asked_at = self._fanout.position()
        caller = connection.caller
        outcomes: dict[str, Outcome] = {}
        admitted: list[_Admitted] = []
        meant = _meant(connection, wanted)
        results = await asyncio.gather(*(self._admit(topic, caller, wanted[name]) for name, topic in meant.items()))
        for name, result in zip(meant, results, strict=True):
            if isinstance(result, Denied):
                outcomes[name] = result
            else:
                admitted.append(result)
        sinces = [one.since for one in admitted if one.since is not None]
        if sinces:
            await self._log.reach(max(sinces))
            admitted = self._bounded(admitted)
        sieve = await self._sieve(caller, admitted, asked_at)
        if isinstance(sieve, Denied):
            outcomes.update((one.topic.name, sieve) for one in admitted if one.topic.name != "me")
            admitted = [one for one in admitted if one.topic.name == "me"]
            sieve = Sieve()
        # From here to the end nothing waits: what is replayed and what comes live meet exactly.
        missed: list[tuple[Entry, Named]] = []
        oldest = asked_at
        for one in admitted:
            begin, recovered = self._begin(one.since, asked_at)
            if one.since is not None:
                metrics.resumes_total.labels("yes" if recovered else "no").inc()
            oldest = min(oldest, begin)
            counts = None if one.allowed.counts is None else tuple(map(self._audience.newest, one.allowed.counts))
            outcomes[one.topic.name] = Subscribed(position=str(begin), recovered=recovered, counts=counts)
            entries = passing(self._log.ring, begin.n, one.topic)
            missed += [(entry, one.topic) for entry in entries if sieve.passes(entry, one.topic)]
            self._go_live(connection, one, asked_at)
        connection.replay(answer(outcomes, oldest), self._replays(connection, missed))

    def _go_live(self, connection: Connection, one: _Admitted, asked_at: Position) -> None:
        owner = one.allowed.owner
        if one.topic.key not in {topic.key for topic in connection.topics}:
            self._audience.watch(connection, one.topic.key, one.topic.name, owner)
        if owner is not None:
            self._doubt_since(asked_at, owner)

    def _doubt_since(self, asked_at: Position, owner: UUID) -> None:
        """What ended the right to watch while it was being asked for found no socket to end it for."""
        if not self._log.recovers(asked_at) or self._log.ring.since(asked_at.n, f"sight:{owner}"):
            self._sights.doubt(owner)

    def unwatch(self, connection: Connection, name: str) -> None:
        """Stop. Raises `Denied` for a topic that is not watched."""
        topic = _watched(connection, name)
        if topic is None or name == "me":
            raise Denied(ErrorCode.not_subscribed, f"{name} is not watched, or always")
        self._audience.unwatch(connection, topic)

    async def track(self, connection: Connection, posts: Sequence[UUID]) -> tuple[CountsItem, ...]:
        """Send these posts' counts from here on; answers the current ones. Raises `Denied`."""
        asked_at = self._fanout.position()
        if len(set(posts).union(connection.tracked or ())) > MAX_TRACKED:
            raise Denied(ErrorCode.limit_exceeded, f"at most {MAX_TRACKED} posts are tracked at once")
        with self._audience.awaiting(set(posts)):
            try:
                seen = await self._questions.see_posts(connection.caller, posts)
            except Refusal as refusal:
                raise denied_by(refusal) from None
            self._audience.track(connection, (post.counts[0] for post in seen))
            self._audience.own((post.counts[0], post.author_id) for post in seen)
            for owner in {post.author_id for post in seen}:
                self._doubt_since(asked_at, owner)
            return tuple(self._audience.newest(post.counts) for post in seen)

    async def _admit(self, topic: Named | Denied, caller: Caller | None, since: str | None) -> _Admitted | Denied:
        if isinstance(topic, Denied):
            return topic
        try:
            allowed = await admit(topic, caller, self._questions)
        except Denied as denied:
            return denied
        return _Admitted(topic, None if since is None else Position.parse(since) or _NOWHERE, allowed)

    def _bounded(self, admitted: Iterable[_Admitted]) -> list[_Admitted]:
        """The same; those go on from nowhere with which it would be too much to replay."""
        left, bounded = MAX_REPLAYED, list[_Admitted]()
        for one in admitted:
            if one.since is not None and self._log.recovers(one.since):
                count = count_passing(self._log.ring, one.since.n, one.topic)
                if count > left:
                    one = one._replace(since=_NOWHERE)
                else:
                    left -= count
            bounded.append(one)
        return bounded

    def _begin(self, since: Position | None, asked_at: Position) -> tuple[Position, bool]:
        if since is not None and self._log.recovers(since):
            return since, True
        return (asked_at if self._log.recovers(asked_at) else self._fanout.position()), False

    async def _sieve(self, caller: Caller | None, admitted: Iterable[_Admitted], asked_at: Position) -> Sieve | Denied:
        """What of that which the ring holds for these topics the caller may not see now, or does not read."""
        sieve = Sieve(caller)
        while True:
            for one in admitted:
                begin, _ = self._begin(one.since, asked_at)
                for entry in passing(self._log.ring, begin.n, one.topic):
                    sieve.consider(entry, one.topic)
            if not sieve.is_unsure:
                return sieve
            try:
                await sieve.ask(self._questions, self._screening)
            except Refusal as refusal:
                return denied_by(refusal)

    def _replays(self, connection: Connection, missed: list[tuple[Entry, Named]]) -> Iterable[Replay]:
        """In the log's order over all topics. An entry on several of them promises its position on the last one."""
        missed.sort(key=lambda pair: pair[0].n)
        labels = {topic.name: topic.label for topic in connection.topics}
        for name, group in groupby(enumerate(missed), key=lambda indexed: indexed[1][1].name):
            items: list[tuple[Entry, Position]] = []
            for index, (entry, _) in group:
                again = index + 1 < len(missed) and missed[index + 1][0].n == entry.n
                items.append((entry, self._fanout.cap(entry.n - 1 if again else entry.n)))
            for at in range(0, len(items), _ENCODED_AT_ONCE):
                yield Replay(labels[name], items[at : at + _ENCODED_AT_ONCE])


def _meant(connection: Connection, wanted: Mapping[str, str | None]) -> Mapping[str, Named | Denied]:
    """What is meant by each name. On one socket a topic has one spelling: what it says is sent once."""
    watched = {topic.key: topic.name for topic in connection.topics}
    found: dict[str, Named | Denied] = {}
    for name, since in wanted.items():
        try:
            topic = named(name, connection.caller)
            if topic.key in watched:
                # From a position on it goes on there, as after a `lag`.
                if since is None or watched[topic.key] != name:
                    raise Denied(ErrorCode.already_subscribed, f"{name} is watched already")
            elif len(watched) >= MAX_TOPICS:
                raise Denied(ErrorCode.limit_exceeded, f"at most {MAX_TOPICS} topics are watched at once")
            watched[topic.key] = name
            found[name] = topic
        except Denied as denied:
            found[name] = denied
    return found


def _watched(connection: Connection, name: str) -> Topic | None:
    return next((topic for topic in connection.topics if topic.name == name), None)
