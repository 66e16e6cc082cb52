"""Jobs: work outside any request, owed by a transaction, done once in effect by a worker.

A domain's `jobs.py` declares them with `@job`. A job is an intent row until the transaction that ends it marks it
done, so whatever Redis forgets or delivers twice, it is done, and its repeat does nothing.
"""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

import pycron  # type: ignore[import-untyped]  # the library ships no types
from pydantic import ConfigDict, validate_call

from actors.adapters.outside import Outside
from actors.kernel.errors import DeclarationError
from actors.kernel.outbox import Listeners
from actors.kernel.transaction import Reader, Reads, Transaction
from actors.kernel.wakeup import Wakeup

P = ParamSpec("P")


class AlreadyDone(Exception):
    """Another delivery of this job was quicker. Unwinds the transaction; the job counts as done."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all jobs of a worker share. Who holds `heavy` may start a child that takes much memory or computing."""

    outside: Outside
    listeners: Listeners
    wakeup: Wakeup
    heavy: asyncio.Semaphore


class JobContext:
    """What a job works with. `id` is its intent's, the same in every attempt."""

    def __init__(self, bench: Bench, job_id: UUID, origin: str | None) -> None:
        self.id = job_id
        self.adapters = bench.outside
        self.heavy = bench.heavy
        self.read = Reader(bench.outside.database.for_query)
        self.is_done = False
        self._bench = bench
        self._origin = origin

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """The transaction that ends the job: its rows, its facts and the job's being done are one commit.

        Raises `AlreadyDone` on the way in, which is not for the job to catch.
        """
        async with self.adapters.database.for_command() as connection, connection.transaction():
            tx = Transaction(connection, self._origin)
            is_owed = await tx.fetchval(
                "UPDATE job_intents SET done_at = now() WHERE id = $1 AND done_at IS NULL RETURNING true", self.id
            )
            if not is_owed:
                raise AlreadyDone
            yield tx
            await tx.write_facts(self._bench.listeners)
        self.is_done = True
        if tx.announces:
            self._bench.wakeup.after_commit()


@dataclass(frozen=True, slots=True)
class Job:
    """A declared job. `run` takes the context and the arguments of its intent, checked against its signature.

    With `cron` (minute hour day month weekday, UTC) the scheduler owes one, without arguments, whenever it is due.
    `on_death` takes an open transaction and the same arguments.
    """

    name: str
    run: Callable[..., Coroutine[Any, Any, None]]
    cron: str | None
    on_death: Callable[..., Coroutine[Any, Any, None]] | None
    is_heavy: bool = False


def job(
    name: str,
    *,
    cron: str | None = None,
    heavy: bool = False,
    on_death: Callable[..., Coroutine[Any, Any, None]] | None = None,
) -> Callable[
    [Callable[Concatenate[JobContext, P], Coroutine[Any, Any, None]]],
    Callable[Concatenate[JobContext, P], Coroutine[Any, Any, None]],
]:
    """Declare a job, `@job("media.process")`: `async def process(context: JobContext, photo_id: UUID) -> None`.

    It must be idempotent, and ends in `context.transaction()`; one that returns without has nothing to do and is
    done. What it raises is tried again with growing pauses, an outage for as long as it lasts. When it was tried
    for the last time, `on_death` says in the commit of its letter what that means: nobody waits for it for ever.
    Of those that are `heavy` a worker has a few in hand, however many are owed: no other job waits for them.
    Raises `DeclarationError` at import time for what could not run.
    """

    def declare(
        function: Callable[Concatenate[JobContext, P], Coroutine[Any, Any, None]],
    ) -> Callable[Concatenate[JobContext, P], Coroutine[Any, Any, None]]:
        if not inspect.iscoroutinefunction(function):
            raise DeclarationError(f"job {name} must be `async def`")
        if cron is not None:
            _check_cron(name, cron)
            if len(inspect.signature(function).parameters) > 1:
                raise DeclarationError(f"job {name} is started by the clock, which knows no arguments")
        if on_death is not None and _arguments(on_death) != _arguments(function):
            raise DeclarationError(f"job {name} and its last word must take the same arguments")
        checked = validate_call(config=ConfigDict(arbitrary_types_allowed=True))
        last_word = None if on_death is None else checked(on_death)
        function.__job__ = Job(name, checked(function), cron, last_word, heavy)  # type: ignore[attr-defined]  # read by jobs_of
        return function

    return declare


def _arguments(function: Callable[..., Any]) -> list[str]:
    """The names of all parameters but the first."""
    return list(inspect.signature(function).parameters)[1:]


def _check_cron(name: str, cron: str) -> None:
    try:
        pycron.is_now(cron)
    except (ValueError, IndexError):
        raise DeclarationError(f"job {name}: {cron!r} is not `minute hour day month weekday`") from None


async def owed(db: Reads, name: str) -> list[dict[str, Any]]:
    """The arguments of a job, each time that it is owed and not done."""
    rows = await db.fetch("SELECT args FROM job_intents WHERE task = $1 AND done_at IS NULL", name)
    return [row["args"] for row in rows]


def jobs_of(modules: Iterable[ModuleType]) -> dict[str, Job]:
    """The jobs these modules declare, by name. Raises `DeclarationError` for two of one name."""
    found: dict[str, Job] = {}
    for module in modules:
        for member in vars(module).values():
            declared: Job | None = getattr(member, "__job__", None)
            if declared is None or member.__module__ != module.__name__:
                continue
            if declared.name in found:
                raise DeclarationError(f"two jobs are named {declared.name}")
            found[declared.name] = declared
    return found
