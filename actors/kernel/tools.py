"""Small things asyncio lacks."""

import asyncio
from collections.abc import Iterable
from typing import Any


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
