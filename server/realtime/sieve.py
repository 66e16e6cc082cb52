"""What of the past one viewer may be told, when they come back to it."""

from collections.abc import Iterator, Sequence
from typing import TypeVar
from uuid import UUID

from actors.auth.people import Caller, id_of
from server.realtime.audience import FOLLOWING
from server.realtime.entries import GONE, Entry
from server.realtime.following import Shown, shown_by
from server.realtime.questions import Questions
from server.realtime.ring import AUTHORS, Ring
from server.realtime.screening import LATELY_SECONDS, Screening
from server.realtime.topics import Named

T = TypeVar("T")


def passing(ring: Ring, n: int, topic: Named) -> Sequence[Entry]:
    """The entries after `n` that went to a topic; to the feed of those one follows went whatever any author showed.

    What was taken back since then is not shown any more: that it is gone is all there is to say of it.
    """
    entries = ring.since(n, _kept_under(topic))
    if not any(entry.type in GONE for entry in entries):
        return entries
    gone: set[str] = set()
    left: list[Entry] = []
    for entry in reversed(entries):
        if (taken_back := entry.takes_back) is not None:
            gone.add(taken_back)
        elif gone and not gone.isdisjoint(entry.about):
            continue
        left.append(entry)
    return left[::-1]


def count_passing(ring: Ring, n: int, topic: Named) -> int:
    """How many those are, before anything is left out for its viewer."""
    return ring.count_since(n, _kept_under(topic))


def _kept_under(topic: Named) -> str:
    return AUTHORS if topic.key == FOLLOWING else topic.key


class Sieve:
    """Gathers whom the entries concern, asks about all of them at once, then lets through what may be seen.

    Who watches a post may see its owner: under it they need only be able to meet others.
    """

    def __init__(self, caller: Caller | None = None) -> None:
        self._viewer_id = id_of(caller)
        self._shown: dict[Shown, bool | None] = {}
        self._seen: dict[UUID, bool | None] = {}
        self._met: dict[UUID, bool | None] = {}

    @property
    def is_unsure(self) -> bool:
        """Whether something is still to be asked."""
        return any(None in known.values() for known in (self._shown, self._seen, self._met))

    def consider(self, entry: Entry, topic: Named) -> None:
        """Note whom an entry of that topic concerns."""
        if topic.key == FOLLOWING:
            if (shown := shown_by(entry)) is not None:
                self._shown.setdefault(shown)
            return
        for one, known in self._concerned(entry, topic):
            known.setdefault(one)

    async def ask(self, questions: Questions, screening: Screening) -> None:
        """Find out what is not known yet. Raises a `Refusal`."""
        await self._let_through_the_open(screening)
        shown, seen, met = _unknown(self._shown), _unknown(self._seen), _unknown(self._met)
        if shown and self._viewer_id is not None:
            read = {one for _, one in await questions.readers_among((self._viewer_id,), shown)}
            self._shown.update((one, one in read) for one in shown)
        if seen or met:
            unseen, unmet = await questions.hidden_of(self._viewer_id, seen=seen, met=met)
            self._seen.update((one, one not in unseen) for one in seen)
            self._met.update((one, one not in unmet) for one in met)

    async def _let_through_the_open(self, screening: Screening) -> None:
        """Those who hide from nobody, which is known of most: a crowd that comes back asks little."""
        unknown = {*_unknown(self._seen), *_unknown(self._met)}
        if unknown:
            for one in await screening.open_among(unknown, known_for=LATELY_SECONDS):
                for known in (self._seen, self._met):
                    if one in known:
                        known[one] = True

    def passes(self, entry: Entry, topic: Named) -> bool:
        """Whether the viewer may be told of it on that topic."""
        if topic.key == FOLLOWING:
            shown = shown_by(entry)
            return shown is not None and bool(self._shown.get(shown))
        return all(known.get(one) for one, known in self._concerned(entry, topic))

    def _concerned(self, entry: Entry, topic: Named) -> Iterator[tuple[UUID, dict[UUID, bool | None]]]:
        if entry.work_of is not None:
            yield entry.work_of, self._seen if topic.post_id is None else self._met
        for one in entry.near:
            yield one, self._met


def _unknown(known: dict[T, bool | None]) -> list[T]:
    return [one for one, answer in known.items() if answer is None]
