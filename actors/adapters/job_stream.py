"""The Redis stream of jobs: who holds which entry, for how long, and how often its job has failed.

Nothing here makes the stream or its group. The relay does, after a loss too: whoever else made them would hide
the loss from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from redis.asyncio import Redis

from actors.adapters import consumers

STREAM = "jobs"
GROUP = "workers"
FIELD = b"data"
DEAD_STREAM = "dead:jobs"
DEAD_ENTRIES = 10_000
"""A window to look through; the letters that count are rows."""

_FAILURES = "jobs:failures"
_HELD_AT_MOST = 1_000
_ABANDONED_AT_ONCE = 16


class Entry(NamedTuple):
    """An entry in hand. `deliveries` counts those in a row, this one included, that had no outcome."""

    id: bytes
    payload: bytes
    deliveries: int


class JobStream:
    """The stream as one consumer sees it. Every method raises redis-py's errors when Redis or the group is away."""

    def __init__(self, redis: Redis, consumer: str, lease_ms: int) -> None:
        self._redis = redis
        self._consumer = consumer
        self._lease_ms = lease_ms

    async def read(self, block_ms: int | None) -> Entry | None:
        """The next entry nobody has had; None after waiting for one in vain, or at once if it may not wait."""
        streams: Any = await self._redis.xreadgroup(GROUP, self._consumer, {STREAM: ">"}, count=1, block=block_ms)
        for _, entries in streams or ():
            for entry, fields in entries:
                return Entry(entry, fields.get(FIELD, b""), 1)
        return None

    async def take_over(self) -> Entry | None:
        """An entry whose holder has not refreshed it for a lease; None when there is none."""
        idle: Any = await self._redis.xpending_range(STREAM, GROUP, "-", "+", _ABANDONED_AT_ONCE, idle=self._lease_ms)
        for pending in idle:
            claimed: Any = await self._redis.xclaim(
                STREAM, GROUP, self._consumer, self._lease_ms, [pending["message_id"]]
            )
            for entry, fields in claimed:
                return Entry(entry, (fields or {}).get(FIELD, b""), pending["times_delivered"] + 1)
        return None

    async def refresh(self, held: Iterable[bytes]) -> None:
        """Renew the lease of those entries that are still ours."""
        mine: Any = await self._redis.xpending_range(STREAM, GROUP, "-", "+", _HELD_AT_MOST, self._consumer)
        ours = [pending["message_id"] for pending in mine if pending["message_id"] in frozenset(held)]
        if ours:
            await self._redis.xclaim(STREAM, GROUP, self._consumer, 0, ours, justid=True)

    async def give_back(self, entry: bytes, after_seconds: float = 0.0) -> None:
        """Let anybody take it over after this long, a lease at the most. This delivery had an outcome."""
        idle = max(0, self._lease_ms - int(after_seconds * 1000))
        await consumers.hand_back(self._redis, STREAM, GROUP, self._consumer, [entry], idle)

    async def count_failure(self, entry: bytes) -> int:
        """Note that its job has failed, and say how often it has by now."""
        failures: Any = self._redis.hincrby(_FAILURES, entry.decode(), 1)
        return int(await failures)

    async def forget(self, entry: bytes, letter: Mapping[str, Any] | None = None) -> None:
        """Acknowledge and delete it; a dead one leaves a letter."""
        async with self._redis.pipeline(transaction=True) as pipe:
            if letter is not None:
                fields: dict[Any, Any] = dict(letter)
                pipe.xadd(DEAD_STREAM, fields, maxlen=DEAD_ENTRIES, approximate=True)
            pipe.xack(STREAM, GROUP, entry)
            pipe.xdel(STREAM, entry)
            pipe.hdel(_FAILURES, entry.decode())
            await pipe.execute()

    async def sign_off(self) -> None:
        """Give back all that this consumer still has, and leave the group if nothing is left."""
        mine: Any = await self._redis.xpending_range(STREAM, GROUP, "-", "+", _HELD_AT_MOST, self._consumer)
        for pending in mine:
            await self.give_back(pending["message_id"])
        await consumers.drop(self._redis, STREAM, GROUP, self._consumer)

    async def drop_stale_consumers(self) -> None:
        """Forget consumers that have had nothing and done nothing for an hour."""
        await consumers.drop_stale(self._redis, STREAM, GROUP)
