"""When an actor restarts too often it is failed: the process says so, drains and ends, and another takes over."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Supervisor:
    """Counts restarts that no single message explains: more than `limit` within `window` seconds fail the actor."""

    def __init__(self, *, limit: int = 5, window: float = 30.0) -> None:
        self._limit = limit
        self._window = window
        self._restarts: defaultdict[str, deque[float]] = defaultdict(deque)
        self._watchers: list[Callable[[str], None]] = []
        self.failed: set[str] = set()

    def watch(self, on_failed: Callable[[str], None]) -> None:
        """Call `on_failed(domain)` once for each actor that fails."""
        self._watchers.append(on_failed)

    def note_restart(self, domain: str, error: Exception) -> None:
        """A lane of this domain began afresh for this, and no message is to blame."""
        now = asyncio.get_running_loop().time()
        recent = self._restarts[domain]
        recent.append(now)
        while recent[0] < now - self._window:
            recent.popleft()
        log.warning("lane restarted", domain=domain, restarts=len(recent), window_seconds=self._window, exc_info=error)
        if len(recent) > self._limit and domain not in self.failed:
            self.failed.add(domain)
            log.error("actor failed", domain=domain)
            for on_failed in self._watchers:
                on_failed(domain)
