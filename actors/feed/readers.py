"""From what somebody's page is read: their timeline, where there is one to be relied upon, or PostgreSQL alone."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextvars import Context
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog

from actors.feed import timeline_metrics as metrics
from actors.feed.horizon import MARGIN, Horizons, first_id
from actors.feed.timeline_messages import BuildTimeline
from actors.feed.timeline_queries import Window
from actors.feed.timelines import Timeline, Timelines
from actors.kernel.errors import Refusal
from actors.kernel.transaction import Reads

REST_SECONDS = 60.0
"""Whom a timeline does not serve is answered by PostgreSQL alone for so long."""
RETRY_SECONDS = 5.0
STUCK = timedelta(seconds=60)
"""A fact that has not taken effect for so long will not soon."""
REMEMBERED = 10_000

log = structlog.get_logger(__name__)


class Held(NamedTuple):
    """A timeline, and from when on it may lack something."""

    timeline: Timeline
    since: datetime

    def window(self, below: UUID, count: int) -> Window | None:
        """What is next below, by so many of its ids; None below what is complete."""
        if below <= self.timeline.floor:
            return None
        ids, least = self.timeline.below(below, count)
        return Window(below, least, ids, first_id(self.since), self.since)


class Readers:
    """Finds timelines for pages, and has them built for who lacks one, without letting the page wait."""

    def __init__(self, timelines: Timelines, build: Callable[[BuildTimeline], Awaitable[bool]]) -> None:
        self._timelines = timelines
        self._build = build
        self._horizons = Horizons()
        self._resting: OrderedDict[UUID, float] = OrderedDict()
        self._building: set[asyncio.Task[None]] = set()

    async def look(self, db: Reads, user_id: UUID) -> Held | None:
        """Somebody's timeline as of now; None: ask PostgreSQL alone."""
        held = None if self._is_resting(user_id) else await self._look(db, user_id)
        metrics.pages_total.labels("timeline" if held else "sql").inc()
        return held

    async def _look(self, db: Reads, user_id: UUID) -> Held | None:
        horizon = await self._horizons.newest(db)
        timeline = await self._timelines.read(horizon.mark, user_id)
        if timeline is None:
            self._have_built(BuildTimeline(user_id=user_id))
            return None
        read_at = datetime.fromtimestamp(timeline.read_ms / 1000, UTC)
        if horizon.until < datetime.now(UTC) - STUCK and read_at < horizon.until:
            # What is stuck may be missing for long: a timeline that is read now has it.
            self._have_built(BuildTimeline(user_id=user_id, anew=True))
            return None
        since = max(horizon.until, read_at) - MARGIN
        if first_id(since) < horizon.reach:
            self._rest(user_id, REST_SECONDS)
            return None
        return Held(timeline, since)

    def _is_resting(self, user_id: UUID) -> bool:
        return self._resting.get(user_id, 0.0) > time.monotonic()

    def _rest(self, user_id: UUID, seconds: float) -> None:
        self._resting[user_id] = time.monotonic() + seconds
        self._resting.move_to_end(user_id)
        while len(self._resting) > REMEMBERED:
            self._resting.popitem(last=False)

    def _have_built(self, wish: BuildTimeline) -> None:
        self._rest(wish.user_id, REST_SECONDS)
        task = asyncio.get_running_loop().create_task(self._wait(wish), context=Context())
        self._building.add(task)
        task.add_done_callback(self._building.discard)

    async def _wait(self, wish: BuildTimeline) -> None:
        """Remember what became of it; the command is carried out or refused in any case, so that this ends."""
        try:
            if await self._build(wish):
                self._resting.pop(wish.user_id, None)
        except Refusal as refusal:
            log.info("timeline not built", error=refusal)
            self._rest(wish.user_id, RETRY_SECONDS)
