"""What a live client must remember to be right: delivery is at least once, and counts may overtake each other."""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

EVENTS = 2_000
POSTS = 5_000
"""What was met longest ago is forgotten first."""

Counts = tuple[int, int, int, int]
"""v, likes, reposts, comments"""


class Memory:
    """`counts` holds the newest of each post."""

    def __init__(self) -> None:
        self.counts: OrderedDict[str, Counts] = OrderedDict()
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()

    def is_first(self, topic: str, event_id: str) -> bool:
        """Whether this event of this topic is met for the first time."""
        if (topic, event_id) in self._seen:
            return False
        self._seen[topic, event_id] = None
        if len(self._seen) > EVENTS:
            self._seen.popitem(last=False)
        return True

    def forget(self, topic: str) -> None:
        """What was met of this topic is not on the screen any more."""
        for key in [key for key in self._seen if key[0] == topic]:
            del self._seen[key]

    def count(self, items: Iterable[list[Any]]) -> None:
        """Keep counts as frames carry them, `[id, v, likes, reposts, comments]`, where `v` is greater than known."""
        for post_id, v, likes, reposts, comments in items:
            if post_id not in self.counts or self.counts[post_id][0] < v:
                self.counts[post_id] = (v, likes, reposts, comments)
                self.counts.move_to_end(post_id)
        while len(self.counts) > POSTS:
            self.counts.popitem(last=False)
