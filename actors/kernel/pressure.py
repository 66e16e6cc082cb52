"""Back-pressure: when facts are made faster than they take effect, commands that can wait are answered Busy."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context

import structlog
from redis.exceptions import RedisError

from actors.adapters.outside import Outside
from actors.kernel import metrics
from actors.kernel.failures import Verdict, judge
from actors.kernel.streams import inbox_of
from actors.kernel.tools import end

log = structlog.get_logger(__name__)

LAG_SECONDS = 5.0
DEPTH = 50_000
"""Events in one inbox; at a few hundred bytes each, what Redis is meant to hold."""
LOOK_SECONDS = 1.0

_LAG = "SELECT extract(epoch FROM now() - at) FROM outbox WHERE published_at IS NULL ORDER BY seq LIMIT 1"


class Pressure:
    """Looks once a second; `is_high` while the outbox lags more than five seconds or an inbox is too deep."""

    def __init__(self, outside: Outside, domains: Sequence[str]) -> None:
        self._outside = outside
        self._domains = domains
        self._task: asyncio.Task[None] | None = None
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
        async with self._outside.database.for_query() as connection:
            lag = float(await connection.fetchval(_LAG) or 0)
        metrics.outbox_lag_seconds.set(max(0.0, lag))
        return lag

    async def _depth(self) -> int:
        depths = []
        with suppress(RedisError, OSError):
            for domain in self._domains:
                depth = int(await self._outside.cache.redis.xlen(inbox_of(domain)))
                metrics.inbox_depth.labels(domain).set(depth)
                depths.append(depth)
        return max(depths, default=0)
