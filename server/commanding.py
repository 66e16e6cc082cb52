"""The actors of a process that lives for one command typed by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.adapters.outside import open_outside
from actors.domains import actors
from actors.kernel.system import System
from actors.settings import Settings


@asynccontextmanager
async def working(settings: Settings) -> AsyncIterator[System]:
    """Every domain at work beside the servers that run, for the length of the block.

    When it ends, what was committed is on its way to them: they hear of it as of their own doing.
    """
    async with open_outside(settings) as outside:
        system = System(outside, actors())
        await system.start()
        try:
            yield system
        finally:
            await system.stop()
