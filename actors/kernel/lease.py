"""The lease on what an inbox holds: refreshed while this process lives, taken over when another does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel import metrics
from actors.kernel.streams import GROUP, inbox_of

if TYPE_CHECKING:
    from actors.kernel.inbox import Inbox

log = structlog.get_logger(__name__)

LEASE_SECONDS = 15.0
"""What a process holds without refreshing for so long is taken over by another."""
DELIVERIES = 10
"""How often an event may change hands before it is dead: it may be what kills its holders."""


class Lease:
    """Of one process, on all domains' inboxes. Delivery counts are Redis's own: refreshing does not raise them."""

    def __init__(self, inbox: Inbox, redis: Redis, domains: Sequence[str]) -> None:
        self._inbox = inbox
        self._redis = redis
        self._domains = domains

    async def keep(self) -> None:
        """Refresh and re-claim for as long as the process lives."""
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            for domain in self._domains:
                try:
                    await self._refresh(domain)
                    await self._reclaim(domain)
                except (RedisError, OSError) as error:
                    log.warning("inbox lease not kept", domain=domain, error=error)

    async def _refresh(self, domain: str) -> None:
        entries = self._inbox.held(domain)
        if entries:
            await self._redis.xclaim(
                inbox_of(domain), GROUP, self._inbox.consumer, min_idle_time=0, message_ids=[*entries], justid=True
            )

    async def _reclaim(self, domain: str) -> None:
        if not self._inbox.has_room(domain):
            return
        stream = inbox_of(domain)
        _, entries, *_ = await self._redis.xautoclaim(
            stream, GROUP, self._inbox.consumer, min_idle_time=int(LEASE_SECONDS * 1000), count=100
        )
        for entry, fields in entries:
            if fields is None or self._inbox.holds(domain, entry):
                continue
            metrics.inbox_reclaimed_total.labels(domain).inc()
            pending = await self._redis.xpending_range(stream, GROUP, entry, entry, 1)
            if pending and int(pending[0]["times_delivered"]) > DELIVERIES:
                await self._inbox.bury_unreadable(
                    domain, entry, fields, f"delivered {DELIVERIES} times without an answer"
                )
            else:
                await self._inbox.take(domain, entry, fields)

    async def sign_off(self) -> None:
        """Leave the groups in which nothing of this process is pending."""
        for domain in self._domains:
            await self._redis.eval(_SIGN_OFF, 1, inbox_of(domain), GROUP, self._inbox.consumer)


_SIGN_OFF = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
"""
"""A consumer is deleted only with nothing pending, in one step: deleting it otherwise makes its entries unreadable."""
