"""Token buckets in Redis, taken from by lease: what a moment's requests ask for is one call."""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from redis.asyncio import Redis

from server.together import Together

REDIS_SECONDS = 0.25
AT_ONCE = 256
"""Buckets in one call, which holds Redis up for as long as it takes: well below a millisecond."""

# Token buckets by the clock of Redis. KEYS: buckets; ARGV, for each: capacity, period in ms, tokens wanted.
# Answers for each tokens granted, tokens left, ms until one more, ms until full.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local taken = {}
for place, bucket in ipairs(KEYS) do
    local first = 3 * place - 2
    local capacity, period, wanted = tonumber(ARGV[first]), tonumber(ARGV[first + 1]), tonumber(ARGV[first + 2])
    local state = redis.call('HMGET', bucket, 'tokens', 'at')
    local tokens = tonumber(state[1]) or capacity
    tokens = math.min(capacity, tokens + math.max(0, now - (tonumber(state[2]) or now)) * capacity / period)
    local granted = math.min(wanted, math.floor(tokens))
    tokens = tokens - granted
    local full = math.ceil((capacity - tokens) * period / capacity)
    redis.call('HSET', bucket, 'tokens', tostring(tokens), 'at', now)
    redis.call('PEXPIRE', bucket, full + 1000)
    taken[place] = {granted, math.floor(tokens), math.ceil(math.max(0, 1 - tokens) * period / capacity), full}
end
return taken
"""


class Terms(NamedTuple):
    """A bucket: where it is kept, how much it holds, in how many ms it fills, and how much is wanted of it."""

    key: str
    capacity: int
    period_ms: int
    wanted: int


class Lease(NamedTuple):
    """Tokens granted, tokens left, milliseconds until there is one more and until the bucket is full."""

    granted: int
    left: int
    next_ms: int
    full_ms: int


class Leases:
    """Takes from buckets."""

    def __init__(self, redis: Redis) -> None:
        self._script = redis.register_script(_TAKE)
        self._together = Together(self._take, AT_ONCE)

    async def take(self, terms: Terms) -> Lease:
        """A lease on these terms. Raises redis-py's errors, `OSError` or `TimeoutError` when Redis does not answer."""
        return await self._together.ask(terms)

    async def _take(self, terms: Sequence[Terms]) -> list[Lease]:
        async with asyncio.timeout(REDIS_SECONDS):
            taken = await self._script(
                keys=[one.key for one in terms], args=[part for one in terms for part in one[1:]]
            )
        return [Lease(*one) for one in taken]
