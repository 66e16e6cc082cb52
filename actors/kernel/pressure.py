"""Back-pressure: when facts are made faster than they take effect, commands that can wait are answered Busy."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from typing import NamedTuple

import structlog
from redis.exceptions import RedisError

from actors.adapters.outside import Outside
from actors.adapters.queue import JOBS_STREAM
from actors.kernel import metrics
from actors.kernel.failures import Verdict, judge
from actors.kernel.streams import inbox_of
from actors.kernel.tools import end

log = structlog.get_logger(__name__)

LAG_SECONDS = 5.0
DEPTH = 50_000
"""Events in one inbox; at a few hundred bytes each, what Redis is meant to hold."""
LOOK_SECONDS = 1.0
LOOKS = 600
"""Looks that are remembered: facts that wait for longer than ten minutes are said to wait for ten."""

_WAITING = """
SELECT (SELECT seq FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT 1) AS first,
       (SELECT max(seq) FROM outbox) AS last
"""


class _Look(NamedTuple):
    """When, and between which numbers facts waited then."""

    at: float
    first: int
    last: int


class Pressure:
    """Looks once a second; `is_high` while the outbox lags more than five seconds or an inbox is too deep."""

    def __init__(self, outside: Outside, domains: Sequence[str]) -> None:
        self._outside = outside
        self._domains = domains
        self._task: asyncio.Task[None] | None = None
        self._seen: deque[_Look] = deque(maxlen=LOOKS)
        self.is_high = False

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.get_running_loop().create_task(self._watch(), name="pressure", context=Context())

    async def stop(self) -> None:
        """Look no more."""
        await end([self._task])

    async def _watch(self) -> None:
        while True:
            try:
                is_high = await self._lag() > LAG_SECONDS or await self._depth() > DEPTH
            except Exception as error:
                if judge(error) is not Verdict.OUTAGE:
                    log.exception("pressure cannot be measured")
            else:
                if is_high != self.is_high:
                    log.warning("pressure changed", is_high=is_high)
                self.is_high = is_high
            await asyncio.sleep(LOOK_SECONDS)

    async def _lag(self) -> float:
        """How long what waits longest has been seen waiting. Its age says nothing: a letter may be replayed days later,
        and after a loss everything that has not taken effect waits anew."""
        async with self._outside.database.for_query() as connection:
            (waiting,) = await connection.fetch(_WAITING)
        first, last = waiting["first"], waiting["last"]
        if first is None or (self._seen and first < self._seen[-1].first):
            self._seen.clear()
        while self._seen and self._seen[0].last < first:
            self._seen.popleft()
        if first is None:
            lag = 0.0
        else:
            self._seen.append(_Look(time.monotonic(), first, last))
            lag = self._seen[-1].at - self._seen[0].at
        metrics.outbox_lag_seconds.set(lag)
        return lag

    async def _depth(self) -> int:
        deepest = 0
        with suppress(RedisError, OSError):
            async with self._outside.cache.redis.pipeline(transaction=False) as pipe:
                for stream in (*map(inbox_of, self._domains), JOBS_STREAM):
                    pipe.xlen(stream)
                *depths, jobs = await pipe.execute()
            for domain, depth in zip(self._domains, depths, strict=True):
                metrics.inbox_depth.labels(domain).set(depth)
                deepest = max(deepest, depth)
            metrics.jobs_queued.set(jobs)
        return deepest
