"""Two small domains that count, to see the kernel at work: `counters` counts, `ledger` listens to it."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar

from actors.adapters import Outage
from actors.kernel.actor import Actor, on
from actors.kernel.errors import NotFound, Refusal
from actors.kernel.message import Command, Event, Live, Query, View

SCHEMA = """
CREATE TABLE counters (
    id text PRIMARY KEY, value bigint NOT NULL DEFAULT 0 CHECK (value < 1000000), v bigint NOT NULL DEFAULT 0);
CREATE TABLE additions (id bigserial PRIMARY KEY, counter text NOT NULL, amount bigint NOT NULL, label text);
CREATE TABLE ledger (counter text NOT NULL, event_id uuid NOT NULL, value bigint NOT NULL);
CREATE TABLE received (counter text PRIMARY KEY, times bigint NOT NULL);
"""


class CounterView(View):
    name: str
    value: int
    v: int


class Add(Command[CounterView], key="name"):
    name: str
    amount: int = 1
    label: str | None = None


class AddSlowly(Command[CounterView], key="name"):
    name: str
    amount: int = 1
    seconds: float = 0.0


class Restart(Command[CounterView], key="name", essential=True):
    """Fails with the given SQLSTATE so many times, then adds one. Essential."""

    name: str
    sqlstate: str = "40001"
    times: int = 0


class Move(Command[CounterView], key="name"):
    """Takes one from the first and gives it to the second, in this order, which nobody should."""

    name: str
    to: str


class Look(Query[CounterView]):
    name: str


class Explode(Command[CounterView], key="name"):
    name: str
    how: str


class Receive(Command[None], key="name"):
    name: str


class GetCounter(Query[CounterView]):
    name: str


class Added(Event, key="name"):
    name: str
    value: int
    v: int

    def live(self) -> Live:
        return Live(
            topics=(f"counter:{self.name}",),
            type="counter.changed",
            data=CounterView(**self.model_dump(include={"name", "value", "v"})),
        )


class Poisoned(Event, key="name"):
    name: str


class CountersActor(Actor, domain="counters", lanes=4, mailbox=4096):
    """Counts. `behaviour` lets a test make a handler fail, as a bug in it would."""

    batches: ClassVar[list[int]] = []
    attempts: ClassVar[list[str]] = []
    started: ClassVar[asyncio.Event | None] = None
    meeting: ClassVar[asyncio.Event | None] = None

    def __init__(self, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]  # passes on what the kernel gives
        self.is_spoilt = False

    @on(Add, batch=512)
    async def add(self, commands: Sequence[Add]) -> Sequence[CounterView | Refusal]:
        if self.is_spoilt:
            raise RuntimeError("the state of this lane is spoilt")
        self.batches.append(len(commands))
        async with self.transaction() as tx:
            names = sorted({command.name for command in commands})
            rows = await tx.fetch(
                "SELECT id, value, v FROM counters WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE", names
            )
            values = {row["id"]: (row["value"], row["v"]) for row in rows}
            replies: list[CounterView | Refusal] = []
            for command in commands:
                if command.label == "boom":
                    raise RuntimeError("boom")
                if command.label == "refused":
                    raise NotFound
                if command.label == "outage":
                    raise Outage("something outside does not answer")
                if command.name not in values:
                    replies.append(NotFound())
                    continue
                value, v = values[command.name]
                values[command.name] = (value + command.amount, v + 1)
                replies.append(CounterView(name=command.name, value=value + command.amount, v=v + 1))
            await tx.execute(
                "UPDATE counters SET value = n.value, v = n.v "
                "FROM unnest($1::text[], $2::bigint[], $3::bigint[]) AS n(id, value, v) WHERE counters.id = n.id",
                list(values),
                [value for value, _ in values.values()],
                [v for _, v in values.values()],
            )
            done = [(c.name, c.amount, c.label) for c in commands if c.name in values]
            await tx.executemany("INSERT INTO additions (counter, amount, label) VALUES ($1, $2, $3)", done)
            for name, (value, v) in values.items():
                tx.emit(Added(name=name, value=value, v=v))
            return tx.answers(replies)

    @on(AddSlowly)
    async def add_slowly(self, command: AddSlowly) -> CounterView:
        async with self.transaction() as tx:
            row = await tx.fetchrow(
                "UPDATE counters SET value = value + $2, v = v + 1 WHERE id = $1 RETURNING id, value, v",
                command.name,
                command.amount,
            )
            if row is None:
                raise NotFound
            await tx.execute("INSERT INTO additions (counter, amount) VALUES ($1, $2)", command.name, command.amount)
            if self.started is not None:
                self.started.set()
            await asyncio.sleep(command.seconds)
            tx.emit(Added(name=command.name, value=row["value"], v=row["v"]))
            return tx.answer(CounterView(name=row["id"], value=row["value"], v=row["v"]))

    @on(Explode)
    async def explode(self, command: Explode) -> CounterView:
        match command.how:
            case "spoil":
                self.is_spoilt = True
                raise NotFound
            case "after commit":
                async with self.transaction() as tx:
                    await tx.execute("INSERT INTO additions (counter, amount) VALUES ($1, 1)", command.name)
                    tx.answer(None)
                raise RuntimeError("after the commit")
            case "ask inside":
                async with self.transaction():
                    await self.ask(GetCounter(name=command.name))
            case "twice":
                async with self.transaction():
                    pass
                async with self.transaction():
                    pass
            case "poison":
                async with self.transaction() as tx:
                    tx.emit(Poisoned(name=command.name))
                    return tx.answer(CounterView(name=command.name, value=0, v=0))
        raise RuntimeError(command.how)

    @on(Restart)
    async def restart(self, command: Restart) -> CounterView:
        async with self.transaction() as tx:
            row = await tx.fetchrow(
                "UPDATE counters SET value = value + 1, v = v + 1 WHERE id = $1 RETURNING id, value, v", command.name
            )
            assert row is not None
            self.attempts.append(command.name)
            if len(self.attempts) <= command.times:
                await tx.execute(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{command.sqlstate}'; END $$")
            return tx.answer(CounterView(name=row["id"], value=row["value"], v=row["v"]))

    @on(Move)
    async def move(self, command: Move) -> CounterView:
        self.attempts.append(command.name)
        async with self.transaction() as tx:
            for name, amount in ((command.name, -1), (command.to, 1)):
                row = await tx.fetchrow(
                    "UPDATE counters SET value = value + $2, v = v + 1 WHERE id = $1 RETURNING id, value, v",
                    name,
                    amount,
                )
                assert row is not None
                moved = CounterView(name=row["id"], value=row["value"], v=row["v"])
                if self.meeting is not None:
                    await self.meeting.wait()
            return tx.answer(moved)

    @on(Look, batch=10)
    async def look(self, questions: Sequence[Look]) -> Sequence[CounterView | Refusal]:
        found = await self.get([GetCounter(name=question.name) for question in questions])
        meeting = self.meeting
        if self.started is not None:
            self.started.set()
        if meeting is not None:
            await meeting.wait()
        return found

    @on(Receive)
    async def receive(self, command: Receive) -> None:
        async with self.transaction() as tx:
            await tx.execute(
                "INSERT INTO received VALUES ($1, 1) ON CONFLICT (counter) DO UPDATE SET times = received.times + 1",
                command.name,
            )
            return tx.answer(None)

    @on(GetCounter, batch=50)
    async def get(self, questions: Sequence[GetCounter]) -> Sequence[CounterView | Refusal]:
        rows = await self.read.fetch(
            "SELECT id, value, v FROM counters WHERE id = ANY($1)", [q.name for q in questions]
        )
        found = {row["id"]: CounterView(name=row["id"], value=row["value"], v=row["v"]) for row in rows}
        return [found.get(q.name, NotFound()) for q in questions]


class LedgerActor(Actor, domain="ledger", lanes=4):
    """Writes down what was announced, and tells `counters` that it did."""

    failing: ClassVar[set[str]] = set()
    handled: ClassVar[list[tuple[str, int]]] = []
    outages: ClassVar[int] = 0
    gate: ClassVar[asyncio.Event | None] = None
    begun: ClassVar[int] = 0

    @on(Added)
    async def write_down(self, event: Added) -> None:
        LedgerActor.begun += 1
        if self.gate is not None:
            await self.gate.wait()
        if LedgerActor.outages:
            LedgerActor.outages -= 1
            raise Outage("something outside does not answer")
        if event.name in self.failing:
            raise RuntimeError("this handler always fails")
        await self.ask(Receive(name=event.name), cause=event)
        async with self.transaction() as tx:
            await tx.execute(
                "INSERT INTO ledger (counter, event_id, value) VALUES ($1, $2, $3)", event.name, event.id, event.value
            )
        self.handled.append((event.name, event.v))

    @on(Poisoned)
    async def swallow(self, event: Poisoned) -> None:
        raise RuntimeError(f"poison for {event.name}")


class ArchiveActor(Actor, domain="archive"):
    """Listens, too, with an effect outside PostgreSQL: its handler opens no transaction."""

    kept: ClassVar[list[str]] = []

    @on(Added, batch=32)
    async def keep(self, events: Sequence[Added]) -> None:
        self.kept.extend(str(event.id) for event in events)


ACTORS = (CountersActor, LedgerActor, ArchiveActor)


def forget() -> None:
    """Begin a test with nothing remembered of the last."""
    CountersActor.batches.clear()
    CountersActor.attempts.clear()
    LedgerActor.outages = 0
    CountersActor.started = CountersActor.meeting = None
    LedgerActor.gate = None
    LedgerActor.begun = 0
    LedgerActor.failing.clear()
    LedgerActor.handled.clear()
    ArchiveActor.kept.clear()


async def until(condition: Callable[[], Awaitable[bool]], *, seconds: float = 30.0) -> None:
    """Wait for something to become true. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110  the condition is a question to a server
            await asyncio.sleep(0.02)
