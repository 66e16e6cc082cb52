"""Frozen rankings: a walk through *for you* goes along what its first page saw."""

import asyncio
import struct
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from secrets import randbelow, token_urlsafe
from typing import NamedTuple, Self
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.feed import metrics, ranking
from actors.feed.arranging import Place, Ranked, Reason, arrange
from actors.kernel.transaction import Reads

LIFETIME_SECONDS = 600
"""A snapshot is kept for so long after it was last walked along."""
RENEW_SECONDS = 60.0
"""So often, at the most, Redis is told that a snapshot is walked along."""
FRESH_SECONDS = 1.0
"""First pages within this time share a ranking, so that it is read once a second, not once a page."""
KEPT = 256
"""Snapshots kept in this process, at most 6 KB each; all of them are in Redis."""
OF_ONE_PERSON = 4
"""Snapshots of one person's that are kept at all: the fifth replaces the first."""
TURN_SECONDS = 24 * 3600
"""For so long it is remembered which of somebody's snapshots is the oldest."""

_PLACE = struct.Struct(">16sB")
_HEAD = struct.Struct(">16sd")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Places in their order, as seventeen bytes each.

    `name` says where it is kept, and after a point which of those that were kept there it is.
    """

    name: str
    packed: bytes
    frozen_at: float

    @classmethod
    def of(cls, where: str, places: Iterable[Place]) -> Self:
        """These places, frozen now."""
        packed = b"".join(_PLACE.pack(place.post_id.bytes, place.reason) for place in places)
        return cls(f"{where}.{token_urlsafe(12)}", packed, time.time())

    def __len__(self) -> int:
        return len(self.packed) // _PLACE.size

    @property
    def where(self) -> str:
        """Where it is kept."""
        return self.name.partition(".")[0]

    def places(self, start: int, end: int | None = None) -> Sequence[Place]:
        """The places from `start` on, those before `end`."""
        return _unpacked(self.packed[start * _PLACE.size : None if end is None else end * _PLACE.size])

    def endings(self, end: int) -> bytes:
        """The last two bytes of each post before the place `end`."""
        return b"".join([raw[-2:] for raw, _ in _PLACE.iter_unpack(self.packed[: end * _PLACE.size])])

    def kept(self) -> bytes:
        """All of it, as Redis holds it."""
        return _HEAD.pack(self.name.partition(".")[2].encode(), self.frozen_at) + self.packed

    @classmethod
    def found(cls, name: str, kept: bytes) -> Self | None:
        """The snapshot of that name, if it is the one that is kept there."""
        which, frozen_at = _HEAD.unpack_from(kept)
        return cls(name, kept[_HEAD.size :], frozen_at) if which.decode() == name.partition(".")[2] else None


class General(NamedTuple):
    """The ranking for everybody: frozen, and what it was arranged from."""

    snapshot: Snapshot
    best: Sequence[Ranked]
    chances: Sequence[Ranked]


class Snapshots:
    """Freezes rankings and finds them again by name, in any process; without Redis, in this one only."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._kept: OrderedDict[str, Snapshot] = OrderedDict()
        self._renewed: dict[str, float] = {}
        self._newest: General | None = None
        self._frozen_at = 0.0
        self._freezing = asyncio.Lock()

    async def newest(self, db: Reads) -> General:
        """The ranking as it is now, or was a second ago at most."""
        async with self._freezing:
            now = asyncio.get_running_loop().time()
            if self._newest is None or now - self._frozen_at > FRESH_SECONDS:
                self._newest = await self._freeze(db)
                self._frozen_at = now
            return self._newest

    async def _freeze(self, db: Reads) -> General:
        best, chances = await asyncio.gather(ranking.best(db), ranking.unnoticed(db))
        # Whoever wants one next gets another order, so that all of them come to be seen.
        chances.sort(key=lambda _: randbelow(1 << 32))
        snapshot = Snapshot.of(token_urlsafe(9), arrange(((one, Reason.rank) for one in best), chances))
        await self.keep([snapshot])
        metrics.snapshots_total.labels("general").inc()
        return General(snapshot, best, chances)

    async def keep(self, snapshots: Sequence[Snapshot]) -> None:
        """Have them found again."""
        for snapshot in snapshots:
            self._remember(snapshot)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for snapshot in snapshots:
                    pipeline.set(_key(snapshot.where), snapshot.kept(), ex=LIFETIME_SECONDS)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            log.warning("snapshot is in this process only", error=error)

    async def recall(self, name: str) -> Snapshot | None:
        """The snapshot of that name; None when it is too old, replaced or lost."""
        snapshot = self._kept.get(name)
        if snapshot is None:
            snapshot = await self._fetch(name)
        elif time.monotonic() - self._renewed[name] > RENEW_SECONDS:
            self._renewed[name] = time.monotonic()
            await self._fetch(name)
        if snapshot is None:
            metrics.snapshots_total.labels("lost").inc()
            return None
        metrics.snapshots_total.labels("recalled").inc()
        metrics.snapshot_age.observe(max(0.0, time.time() - snapshot.frozen_at))
        return snapshot

    async def _fetch(self, name: str) -> Snapshot | None:
        try:
            kept = await self._redis.getex(_key(name.partition(".")[0]), ex=LIFETIME_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("snapshot out of reach", error=error)
            return None
        snapshot = Snapshot.found(name, kept) if isinstance(kept, bytes) else None
        if snapshot is not None:
            self._remember(snapshot)
        return snapshot

    def _remember(self, snapshot: Snapshot) -> None:
        self._kept[snapshot.name] = snapshot
        self._kept.move_to_end(snapshot.name)
        self._renewed[snapshot.name] = time.monotonic()
        while len(self._kept) > KEPT:
            name, _ = self._kept.popitem(last=False)
            del self._renewed[name]

    async def personal_places(self, user_ids: Sequence[UUID]) -> list[str]:
        """Where the next snapshot of each of these people is kept: in turn, so that the oldest is replaced."""
        keys = [f"feed:turn:{user_id}" for user_id in user_ids]
        if not keys:
            return []
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.incr(key)
                    pipeline.expire(key, TURN_SECONDS)
                turns = (await pipeline.execute())[::2]
        except (RedisError, OSError):
            turns = [randbelow(OF_ONE_PERSON) for _ in user_ids]
        return [f"{user_id.hex}-{turn % OF_ONE_PERSON}" for user_id, turn in zip(user_ids, turns, strict=True)]


@lru_cache(256)
def _unpacked(packed: bytes) -> Sequence[Place]:
    """Many walk along the same places: they are made once."""
    return [Place(UUID(bytes=raw), Reason(reason)) for raw, reason in _PLACE.iter_unpack(packed)]


def may_walk(viewer_id: UUID | None, name: str) -> bool:
    """Whether it is everybody's, or the viewer's own: somebody else's would tell what that person follows."""
    owner, dash, _ = name.partition(".")[0].rpartition("-")
    is_personal = bool(dash) and len(owner) == 32
    return not is_personal or (viewer_id is not None and owner == viewer_id.hex)


def _key(where: str) -> str:
    return f"feed:snapshot:{where}"
