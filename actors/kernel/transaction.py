"""The one transaction of a message: rows, facts, owed jobs and the answer become true together."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar
from uuid import UUID

import asyncpg
from uuid_utils.compat import uuid7

from actors.adapters.database import Connection
from actors.kernel import outbox
from actors.kernel.message import Event

A = TypeVar("A")


class Reads(Protocol):
    """What a query function needs: asyncpg's three ways to read."""

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Every row."""
        ...

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        ...

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        ...


Connect = Callable[[], AbstractAsyncContextManager[Connection]]
"""Where connections come from: each is given back when its block ends."""


Trace = Callable[[Event], tuple[Event, str | None]]
"""Says of a fact what caused it, and from which requests it came."""


class Reader:
    """Reads outside any transaction, each statement on a connection that `connect` lends."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Every row."""
        async with self._connect() as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *args)
            return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        async with self._connect() as connection:
            return await connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        async with self._connect() as connection:
            return await connection.fetchval(sql, *args)


class Transaction:
    """An open transaction. What is emitted and enqueued is written when its body ends, in the same commit."""

    def __init__(self, connection: Connection, origin: str | None, trace: Trace | None = None) -> None:
        self._connection = connection
        self._origin = origin
        self._trace = trace or (lambda fact: (fact, origin))
        self._facts: list[Event] = []
        self._owed: list[tuple[UUID, str, dict[str, Any]]] = []
        self.answered: Sequence[Any] | None = None

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """Every row."""
        rows: list[asyncpg.Record] = await self._connection.fetch(sql, *args)
        return rows

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row, or None."""
        return await self._connection.fetchrow(sql, *args)

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(sql, *args)

    async def execute(self, sql: str, *args: Any) -> str:
        """Run a statement; returns its command tag, such as `UPDATE 3`."""
        tag: str = await self._connection.execute(sql, *args)
        return tag

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once a row, in one round trip."""
        await self._connection.executemany(sql, rows)

    def emit(self, *facts: Event) -> None:
        """Announce facts. They leave this process only after the commit."""
        self._facts.extend(facts)

    def enqueue(self, task: str, **args: Any) -> UUID:
        """Owe a job: it is started after the commit and again until it is done. Returns its id."""
        job_id = uuid7()
        self._owed.append((job_id, task, args))
        return job_id

    def answer(self, reply: A) -> A:
        """Make this reply part of the commit, and return it."""
        self.answered = (reply,)
        return reply

    def answers(self, replies: Sequence[A]) -> Sequence[A]:
        """Make these replies, one a message of the batch, part of the commit, and return them."""
        self.answered = replies
        return replies

    @property
    def facts(self) -> Sequence[Event]:
        """What was emitted until now."""
        return self._facts

    @property
    def announces(self) -> bool:
        """Whether something waits for the relay once this is committed."""
        return bool(self._facts or self._owed)

    async def write_facts(self, listeners: "outbox.Listeners") -> None:
        """Put what was emitted and enqueued into its tables. The kernel calls this before the commit."""
        if self._facts:
            await outbox.append(self, [self._trace(fact) for fact in self._facts], listeners)
        if self._owed:
            await self.executemany(
                "INSERT INTO job_intents (id, task, args, origin, created_at) VALUES ($1, $2, $3, $4, $5)",
                [(job_id, task, args, self._origin, datetime.now(UTC)) for job_id, task, args in self._owed],
            )
