"""What somebody likes or reposts, for their other devices. It comes with the counts that it moved.

It is told at once and kept by nobody: thousands of likes a second would push out of the ring what others come back
for. Who missed it finds it in `viewer` of the post.
"""

from collections.abc import Container, Iterator, Mapping
from typing import Any

from server.realtime.encoding import kept_json
from server.realtime.entries import Entry

MINE_CHANGED = b"mine.changed"


def marks_in(entry: Entry, told: Mapping[str, Any], watched: Container[str]) -> Iterator[Entry]:
    """An event for those who set a mark and one for those who took it back, as far as they are `watched` here."""
    for who, is_on in (("on", True), ("off", False)):
        topics = tuple(topic for user_id in told.get(who, ()) if (topic := f"user:{user_id}") in watched)
        if topics:
            data = kept_json({"kind": told["mark"], "subject_id": told["items"][0][0], "on": is_on})
            yield Entry(entry.n, topics, MINE_CHANGED, entry.id, entry.at, data, ephemeral=True)
