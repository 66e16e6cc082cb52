"""Timelines: of whoever reads *following*, the ids of what those they follow have shown lately, kept in Redis.

A timeline is one string: 8 bytes for when it was read from PostgreSQL, 8 that tell its builder, 16 for the oldest id
from which on it is complete, and 16 for each row, in no order and possibly twice: 8 KB when it is new, 16 KB at the
most. One that outgrows this is let go, as every one is after a day; whoever reads again has it built again. So only
people who read have one, and adding to another does nothing.

It holds what was shown, not what may be seen: who reads it asks PostgreSQL about each row.
"""

import asyncio
import struct
import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from secrets import token_bytes
from typing import NamedTuple, Self
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel.paging import OLDEST
from actors.kernel.streams import MARK

DEPTH = 500
"""Rows of a new timeline: 25 pages."""
MOST = 1_000
"""Rows a timeline may have."""
LIFETIME_SECONDS = 24 * 3600
BUILDING_SECONDS = 15
REDIS_SECONDS = 0.25
PAUSE_SECONDS = 1.0
"""Redis is not asked for a page again for so long after it failed."""
AT_ONCE = 250
"""Timelines that one command adds to: Redis is busy for a tenth of a millisecond with it."""

_HEAD = struct.Struct(">Q8s16s")
_ID = 16

# KEYS: timelines; ARGV: rows, the bytes a timeline may have. Answers how many were added to.
_ADD = """
local added = 0
for _, key in ipairs(KEYS) do
  local length = redis.call('STRLEN', key)
  if length > 0 then
    if length + #ARGV[1] > tonumber(ARGV[2]) then
      redis.call('DEL', key)
    else
      redis.call('APPEND', key, ARGV[1])
      added = added + 1
    end
  end
end
return added
"""
# KEYS: a timeline; ARGV: its builder, what was read, its lifetime. What was added meanwhile stays.
_FINISH = """
if redis.call('GETRANGE', KEYS[1], 8, 15) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2] .. redis.call('GETRANGE', KEYS[1], 32, -1), 'EX', ARGV[3])
return 1
"""
log = structlog.get_logger(__name__)


class Mark(NamedTuple):
    """The last batch that was moved to Redis: what holds an earlier one has lost something."""

    epoch: int
    batch: int


class Timeline(NamedTuple):
    """A whole timeline: every row from `floor` on that was there at `read_ms`, the ids ordered, the oldest first."""

    read_ms: int
    floor: UUID
    ids: Sequence[bytes]

    @classmethod
    def unpacked(cls, packed: bytes) -> Self | None:
        """None while it is being built."""
        read_ms, _, floor = _HEAD.unpack_from(packed)
        if not read_ms:
            return None
        ids = sorted({packed[at : at + _ID] for at in range(_HEAD.size, len(packed), _ID)})
        return cls(read_ms, UUID(bytes=floor), ids[bisect_left(ids, floor) :])

    def below(self, below: UUID, count: int) -> tuple[list[UUID], UUID]:
        """So many ids, older than `below`, and the id from which on these are all."""
        end = bisect_left(self.ids, below.bytes)
        begin = max(0, end - count)
        ids = [UUID(bytes=raw) for raw in self.ids[begin:end]]
        return ids, ids[0] if begin else self.floor


class Timelines:
    """The timelines of one epoch each: those of an epoch that is over are never read again."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._add = redis.register_script(_ADD)
        self._finish = redis.register_script(_FINISH)
        self._paused_until = 0.0

    async def read(self, mark: Mark, user_id: UUID) -> Timeline | None:
        """Somebody's timeline, where there is one and Redis has lost nothing since that mark."""
        packed = await self._held(mark, user_id)
        return Timeline.unpacked(packed) if packed else None

    async def _held(self, mark: Mark, user_id: UUID) -> bytes | None:
        if time.monotonic() < self._paused_until:
            return None
        pipe = self._redis.pipeline(transaction=False)
        pipe.xrevrange(MARK, count=1)
        pipe.get(_key(mark.epoch, user_id))
        try:
            async with asyncio.timeout(REDIS_SECONDS):
                marks, packed = await pipe.execute()
        except (RedisError, OSError) as error:  # TimeoutError is one
            self._paused_until = time.monotonic() + PAUSE_SECONDS
            log.warning("timelines out of reach", error=error)
            return None
        if not marks or not packed:
            return None
        epoch, _, batch = marks[0][0].partition(b"-")
        return packed if int(epoch) == mark.epoch and int(batch) >= mark.batch else None

    async def begin(self, epoch: int, user_id: UUID) -> bytes | None:
        """Let a timeline be built, by one process at a time: from now on rows are added to it. None: there is one."""
        token = token_bytes(8)
        head = _HEAD.pack(0, token, OLDEST.bytes)
        begun = await self._redis.set(_key(epoch, user_id), head, nx=True, ex=BUILDING_SECONDS)
        return token if begun else None

    async def finish(self, epoch: int, user_id: UUID, token: bytes, timeline: Timeline) -> None:
        """Join what was read to what was added meanwhile. Nothing, if the timeline was let go."""
        head = _HEAD.pack(timeline.read_ms, token, timeline.floor.bytes)
        packed = head + b"".join(timeline.ids)
        await self._finish(keys=[_key(epoch, user_id)], args=[token, packed, LIFETIME_SECONDS])

    async def add(self, epoch: int, user_ids: Sequence[UUID], row_ids: Iterable[UUID]) -> int:
        """Add rows to the timelines these people have. Returns to how many."""
        rows, most = b"".join(row_id.bytes for row_id in row_ids), _HEAD.size + MOST * _ID
        added = 0
        for begin in range(0, len(user_ids), AT_ONCE):
            keys = [_key(epoch, user_id) for user_id in user_ids[begin : begin + AT_ONCE]]
            added += int(await self._add(keys=keys, args=[rows, most]))
        return added

    async def floors(self, epoch: int, user_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """From which row on the timelines that these people have are complete."""
        pipe = self._redis.pipeline(transaction=False)
        for user_id in user_ids:
            pipe.getrange(_key(epoch, user_id), 0, _HEAD.size - 1)
        heads = zip(user_ids, await pipe.execute(), strict=True)
        return {user_id: UUID(bytes=_HEAD.unpack(head)[2]) for user_id, head in heads if head}

    async def drop(self, epoch: int, user_ids: Iterable[UUID]) -> None:
        """Let timelines go."""
        if keys := [_key(epoch, user_id) for user_id in user_ids]:
            await self._redis.delete(*keys)


def _key(epoch: int, user_id: UUID) -> str:
    return f"feed:timeline:{epoch}:{user_id}"
