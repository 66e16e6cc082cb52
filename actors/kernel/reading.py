"""Reading many inboxes by one command, of which some may not be there."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from actors.kernel.held import Fields
from actors.kernel.streams import GROUP, inbox_of

log = structlog.get_logger(__name__)

Entries = Sequence[tuple[bytes, Fields | None]]

BLOCK_MS = 1_000
LOOK_SECONDS = 0.1
"""How often somebody looks for an inbox that was missing."""


class Reading:
    """One consumer's reading. A domain whose inbox is missing waits for the relay to make it, the others do not:
    a process of a new version meets the leader of an old one, which knows fewer domains."""

    def __init__(self, redis: Redis, consumer: str) -> None:
        self._redis = redis
        self._consumer = consumer
        self._absent: frozenset[str] = frozenset()

    async def read(self, domains: Sequence[str], count: int) -> list[tuple[str, Entries]]:
        """New entries by domain, at most `count` of each; nothing after waiting for a second in vain.

        Raises redis-py's errors when Redis is away or does not answer.
        """
        if self._absent:
            await self._look_for(domains)
        streams: dict[Any, Any] = {inbox_of(domain): ">" for domain in domains if domain not in self._absent}
        if not streams:
            await asyncio.sleep(LOOK_SECONDS)
            return []
        # Nobody announces that a missing inbox was made.
        block = int(LOOK_SECONDS * 1000) if self._absent else BLOCK_MS
        try:
            reply = await self._redis.xreadgroup(GROUP, self._consumer, streams, count=count, block=block)
        except ResponseError as error:
            if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                raise
            await self._look_for(domains)
            return []
        return [(stream.decode().partition(":")[2], entries) for stream, entries in _entries_of(reply)]

    async def close(self) -> None:
        """Read no more."""
        await self._redis.aclose()

    async def _look_for(self, domains: Sequence[str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipe:
            for domain in domains:
                pipe.xinfo_groups(inbox_of(domain))
            found: Any = await pipe.execute(raise_on_error=False)
        absent = frozenset(
            domain
            for domain, groups in zip(domains, found, strict=True)
            if isinstance(groups, ResponseError) or GROUP.encode() not in {group["name"] for group in groups}
        )
        if new := absent - self._absent:
            # None at all: Redis is empty, and the relay has yet to begin.
            say = log.info if len(absent) == len(domains) else log.warning
            say("inboxes are missing", domains=sorted(new))
        self._absent = self._absent.difference(domains) | absent


def _entries_of(reply: Any) -> list[tuple[bytes, Entries]]:
    """One shape for both protocol versions of redis-py's answer."""
    if isinstance(reply, dict):
        return [(stream, [pair for part in parts for pair in part]) for stream, parts in reply.items()]
    return list(reply or ())
