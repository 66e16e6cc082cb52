"""From whom of those connected here an entry is to be hidden.

Most people hide from nobody. That is remembered, and what is theirs goes out at once; the log itself says when it ends.
For the others one question is asked for each entry, whoever watches, and one encoding serves all who may see it.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol
from uuid import UUID

from server.realtime.audience import Audience, Topic
from server.realtime.connection import Connection
from server.realtime.entries import Entry

ViewerId = UUID | None
"""Who looks; None for visitors."""

REMEMBERED = 50_000
"""People known to hide from nobody, some 100 bytes each."""
LATELY_SECONDS = 0.5
"""For what is replayed it must have been found out so lately. What comes by the log is newer than what the log said of
its author; what is replayed is older, and a log that is away says nothing."""


class AsksWhoSees(Protocol):
    """The questions."""

    async def open_among(self, user_ids: Collection[UUID]) -> Collection[UUID]:
        """Which of these people everybody may see."""

    async def hidden_from(
        self, viewer_ids: Collection[ViewerId], *, seen: Collection[UUID], met: Collection[UUID]
    ) -> Collection[ViewerId]:
        """Which of these viewers may not see one of `seen`, or may not meet one of `met`."""


class Concerned(NamedTuple):
    """Whom a viewer must be allowed to see, and whom to meet at least, to be sent an entry."""

    seen: frozenset[UUID]
    met: frozenset[UUID]


NOBODY = Concerned(frozenset(), frozenset())


class Screened(NamedTuple):
    """Those who were asked about, and those among them who may not see it. Who came later is told by a replay."""

    asked: frozenset[Connection]
    hidden: frozenset[ViewerId]

    def lets(self, connection: Connection) -> bool:
        """Whether it may be sent there."""
        return connection in self.asked and viewer_of(connection) not in self.hidden


class Screening:
    """Knows, or asks."""

    def __init__(self, audience: Audience, questions: AsksWhoSees) -> None:
        self._audience = audience
        self._questions = questions
        self._open: OrderedDict[UUID, float] = OrderedDict()
        """Since when that is known."""
        self._narrowings = 0

    def concerned(self, entry: Entry) -> Concerned:
        """Whom an entry concerns, for those who watch it here.

        Who watches a post or a profile may see its owner; in that place they need only be able to meet others.
        """
        topics = self._topics(entry)
        if not topics:
            return NOBODY
        seen, met = {topic.owner for topic in topics if topic.owner is not None}, set(entry.near)
        if entry.work_of is not None:
            (seen if any(topic.owner is None for topic in topics) else met).add(entry.work_of)
        return Concerned(frozenset(seen), frozenset(met - seen))

    def are_open(self, people: Iterable[UUID]) -> bool:
        """Whether all of them are known to hide from nobody."""
        return all(one in self._open for one in people)

    def narrowed(self, author_id: UUID) -> None:
        """Somebody may see that author no longer."""
        self._narrowings += 1
        self._open.pop(author_id, None)

    def forget(self) -> None:
        """The log began anew: what it said meanwhile is not known."""
        self._narrowings += 1
        self._open.clear()

    async def screen(self, entry: Entry) -> Screened:
        """Who of those who watch it now may not see it. Raises a `Refusal`."""
        concerned = self.concerned(entry)
        asked = frozenset(connection for topic in self._topics(entry) for connection in topic.watchers)
        people = concerned.seen | concerned.met
        known = await self.open_among(people)
        if people <= known:
            return Screened(asked, frozenset())
        viewers = {viewer_of(connection) for connection in asked}
        hidden = await self._questions.hidden_from(viewers, seen=concerned.seen - known, met=concerned.met - known)
        return Screened(asked, frozenset(hidden))

    async def open_among(self, people: Collection[UUID], *, known_for: float = math.inf) -> frozenset[UUID]:
        """Those of these people who hide from nobody, as was found out so many seconds ago at most.

        Raises a `Refusal`.
        """
        now = time.monotonic()
        known = frozenset(one for one in people if one in self._open and now - self._open[one] <= known_for)
        unknown = frozenset(people) - known
        if not unknown:
            return known
        before = self._narrowings
        found = frozenset(await self._questions.open_among(unknown))
        # What the log said in the meantime is newer than the answer may be.
        if before == self._narrowings:
            self._remember(found, now)
        return known | found

    def _topics(self, entry: Entry) -> list[Topic]:
        named = (topic for key in dict.fromkeys(entry.topics) for topic in self._audience.named(key))
        return [topic for topic in named if topic.watchers]

    def _remember(self, people: Iterable[UUID], since: float) -> None:
        for one in people:
            self._open[one] = since
        while len(self._open) > REMEMBERED:
            self._open.popitem(last=False)


def viewer_of(connection: Connection) -> ViewerId:
    """Who looks."""
    return None if connection.caller is None else connection.caller.id
