"""Entries of the live log and the positions between them."""

import re
from collections.abc import Mapping
from sys import intern
from typing import NamedTuple, Self
from uuid import UUID

import orjson

_POSITION = re.compile(r"(\d{1,20})-(\d{1,20})")

EPOCH = b"epoch"
COUNTS = b"counts"
REVOKED = b"session.revoked"
NARROWED = b"sight.narrowed"
"""Under the topic `sight:<author>`: some viewer, or any, may see that author no longer."""
STANDING = b"standing.changed"
GONE: Mapping[bytes, str] = {b"post.deleted": "post_id", b"comment.deleted": "comment_id"}
"""What says that something was taken back, and the field that names it."""


class Position(NamedTuple):
    """A place in the live log: everything up to and with entry `n` of the epoch lies before it."""

    epoch: int
    n: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.n}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The position that this text names, if it names one."""
        found = _POSITION.fullmatch(text)
        return cls(int(found[1]), int(found[2])) if found else None


class Entry:
    """One entry of the log. The fields are the bytes that Redis sent, `data` is JSON."""

    __slots__ = ("_about", "at", "data", "ephemeral", "id", "n", "near", "read_at", "topics", "type", "work_of")

    def __init__(
        self,
        n: int,
        topics: tuple[str, ...],
        type: bytes,  # noqa: A002  # the wire's own word
        id: bytes = b"",  # noqa: A002  # the wire's own word
        at: bytes = b"",
        data: bytes = b"{}",
        *,
        ephemeral: bool = False,
        read_at: float = 0.0,
        work_of: UUID | None = None,
        near: tuple[UUID, ...] = (),
    ) -> None:
        self.n = n
        self.topics = topics
        self.type = type
        self.id = id
        self.at = at
        self.data = data
        self.ephemeral = ephemeral
        self.read_at = read_at
        self.work_of = work_of
        """Whose work it shows: some may not see that."""
        self.near = near
        """Who else must be somebody whom one may meet."""
        self._about: frozenset[str] | None = None

    @property
    def size(self) -> int:
        """About how many bytes it costs to keep."""
        return 400 + len(self.data) + 100 * len(self.topics)

    @property
    def takes_back(self) -> str | None:
        """The id of the post or comment that is gone by it."""
        field = GONE.get(self.type)
        return None if field is None else orjson.loads(self.data).get(field)

    @property
    def about(self) -> frozenset[str]:
        """The ids of the post or comment that it shows, and of the comment that this replies to."""
        if self._about is None:
            data = orjson.loads(self.data)
            shown = data.get("comment") or data.get("post") or {}
            self._about = frozenset(found for name in ("id", "parent_id") if (found := shown.get(name)))
        return self._about

    @property
    def is_internal(self) -> bool:
        """Whether it is for the edge itself, and shown to nobody."""
        return self.type == STANDING

    @property
    def author(self) -> str | None:
        """The id of the person whose followers it is for, if it is for followers."""
        return next((topic[7:] for topic in self.topics if topic.startswith("author:")), None)


def read(entry_id: bytes, fields: Mapping[bytes, bytes], read_at: float) -> tuple[int, Entry]:
    """The epoch and the entry that Redis sent; topics are kept once each, however many entries name them."""
    epoch, _, n = entry_id.partition(b"-")
    topics = tuple(map(intern, fields.get(b"t", b"").decode().split()))
    entry = Entry(
        int(n),
        topics,
        fields.get(b"y", b""),
        fields.get(b"i", b""),
        fields.get(b"a", b""),
        fields.get(b"d", b"{}"),
        ephemeral=fields.get(b"e") == b"1",
        read_at=read_at,
        work_of=UUID(shown.decode()) if (shown := fields.get(b"s")) else None,
        near=tuple(map(UUID, fields.get(b"m", b"").decode().split())),
    )
    return int(epoch), entry
