"""Whether this process can do its work: what it cannot do without, and what it can do badly without."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import structlog

from actors.adapters.cache import Cache
from actors.kernel.message import View
from actors.kernel.system import System
from server.http.probe import Probe

log = structlog.get_logger(__name__)

CHECK_SECONDS = 2.0
KEPT_SECONDS = 1.0

Check = Callable[[], Awaitable[bool]]
"""Whether a part works. One that raises, or takes longer than two seconds, does not."""


class ReadinessView(View):
    """What works, by name. `ready` unless something this process cannot do without is away."""

    status: str
    checks: dict[str, bool]
    degraded: tuple[str, ...]


class Readiness:
    """Asks every part whether it works."""

    def __init__(self, system: System, cache: Cache, probe: Probe, others: Mapping[str, Check]) -> None:
        self._system = system
        self._essential: Mapping[str, Check] = {
            "database": probe.database_answers,
            "actors": self._actors,
            "serving": self._serving,
        }
        self._others: Mapping[str, Check] = {
            "redis": _redis(cache),
            "redis_keeps_everything": cache.keeps_everything,
            **others,
        }
        self._red: set[str] | None = None
        self._looking: asyncio.Task[ReadinessView] | None = None
        self._good_until = 0.0

    async def look(self) -> ReadinessView:
        """What was found within the last second, or is found now; takes two seconds at most. Whoever asks meanwhile
        is answered by the same look, so that probing costs the same however often it is done."""
        loop = asyncio.get_running_loop()
        if self._looking is None or (self._looking.done() and loop.time() >= self._good_until):
            self._looking = loop.create_task(self._look(), name="readiness")
        return await asyncio.shield(self._looking)

    async def _look(self) -> ReadinessView:
        view = await self._ask_all()
        self._good_until = asyncio.get_running_loop().time() + KEPT_SECONDS
        return view

    async def _ask_all(self) -> ReadinessView:
        asked = {**self._essential, **self._others}
        answers = await asyncio.gather(*(_passes(check) for check in asked.values()))
        checks = dict(zip(asked, answers, strict=True))
        red = {name for name, is_well in checks.items() if not is_well}
        if self._red is not None and red - self._red:
            log.warning("parts are away", parts=sorted(red - self._red))
        self._red = red
        is_ready = all(checks[name] for name in self._essential)
        return ReadinessView(
            status="ready" if is_ready else "unready",
            checks=checks,
            degraded=tuple(name for name in self._others if not checks[name]),
        )

    async def _actors(self) -> bool:
        return not self._system.supervisor.failed

    async def _serving(self) -> bool:
        return not self._system.is_draining


def _redis(cache: Cache) -> Check:
    async def ping() -> bool:
        return bool(await cache.redis.ping())

    return ping


async def _passes(check: Check) -> bool:
    with suppress(Exception):
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    return False
