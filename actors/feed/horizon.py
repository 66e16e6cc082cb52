"""How far timelines are known to hold what was shown: the watermark, beyond which a page asks PostgreSQL."""

import asyncio
import time
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from actors.feed import timeline_queries as queries
from actors.feed.timelines import Mark
from actors.kernel.transaction import Reads

KNOWN_SECONDS = 0.5
"""An older answer stays true: what took effect stays so, and what came since is newer than the watermark."""
MARGIN = timedelta(seconds=15)
"""Ids and facts are dated when they are made. A transaction may last so long until others see it, and clocks differ."""
AT_MOST = 2_000
"""Rows beyond the watermark that a page looks through, whoever shows them; for more, timelines are of no use."""


class Horizon(NamedTuple):
    """Every fact about a row or a follow that was dated before `until` has taken effect in the timelines of `mark`.

    What was in the making by then is not known: a margin stays. From `reach` on there are `AT_MOST` rows.
    """

    mark: Mark
    until: datetime
    reach: UUID


class Horizons:
    """Looks out for this process, twice a second while it is asked."""

    def __init__(self) -> None:
        self._newest: Horizon | None = None
        self._seen_at = 0.0
        self._looking = asyncio.Lock()

    async def newest(self, db: Reads) -> Horizon:
        """The horizon as it is now, or was half a second ago at most."""
        async with self._looking:
            if self._newest is None or time.monotonic() - self._seen_at > KNOWN_SECONDS:
                began = time.monotonic()
                epoch, batch, until, reach = await queries.horizon(db, AT_MOST)
                self._newest, self._seen_at = Horizon(Mark(epoch, batch), until, reach), began
            return self._newest


def first_id(at: datetime) -> UUID:
    """Below every id that is made at that moment or later."""
    return UUID(int=int(at.timestamp() * 1000) << 80)
