"""What people like to see, as far as *for you* goes by it: followed tags, what was seen, what they want less of.

A person's own ranking is made from the general one: the same posts weighed anew, and the newest of followed tags.
"""

import asyncio
import time
from collections import OrderedDict, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from actors.feed import ranking
from actors.feed.arranging import Place, Ranked, Reason, arrange
from actors.feed.snapshots import General
from actors.kernel import metrics
from actors.kernel.transaction import Reads

TAGS = 20
"""Followed tags that weigh in, the latest followed."""
SEEN_DAYS = 3
"""So long what somebody has seen is left out of their ranking; it still comes after it, where everything does."""
HALF_LIFE_DAYS = 14.0
"""After so long what somebody wants less of weighs twice as much again."""
TAG_WEIGHS = 0.5
"""A followed tag weighs as much as three times the engagement, or six hours."""
AUTHOR_LESS, TAG_LESS = 2.0, 0.4
"""What one *less* takes from its author's and its tags' posts: a hundredth of the engagement; two fifths."""
_FRESH_SECONDS = 5.0
_TAGS_KEPT = 2_000


@dataclass(frozen=True, slots=True)
class Taste:
    """One person's. `hidden` are posts that go altogether, `less` what is taken from authors and tags."""

    shows_sensitive: bool = False
    hidden: frozenset[UUID] = frozenset()
    tags: frozenset[str] = frozenset()
    seen: frozenset[UUID] = frozenset()
    less_of: Mapping[UUID | str, float] = field(default_factory=dict)

    @property
    def is_general(self) -> bool:
        """Whether the general ranking is theirs."""
        return not (self.hidden or self.tags or self.seen)


NO_TASTE = Taste()

_TASTES = """
SELECT a.id,
    COALESCE((SELECT show_sensitive FROM feed_preferences WHERE user_id = a.id), false) AS shows_sensitive,
    ARRAY(SELECT post_id FROM feed_feedback WHERE user_id = a.id AND signal = 'less') AS hidden,
    ARRAY(SELECT tag FROM tag_follows WHERE user_id = a.id AND a.is_first
        ORDER BY created_at DESC, tag LIMIT $3) AS tags,
    ARRAY(SELECT post_id FROM feed_feedback WHERE user_id = a.id AND a.is_first AND signal = 'seen'
        AND at > now() - make_interval(days => $4)) AS seen
FROM unnest($1::uuid[], $2::boolean[]) AS a (id, is_first)
"""


async def tastes(db: Reads, people: Mapping[UUID, bool]) -> dict[UUID, Taste]:
    """Everybody's; what only a ranking is made from of those for whom it says True."""
    if not people:
        return {}
    rows = await db.fetch(_TASTES, list(people), list(people.values()), TAGS, SEEN_DAYS)
    weary = [row["id"] for row in rows if row["hidden"] and people[row["id"]]]
    less = await _less(db, weary) if weary else {}
    return {
        row["id"]: Taste(
            row["shows_sensitive"],
            frozenset(row["hidden"]),
            frozenset(row["tags"]),
            frozenset(row["seen"]),
            less.get(row["id"], {}),
        )
        for row in rows
    }


async def _less(db: Reads, ids: Sequence[UUID]) -> dict[UUID, Mapping[UUID | str, float]]:
    rows = await db.fetch(
        """
        SELECT f.user_id, p.author_id, p.tags,
            0.5 ^ (extract(epoch FROM now() - f.at)::float8 / 86400 / $2::float8) AS weight
        FROM feed_feedback f JOIN posts p ON p.id = f.post_id
        WHERE f.user_id = ANY($1::uuid[]) AND f.signal = 'less'
        """,
        ids,
        HALF_LIFE_DAYS,
    )
    found: dict[UUID, defaultdict[UUID | str, float]] = defaultdict(lambda: defaultdict(float))
    for user_id, author_id, tags, weight in rows:
        found[user_id][author_id] += AUTHOR_LESS * weight
        for tag in tags:
            found[user_id][tag] += TAG_LESS * weight
    return dict(found)


class TaggedPosts:
    """The newest posts of tags, read once in five seconds for all who follow them."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, tuple[float, list[Ranked]]] = OrderedDict()
        self._reading = asyncio.Lock()

    async def of(self, db: Reads, tags: Collection[str]) -> Mapping[str, Sequence[Ranked]]:
        """Those of each of these tags."""
        async with self._reading:
            oldest = time.monotonic() - _FRESH_SECONDS
            missing = [tag for tag in tags if tag not in self._known or self._known[tag][0] < oldest]
            metrics.cache_lookups_total.labels("tags", "miss").inc(len(missing))
            metrics.cache_lookups_total.labels("tags", "hit").inc(len(tags) - len(missing))
            if missing:
                for tag, posts in (await ranking.tagged(db, missing)).items():
                    self._known.pop(tag, None)
                    self._known[tag] = (time.monotonic(), posts)
            found = {tag: self._known[tag][1] for tag in tags}
            while len(self._known) > _TAGS_KEPT:
                self._known.popitem(last=False)
            return found


def own_places(general: General, taste: Taste, tagged: Mapping[str, Sequence[Ranked]]) -> list[Place]:
    """The ranking for one person: what they have seen or do not want is left out, the rest is weighed anew."""
    out = taste.hidden | taste.seen
    candidates = {one.post_id: one for one in general.best}
    candidates.update((one.post_id, one) for tag in taste.tags for one in tagged[tag])
    weighed = sorted(_weighed(candidates, taste, out), key=lambda pair: (pair[0].score, pair[0].post_id), reverse=True)
    less_of = taste.less_of
    chances = [
        one
        for one in general.chances
        if one.post_id not in out and one.author_id not in less_of and less_of.keys().isdisjoint(one.tags)
    ]
    return arrange(weighed, chances)


def _weighed(candidates: Mapping[UUID, Ranked], taste: Taste, out: frozenset[UUID]) -> Iterator[tuple[Ranked, Reason]]:
    for one in candidates.values():
        if one.post_id in out:
            continue
        is_followed = not taste.tags.isdisjoint(one.tags)
        weight = TAG_WEIGHS if is_followed else 0.0
        if less_of := taste.less_of:
            weight -= less_of.get(one.author_id, 0.0) + sum(less_of.get(tag, 0.0) for tag in one.tags)
        yield one._replace(score=one.score + weight) if weight else one, Reason.tag if is_followed else Reason.rank
