"""Small things asyncio lacks."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import structlog

PAUSE_SECONDS = 1.0
"""Before what broke runs again."""

log = structlog.get_logger(__name__)


async def keep_running(work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
    """Run a loop that must not end. What it did not expect is logged, and a second later it runs again."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("a task broke", task=name)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def end(tasks: Iterable[asyncio.Task[Any] | None]) -> None:
    """Cancel tasks and wait until all have ended.

    Asks again every 100 ms: on Python 3.11 `asyncio.wait_for`, which libraries use, swallows a cancellation
    that meets its wake-up.
    """
    pending = {task for task in tasks if task is not None and not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=0.1)


async def is_set_within(event: asyncio.Event, seconds: float) -> bool:
    """Wait for it, so long at the most, and say whether it is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
