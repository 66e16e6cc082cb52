"""Inboxes: each domain's durable mailbox, a Redis stream that all processes empty together."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
from contextlib import suppress
from contextvars import Context
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError, ResponseError

from actors.adapters.outside import Outside
from actors.kernel import dead, metrics
from actors.kernel.envelope import Origin
from actors.kernel.failures import Verdict, judge
from actors.kernel.message import Event
from actors.kernel.streams import GROUP, inbox_of
from actors.kernel.tools import end

if TYPE_CHECKING:
    from actors.kernel.system import System

log = structlog.get_logger(__name__)

ROOM = 1_024
"""Events of one domain in hand at once in one process."""
LEASE_SECONDS = 15.0
"""What a process holds without refreshing for so long is taken over by another."""
ATTEMPTS = 6
"""How often a handler may raise for one event before it is dead: after 0.2, 0.4, 0.8, 1.6 and 3.2 seconds."""
DELIVERIES = 10
"""How often an event may change hands before it is dead: it may be what kills its holders."""
BLOCK_MS = 1_000
_ATTEMPTS_KEY = "attempts"


class Held:
    """An entry this process has read and not yet acknowledged."""

    __slots__ = ("attempts", "domain", "entry", "event", "fields", "outages")

    def __init__(self, domain: str, entry: bytes, fields: dict[bytes, bytes], event: Event) -> None:
        self.domain = domain
        self.entry = entry
        self.fields = fields
        self.event = event
        self.attempts = 0
        self.outages = 0

    @property
    def attempts_field(self) -> str:
        """Where the attempts of this event in this domain are counted."""
        return f"{self.domain}:{self.event.id}"


class Inbox:
    """Reads what the lanes have room for, acknowledges what took effect, retries, re-claims, and buries."""

    def __init__(self, outside: Outside, system: System) -> None:
        self._outside = outside
        self._system = system
        self._redis = outside.cache.redis
        self._reader = outside.cache.stream_client()
        self._consumer = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._held: dict[tuple[str, bytes], Held] = {}
        self._in_hand: dict[str, int] = {}
        self._paused: set[str] = set()
        self._done: list[Held] = []
        self._to_acknowledge = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._retries: set[asyncio.Task[None]] = set()
        self._stopping = False

    async def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        self._in_hand = dict.fromkeys(self._system.domains, 0)
        for work in (self._read, self._acknowledge, self._keep_lease):
            self._tasks.append(loop.create_task(work(), name=f"inbox.{work.__name__}", context=Context()))

    async def stop_reading(self) -> None:
        """Read nothing more; what is held goes on."""
        self._stopping = True
        await end(self._tasks[:1])

    async def stop(self) -> None:
        """Acknowledge what took effect, leave the rest to other processes, and sign off."""
        await end((*self._retries, *self._tasks))
        with suppress(RedisError, OSError, TimeoutError):
            await self._flush()
            await self._sign_off()
        with suppress(RedisError, OSError):
            await self._reader.aclose()

    @property
    def consumer(self) -> str:
        """This process's name in every consumer group."""
        return self._consumer

    async def _read(self) -> None:
        while True:
            streams: dict[Any, Any] = {
                inbox_of(domain): ">"
                for domain, in_hand in self._in_hand.items()
                if in_hand < ROOM and domain not in self._paused
            }
            if not streams:
                self._room.clear()
                await self._room.wait()
                continue
            room = ROOM - max(self._in_hand[stream.partition(":")[2]] for stream in streams)
            try:
                reply = await self._reader.xreadgroup(
                    GROUP, self._consumer, streams, count=max(1, room), block=BLOCK_MS
                )
            except ResponseError as error:
                if not str(error).startswith(("NOGROUP", "UNBLOCKED")):
                    log.warning("inbox cannot be read", error=str(error))
                await asyncio.sleep(0.1)
            except (RedisError, OSError) as error:
                log.warning("inbox cannot be reached", error=repr(error))
                await asyncio.sleep(0.5)
            else:
                for stream, entries in _streams(reply):
                    for entry, fields in entries:
                        await self._take(stream.decode().partition(":")[2], entry, fields)

    async def _take(self, domain: str, entry: bytes, fields: dict[bytes, bytes] | None) -> None:
        if (domain, entry) in self._held:
            return
        try:
            if not fields:
                raise ValueError("the entry was deleted")
            event = _event(fields[b"y"], fields[b"p"])
            if not self._system.listens(domain, type(event)):
                raise KeyError(type(event).__name__)
        except (KeyError, ValueError, ValidationError) as error:
            log.exception("unreadable event", domain=domain, entry=entry)
            await self._bury_unreadable(domain, entry, fields or {}, repr(error))
            return
        held = Held(domain, entry, fields, event)
        self._held[domain, entry] = held
        self._in_hand[domain] += 1
        self._deliver(held)

    def _deliver(self, held: Held) -> None:
        origin = Origin(request_id=held.fields.get(b"o", b"").decode() or None)
        answer = self._system.deliver(held.domain, held.event, origin)
        answer.add_done_callback(lambda future: self._settle(held, future.exception()))

    def _settle(self, held: Held, error: BaseException | None) -> None:
        if error is None:
            self._paused.discard(held.domain)
            self._finish(held)
            return
        retry = asyncio.get_running_loop().create_task(self._retry(held, error), context=Context())
        self._retries.add(retry)
        retry.add_done_callback(self._retries.discard)

    def _finish(self, held: Held) -> None:
        self._done.append(held)
        self._to_acknowledge.set()

    async def _retry(self, held: Held, error: BaseException) -> None:
        if judge(error) is Verdict.OUTAGE:
            # An outage burns no attempts: this domain reads nothing more until something succeeds again.
            self._paused.add(held.domain)
            held.outages += 1
            await asyncio.sleep(min(5.0, 0.1 * 2 ** min(held.outages, 6)))
            self._paused.discard(held.domain)
            self._room.set()
        else:
            await self._count_attempt(held)
            if held.attempts >= ATTEMPTS:
                await self._bury(held, error)
                return
            metrics.inbox_retries_total.labels(held.domain).inc()
            await asyncio.sleep(0.1 * 2**held.attempts)
        if not self._stopping:
            self._deliver(held)

    async def _count_attempt(self, held: Held) -> None:
        held.attempts += 1
        with suppress(RedisError, OSError):
            counted = self._redis.hincrby(_ATTEMPTS_KEY, held.attempts_field, 1)
            held.attempts = max(held.attempts, int(await counted))

    async def _bury(self, held: Held, error: BaseException) -> None:
        while True:
            try:
                await dead.bury_event(self._outside.database, held.domain, held.event, error, held.attempts)
            except Exception as outage:  # noqa: BLE001  an event is never dropped: keep trying to store it
                log.warning("dead letter not stored", error=repr(outage))
                await asyncio.sleep(1)
            else:
                self._finish(held)
                return

    async def _bury_unreadable(self, domain: str, entry: bytes, fields: dict[bytes, bytes], why: str) -> None:
        with suppress(Exception):
            if fields:
                await dead.bury_raw(self._outside.database, domain, fields, why)
            await self._redis.xack(inbox_of(domain), GROUP, entry)
            await self._redis.xdel(inbox_of(domain), entry)

    async def _acknowledge(self) -> None:
        while True:
            await self._to_acknowledge.wait()
            self._to_acknowledge.clear()
            try:
                await self._flush()
            except (RedisError, OSError) as error:
                # They took effect and are recorded: acknowledging again later is all that is left.
                log.warning("inbox not acknowledged", error=repr(error))
                self._to_acknowledge.set()
                await asyncio.sleep(0.5)

    async def _flush(self) -> None:
        done, self._done = self._done, []
        if not done:
            return
        entries: dict[str, list[bytes]] = {}
        for held in done:
            entries.setdefault(held.domain, []).append(held.entry)
        self._system.reach("inbox:handled")
        try:
            async with self._redis.pipeline(transaction=False) as pipe:
                for domain, ids in entries.items():
                    pipe.xack(inbox_of(domain), GROUP, *ids)
                    pipe.xdel(inbox_of(domain), *ids)
                tried = [held.attempts_field for held in done if held.attempts]
                if tried:
                    pipe.hdel(_ATTEMPTS_KEY, *tried)
                await pipe.execute()
        except BaseException:
            self._done.extend(done)
            raise
        for held in done:
            if self._held.pop((held.domain, held.entry), None) is not None:
                self._in_hand[held.domain] -= 1
        self._room.set()

    async def _keep_lease(self) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            for domain in self._system.domains:
                try:
                    await self._refresh(domain)
                    await self._reclaim(domain)
                except (RedisError, OSError) as error:
                    log.warning("inbox lease not kept", domain=domain, error=repr(error))

    async def _refresh(self, domain: str) -> None:
        entries = [entry for held_domain, entry in self._held if held_domain == domain]
        if entries:
            await self._redis.xclaim(
                inbox_of(domain), GROUP, self._consumer, min_idle_time=0, message_ids=[*entries], justid=True
            )

    async def _reclaim(self, domain: str) -> None:
        if self._stopping or self._in_hand[domain] >= ROOM:
            return
        stream = inbox_of(domain)
        _, entries, *_ = await self._redis.xautoclaim(
            stream, GROUP, self._consumer, min_idle_time=int(LEASE_SECONDS * 1000), count=100
        )
        for entry, fields in entries:
            if fields is None or (domain, entry) in self._held:
                continue
            metrics.inbox_reclaimed_total.labels(domain).inc()
            pending = await self._redis.xpending_range(stream, GROUP, entry, entry, 1)
            if pending and int(pending[0]["times_delivered"]) > DELIVERIES:
                await self._bury_unreadable(domain, entry, fields, f"delivered {DELIVERIES} times without an answer")
            else:
                await self._take(domain, entry, fields)

    async def _sign_off(self) -> None:
        for domain in self._system.domains:
            await self._redis.eval(_SIGN_OFF, 1, inbox_of(domain), GROUP, self._consumer)


_SIGN_OFF = """
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending == 0 then redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2]) end
"""
"""A consumer is deleted only with nothing pending, in one step: deleting it otherwise makes its entries unreadable."""


@lru_cache(maxsize=1_024)
def _event(kind: bytes, payload: bytes) -> Event:
    """The event, read once for all domains that listen: it is frozen. Raises `KeyError` for an unknown type."""
    return Event.registry[kind.decode()].model_validate_json(payload)


def _streams(reply: Any) -> list[tuple[bytes, list[tuple[bytes, dict[bytes, bytes] | None]]]]:
    """One shape for both protocol versions of redis-py's answer."""
    if isinstance(reply, dict):
        return [(stream, [pair for part in parts for pair in part]) for stream, parts in reply.items()]
    return list(reply or ())
