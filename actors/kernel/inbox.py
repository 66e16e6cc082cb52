"""Inboxes: each domain's durable mailbox, a Redis stream that all processes empty together."""

from __future__ import annotations

import asyncio
import os
import secrets
import socket
import time
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from actors.adapters.outside import Outside
from actors.kernel import dead, metrics
from actors.kernel.envelope import Origin
from actors.kernel.failures import Verdict, judge
from actors.kernel.held import Fields, Held, read_event
from actors.kernel.lease import Lease
from actors.kernel.reading import Reading
from actors.kernel.streams import GROUP, inbox_of
from actors.kernel.tools import end, keep_running

if TYPE_CHECKING:
    from actors.kernel.system import System

log = structlog.get_logger(__name__)

ROOM = 1_024
"""Events of one domain in hand at once in one process."""
ATTEMPTS = 6
"""How often a handler may raise for one event before it is dead: after 0.2, 0.4, 0.8, 1.6 and 3.2 seconds."""
PATIENCE_SECONDS = 3_600.0
"""How long what this process cannot read is left to a newer one, as in the middle of a release, before it is dead."""
TAKEN_AT_ONCE = 64
"""Entries read between two turns of the loop: a full reading would stall everybody else for tens of milliseconds."""
_ATTEMPTS_KEY = "attempts"


class Inbox:
    """Reads what the lanes have room for, acknowledges what took effect, retries, re-claims, and buries."""

    def __init__(self, outside: Outside, system: System) -> None:
        self._outside = outside
        self._system = system
        self._redis = outside.cache.redis
        self._consumer = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self._reading = Reading(outside.cache.stream_client(), self._consumer)
        self._held: dict[tuple[str, bytes], Held] = {}
        self._in_hand: dict[str, int] = {}
        self._paused: set[str] = set()
        self._done: list[Held] = []
        self._to_acknowledge = asyncio.Event()
        self._room = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._retries: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._lease = Lease(self, outside.cache.redis, system.domains)

    async def start(self) -> None:
        """Begin to read."""
        loop = asyncio.get_running_loop()
        self._in_hand = dict.fromkeys(self._system.domains, 0)
        for work in (self._read, self._acknowledge, self._lease.keep):
            name = f"inbox.{work.__name__}"
            self._tasks.append(loop.create_task(keep_running(work, name), name=name, context=Context()))

    async def stop_reading(self) -> None:
        """Read nothing more; what is held goes on."""
        self._stopping = True
        await end(self._tasks[:1])

    async def stop(self) -> None:
        """Acknowledge what took effect, hand the rest to other processes, and sign off."""
        await end((*self._retries, *self._tasks))
        with suppress(RedisError, OSError, TimeoutError):
            await self._flush()
            await self._lease.sign_off()
        with suppress(RedisError, OSError):
            await self._reading.close()

    @property
    def consumer(self) -> str:
        """This process's name in every consumer group."""
        return self._consumer

    def holds(self, domain: str, entry: bytes) -> bool:
        """Whether this process has the entry in hand."""
        return (domain, entry) in self._held

    def held(self, domain: str) -> list[bytes]:
        """The domain's entries in hand."""
        return [entry for of, entry in self._held if of == domain]

    def has_room(self, domain: str) -> bool:
        """Whether it may take more of the domain's."""
        return not self._stopping and self._in_hand[domain] < ROOM

    async def _read(self) -> None:
        while True:
            domains = [of for of, in_hand in self._in_hand.items() if in_hand < ROOM and of not in self._paused]
            if not domains:
                self._room.clear()
                await self._room.wait()
                continue
            room = ROOM - max(self._in_hand[domain] for domain in domains)
            try:
                found = await self._reading.read(domains, room)
            except (RedisError, OSError) as error:
                log.warning("inboxes cannot be read", error=error)
                await asyncio.sleep(0.5)
                continue
            for domain, entries in found:
                for place, (entry, fields) in enumerate(entries):
                    await self.take(domain, entry, fields or {})
                    if place % TAKEN_AT_ONCE == 0:
                        await asyncio.sleep(0)

    async def take(self, domain: str, entry: bytes, fields: Fields) -> None:
        """Put an entry of the stream into its lane; one that this process cannot read it leaves to others."""
        if (domain, entry) in self._held:
            return
        try:
            event = read_event(fields[b"y"], fields[b"p"])
            if not self._system.listens(domain, type(event)):
                raise KeyError(type(event).__name__)
        except (KeyError, ValueError, ValidationError) as error:
            await self._leave(domain, entry, fields, repr(error))
            return
        held = Held(domain, entry, fields, event)
        self._held[domain, entry] = held
        self._in_hand[domain] += 1
        self._deliver(held)

    async def _leave(self, domain: str, entry: bytes, fields: Fields, why: str) -> None:
        age = time.time() - int(entry.partition(b"-")[0]) / 1000
        log.warning("an event cannot be read here", domain=domain, entry=entry, age=round(age), error=why)
        if age > PATIENCE_SECONDS:
            await self.bury_unreadable(domain, entry, fields, why)
        else:
            with suppress(RedisError, OSError):
                await self._lease.pass_on(domain, [entry])

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
                log.warning("dead letter not stored", error=outage)
                await asyncio.sleep(1)
            else:
                self._finish(held)
                return

    async def bury_unreadable(self, domain: str, entry: bytes, fields: Fields, why: str) -> None:
        """Keep an entry among the dead that no handler can be asked about. What fails here is claimed again later."""
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
                log.warning("inbox not acknowledged", error=error)
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
