"""The lease on what an inbox holds: refreshed while this process lives, taken over when another does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.adapters import consumers
from actors.kernel import metrics
from actors.kernel.held import Fields
from actors.kernel.streams import GROUP, inbox_of

if TYPE_CHECKING:
    from actors.kernel.inbox import Inbox

log = structlog.get_logger(__name__)

LEASE_SECONDS = 15.0
"""What a process holds without refreshing for so long is taken over by another."""
DELIVERIES = 10
"""How often an event may change hands before it is dead: it may be what kills its holders."""
CLAIMED_AT_ONCE = 100


class Lease:
    """Of one process, on all domains' inboxes. Delivery counts are Redis's own: refreshing does not raise them."""

    def __init__(self, inbox: Inbox, redis: Redis, domains: Sequence[str]) -> None:
        self._inbox = inbox
        self._redis = redis
        self._domains = domains

    async def keep(self) -> None:
        """Refresh and re-claim for as long as the process lives."""
        is_new = True
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            for domain in self._domains:
                try:
                    if is_new:
                        await consumers.drop_stale(self._redis, inbox_of(domain), GROUP)
                    await self._refresh(domain)
                    await self._reclaim(domain)
                except (RedisError, OSError) as error:
                    log.warning("inbox lease not kept", domain=domain, error=error)
            is_new = False

    async def _refresh(self, domain: str) -> None:
        entries = self._inbox.held(domain)
        if entries:
            await self._redis.xclaim(
                inbox_of(domain), GROUP, self._inbox.consumer, min_idle_time=0, message_ids=[*entries], justid=True
            )

    async def _reclaim(self, domain: str) -> None:
        """What waits at the front may be in living hands, so looking goes on behind it, to the end of what waits."""
        stream = inbox_of(domain)
        start = b"0-0"
        while self._inbox.has_room(domain):
            start, entries, *_ = await self._redis.xautoclaim(
                stream, GROUP, self._inbox.consumer, int(LEASE_SECONDS * 1000), start, count=CLAIMED_AT_ONCE
            )
            for entry, fields in entries:
                await self._take_over(domain, entry, fields)
            if start == b"0-0":
                return

    async def _take_over(self, domain: str, entry: bytes, fields: Fields | None) -> None:
        if fields is None or self._inbox.holds(domain, entry):
            return
        metrics.inbox_reclaimed_total.labels(domain).inc()
        pending = await self._redis.xpending_range(inbox_of(domain), GROUP, entry, entry, 1)
        if pending and int(pending[0]["times_delivered"]) > DELIVERIES:
            await self._inbox.bury_unreadable(domain, entry, fields, f"delivered {DELIVERIES} times without an answer")
        else:
            await self._inbox.take(domain, entry, fields)

    async def pass_on(self, domain: str, entries: Sequence[bytes], *, at_once: bool = False) -> None:
        """Let others have these after a lease, or at once. That they were here counts for nothing."""
        idle = int(LEASE_SECONDS * 1000) if at_once else 0
        await consumers.hand_back(self._redis, inbox_of(domain), GROUP, self._inbox.consumer, entries, idle)

    async def sign_off(self) -> None:
        """Hand what this process still holds to others, and leave the groups in which nothing of it is pending."""
        for domain in self._domains:
            if entries := self._inbox.held(domain):
                await self.pass_on(domain, entries, at_once=True)
            await consumers.drop(self._redis, inbox_of(domain), GROUP, self._inbox.consumer)
