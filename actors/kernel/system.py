"""The actor system of one process: who owns which message, and every lane that is at work."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import Context
from typing import TypeVar
from uuid import UUID
from zlib import crc32

from actors.adapters.outside import Outside
from actors.kernel import metrics
from actors.kernel.actor import Actor
from actors.kernel.envelope import Envelope, Origin
from actors.kernel.errors import Busy, DeclarationError
from actors.kernel.faults import reach
from actors.kernel.inbox import Inbox
from actors.kernel.lane import Lane
from actors.kernel.message import Command, Event, Live, Message, Query, Request
from actors.kernel.outbox import Listeners
from actors.kernel.pressure import Pressure
from actors.kernel.questions import Questions
from actors.kernel.relay import Relay
from actors.kernel.replica import Replica
from actors.kernel.supervisor import Supervisor
from actors.kernel.transaction import Reader
from actors.kernel.wakeup import Wakeup

R = TypeVar("R")

GRACE_SECONDS = 2.0
"""How long after its deadline an asker goes on waiting for a handler that has begun."""
EVENT_LANES = 2
"""Few, so that batches are large: a reaction may take a moment, and a large batch costs little more than a small."""
EVENT_REST = 2.0
"""Reactions rest twice as long as they work: the first comes at once, a crowd of them leaves room for people."""
EVENT_CAPACITY = 1_000_000
"""Events are bounded by what the inbox reads, not by their lanes."""


class System:
    """Owns the lanes. `start`, then `ask`, then `stop`, which lets everything accepted finish."""

    def __init__(self, outside: Outside, actors: Sequence[type[Actor]]) -> None:
        self.owners: Mapping[type[Message], type[Actor]] = owners_of(actors)
        self.outside = outside
        self.database = outside.database
        self.reader = Reader(outside.database.for_query)
        self.replica = _replica_of(outside)
        self.supervisor = Supervisor()
        self.listeners = listeners_of(actors)
        self.domains = tuple(actor.domain for actor in actors)
        self.wakeup = Wakeup(outside.database)
        self.relay = Relay(outside, self.wakeup, self.domains, self.reach)
        self.inbox = Inbox(outside, self)
        self.pressure = Pressure(outside, self.domains)
        self.is_draining = False
        self._actors = {actor.domain: actor for actor in actors}
        self._command_lanes = {
            actor.domain: [
                Lane(
                    self,
                    actor,
                    f"{actor.domain}/command/{index}",
                    capacity=max(1, actor.mailbox // actor.lanes),
                    connect=outside.database.for_command,
                )
                for index in range(actor.lanes)
            ]
            for actor in actors
        }
        self._event_lanes = {
            actor.domain: [
                Lane(
                    self,
                    actor,
                    f"{actor.domain}/event/{index}",
                    capacity=EVENT_CAPACITY,
                    connect=outside.database.for_event,
                    rest=EVENT_REST,
                )
                for index in range(EVENT_LANES)
            ]
            for actor in actors
        }
        self._questions = self._questions_with(self.reader)
        self._visitors_questions = self._questions_with(Reader(self.replica.for_query)) if self.replica else {}
        self._hearers: list[Callable[[Live], None]] = []
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Begin to work. Each task starts in an empty context, so that nothing of a request leaks into it."""
        loop = asyncio.get_running_loop()
        for lane in self._all_lanes():
            self._tasks[lane.name] = loop.create_task(self._keep_running(lane), name=lane.name, context=Context())
        await self.wakeup.start()
        await self.relay.start()
        await self.inbox.start()
        await self.pressure.start()
        if self.replica:
            await self.replica.start()

    async def stop(self) -> None:
        """Take nothing more, finish what was accepted, hand the last facts to Redis."""
        self.is_draining = True
        await self.pressure.stop()
        await self.inbox.stop_reading()
        # Events first: their handlers may still ask commands of other domains.
        for lanes in (self._event_lanes, self._command_lanes):
            await self._finish(lanes)
        for questions in (*self._questions.values(), *self._visitors_questions.values()):
            await questions.drain()
        if self.replica:
            await self.replica.stop()
        await self.inbox.stop()
        await self.relay.stop()
        await self.wakeup.stop()

    async def ask(self, message: Request[R], *, origin: Origin | None = None) -> R:
        """Ask the owner of the message and wait for its answer.

        Raises what the domain refuses, `Busy` when too much waits, `Expired` when the deadline passed before
        its turn, `Unavailable` when the outcome is unknown. Cancelling the asker cancels nothing of the work.
        """
        if self.is_draining or (self.pressure.is_high and isinstance(message, Command) and not message.essential):
            metrics.busy_total.labels(self.owners[type(message)].domain).inc()
            raise Busy
        return await self.ask_within(message, origin or Origin())

    async def ask_within(self, message: Request[R], origin: Origin, *, record: UUID | None = None) -> R:
        """As `ask`, for actors: what was begun is finished, also while the process drains or lags behind."""
        actor = self.owners[type(message)]
        loop = asyncio.get_running_loop()
        envelope = Envelope(message, loop.create_future(), origin, record)
        try:
            # Looked up rather than asked for its class, which pydantic makes slow.
            questions = (self._visitors_questions if origin.may_lag else self._questions).get(type(message))
            if questions is not None:
                questions.put(envelope)
            else:
                self._lane(self._command_lanes[actor.domain], message).mailbox.put(envelope)
        except Busy:
            metrics.busy_total.labels(actor.domain).inc()
            raise
        if origin.deadline is None:
            return await envelope.answer  # type: ignore[no-any-return]  # an R by the owner's handler
        # A bare timer: asyncio.timeout would cost one ask of the hot path in twenty.
        timer = loop.call_at(origin.deadline + GRACE_SECONDS, envelope.give_up)
        try:
            return await envelope.answer  # type: ignore[no-any-return]  # an R by the owner's handler
        finally:
            timer.cancel()

    def deliver(self, domain: str, event: Event, origin: Origin) -> asyncio.Future[None]:
        """Put an event into its domain's lane. The future ends when it took effect, or with what went wrong."""
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lane(self._event_lanes[domain], event).mailbox.put(Envelope(event, answer, origin, event.id))
        return answer

    def listens(self, domain: str, kind: type[Event]) -> bool:
        """Whether this domain handles events of that type."""
        return kind in self._actors[domain].handlers

    def hear(self, hearer: Callable[[Live], None]) -> None:
        """Have this told what is live of facts that hold `at_once`, whenever this process has committed one.

        For what it must not believe a moment longer. Whoever else is to know hears of it by the relay.
        """
        self._hearers.append(hearer)

    def announce(self, facts: Sequence[Event]) -> None:
        """These were committed: tell who hears of them here, and the leading relay, here or in another process."""
        self.wakeup.after_commit()
        for fact in facts:
            if fact.at_once and (live := fact.live()) is not None:
                for hearer in self._hearers:
                    hearer(live)

    def reach(self, point: str) -> None:
        """See `faults.reach`."""
        reach(point, self.outside.settings)

    def measure(self) -> None:
        """Bring the gauges of queue depths up to date."""
        for domain, lanes in self._command_lanes.items():
            waiting = sum(len(lane.mailbox) for lane in (*lanes, *self._event_lanes[domain]))
            for questions in (self._questions, self._visitors_questions):
                waiting += sum(len(q) for kind, q in questions.items() if self.owners[kind].domain == domain)
            metrics.mailbox_depth.labels(domain).set(waiting)

    async def _finish(self, lanes_of: dict[str, list[Lane]]) -> None:
        lanes = [lane for lanes in lanes_of.values() for lane in lanes]
        for lane in lanes:
            lane.mailbox.close()
        if self._tasks:
            await asyncio.wait([self._tasks[lane.name] for lane in lanes])

    def _questions_with(self, reader: Reader) -> dict[type[Message], Questions]:
        return {
            kind: Questions(self, actor, actor.handlers[kind], reader)
            for kind, actor in self.owners.items()
            if issubclass(kind, Query)
        }

    def _all_lanes(self) -> Iterable[Lane]:
        for lanes in (*self._command_lanes.values(), *self._event_lanes.values()):
            yield from lanes

    @staticmethod
    def _lane(lanes: list[Lane], message: Message) -> Lane:
        key = message.key
        return lanes[0 if key is None else crc32(key.encode()) % len(lanes)]

    async def _keep_running(self, lane: Lane) -> None:
        while True:
            try:
                await lane.run()
            except Exception as error:  # noqa: BLE001  the supervisor says what it was
                self.supervisor.note_restart(lane.name.partition("/")[0], error)
            else:
                return


def _replica_of(outside: Outside) -> Replica | None:
    url = outside.settings.database_replica_url
    return None if url is None else Replica(url, outside.settings.query_connections, outside.database)


def owners_of(actors: Sequence[type[Actor]]) -> Mapping[type[Message], type[Actor]]:
    """Who answers each command and query. Raises `DeclarationError` where two would."""
    owners: dict[type[Message], type[Actor]] = {}
    for actor in actors:
        for kind in actor.handlers:
            if issubclass(kind, Event):
                continue
            if kind in owners:
                raise DeclarationError(f"{kind.__name__} has two owners: {owners[kind].domain}, {actor.domain}")
            owners[kind] = actor
    return owners


def listeners_of(actors: Sequence[type[Actor]]) -> Listeners:
    """For each event type the domains that listen to it."""
    listening: dict[type[Event], list[str]] = {}
    for actor in actors:
        for kind in actor.handlers:
            if issubclass(kind, Event):
                listening.setdefault(kind, []).append(actor.domain)
    return {kind: " ".join(domains) for kind, domains in listening.items()}
