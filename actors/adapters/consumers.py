"""What every consumer group of a Redis stream needs: handing back, and forgetting those who left it."""

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis

_STALE_MS = 3_600_000
_DROP = """
if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
    return redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
end
return 0
"""
"""Deleting a consumer that holds something would make it unreadable for ever."""


async def hand_back(redis: Redis, stream: str, group: str, consumer: str, entries: Sequence[bytes], idle: int) -> None:
    """Have entries in hand look idle for so many milliseconds. This delivery of them does not count."""
    await redis.xclaim(stream, group, consumer, 0, [*entries], idle=idle, retrycount=0, justid=True)


async def drop(redis: Redis, stream: str, group: str, consumer: str) -> None:
    """Let a consumer leave the group, unless it still holds something."""
    dropped: Any = redis.eval(_DROP, 1, stream, group, consumer)
    await dropped


async def drop_stale(redis: Redis, stream: str, group: str) -> None:
    """Forget consumers that have had nothing and done nothing for an hour."""
    consumers: Any = await redis.xinfo_consumers(stream, group)
    for consumer in consumers:
        if consumer["pending"] == 0 and consumer["idle"] > _STALE_MS:
            await drop(redis, stream, group, consumer["name"].decode())
