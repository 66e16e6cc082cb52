"""Frozen rankings: a walk through *for you* goes along the ranking that its first page saw."""

import asyncio
import struct
from collections import OrderedDict
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Self
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.feed import queries
from actors.feed.queries import Rank
from actors.kernel.transaction import Reads

LENGTH = 500
"""Posts in a snapshot."""
LIFETIME_SECONDS = 600
FRESH_SECONDS = 1.0
"""First pages within this time share a snapshot, so that the ranking is read once a second, not once a page."""
KEPT = 32
"""Snapshots kept in this process, 100 KB each; the others are in Redis, 12 KB each."""

_RANK = struct.Struct(">d16s")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A ranking as it was."""

    name: str
    ranks: tuple[Rank, ...]

    @property
    def is_whole(self) -> bool:
        """Whether there was nothing to rank below it."""
        return len(self.ranks) < LENGTH

    def packed(self) -> bytes:
        """The ranking as eight bytes of score and sixteen of id a post."""
        return b"".join(_RANK.pack(rank.score, rank.post_id.bytes) for rank in self.ranks)

    @classmethod
    def unpacked(cls, name: str, packed: bytes) -> Self:
        """What `packed` made."""
        return cls(name, tuple(Rank(score, UUID(bytes=raw)) for score, raw in _RANK.iter_unpack(packed)))


class Snapshots:
    """Freezes rankings and finds them again by name, in any process; without Redis, in this one only."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._newest: Snapshot | None = None
        self._frozen_at = 0.0
        self._freezing = asyncio.Lock()

    async def newest(self, db: Reads) -> Snapshot:
        """The ranking as it is now, or was a second ago at most."""
        async with self._freezing:
            now = asyncio.get_running_loop().time()
            if self._newest is None or now - self._frozen_at > FRESH_SECONDS:
                self._newest = await self._freeze(db)
                self._frozen_at = now
            return self._newest

    async def _freeze(self, db: Reads) -> Snapshot:
        ranks = await queries.ranking(db, below=None, limit=LENGTH)
        snapshot = Snapshot(token_urlsafe(9), tuple(ranks))
        self._keep(snapshot)
        try:
            await self._redis.set(_key(snapshot.name), snapshot.packed(), ex=LIFETIME_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("snapshot is in this process only", error=error)
        return snapshot

    async def recall(self, name: str) -> Snapshot | None:
        """The snapshot of that name; None when it is too old or lost."""
        if name in self._kept:
            return self._kept[name]
        try:
            packed = await self._redis.get(_key(name))
        except (RedisError, OSError) as error:
            log.warning("snapshot out of reach", error=error)
            return None
        if not isinstance(packed, bytes):
            return None
        snapshot = Snapshot.unpacked(name, packed)
        self._keep(snapshot)
        return snapshot

    def _keep(self, snapshot: Snapshot) -> None:
        self._kept[snapshot.name] = snapshot
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _key(name: str) -> str:
    return f"feed:snapshot:{name}"
