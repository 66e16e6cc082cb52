"""Jobs that behave as jobs may: well, slowly, badly, and murderously. Run as a program it is a worker of them."""

import asyncio
import os
import signal
import sys
from uuid import uuid4

from actors.adapters import Outage
from actors.adapters.outside import open_outside
from actors.kernel.jobs import JobContext, job, jobs_of
from actors.kernel.transaction import Transaction
from actors.settings import load_settings
from actors.worker import work

RUNS = "CREATE TABLE runs (id uuid PRIMARY KEY, job text, note text, pid int, at timestamptz DEFAULT now())"
"""Each start of a job is a row; `effects` has one for each that took effect."""
EFFECTS = "CREATE TABLE effects (job_id uuid, job text)"


async def _note(context: JobContext, name: str, note: str = "") -> None:
    async with context.adapters.database.for_command() as connection:
        await connection.execute(
            "INSERT INTO runs (id, job, note, pid) VALUES ($1, $2, $3, $4)", uuid4(), name, note, os.getpid()
        )


async def _take_effect(context: JobContext, name: str) -> None:
    async with context.transaction() as tx:
        await tx.execute("INSERT INTO effects (job_id, job) VALUES ($1, $2)", context.id, name)


@job("sample.quick")
async def quick(context: JobContext, note: str = "") -> None:
    """Does what it should."""
    await _note(context, "quick", note)
    await _take_effect(context, "quick")


@job("sample.slow")
async def slow(context: JobContext, seconds: float) -> None:
    """Takes its time before it takes effect."""
    await _note(context, "slow")
    await asyncio.sleep(seconds)
    await _take_effect(context, "slow")


@job("sample.idle")
async def idle(context: JobContext) -> None:
    """Finds nothing to do."""
    await _note(context, "idle")


@job("sample.heavy", heavy=True)
async def heavy(context: JobContext, seconds: float) -> None:
    """Takes its time, one at a time."""
    await _note(context, "heavy")
    async with context.heavy:
        await asyncio.sleep(seconds)
    await _take_effect(context, "heavy")


@job("sample.away", heavy=True)
async def away(context: JobContext, seconds: float) -> None:
    """Asks, for so long, somebody who is not there."""
    await _note(context, "away")
    await asyncio.sleep(seconds)
    raise Outage("nobody answers")


@job("sample.failing")
async def failing(context: JobContext) -> None:
    """Always raises."""
    await _note(context, "failing")
    raise RuntimeError("this job always fails")


async def mourn(tx: Transaction, note: str) -> None:
    """The last word of `mortal`; of a note that says so, it fails, too."""
    await tx.execute("INSERT INTO effects (job_id, job) VALUES ($1, $2)", uuid4(), f"mourned {note}")
    if note == "speechless":
        raise RuntimeError("no last word either")
    tx.enqueue("sample.quick", note="an heir")


@job("sample.mortal", on_death=mourn)
async def mortal(context: JobContext, note: str) -> None:
    """Always raises, and has somebody who minds."""
    await _note(context, "mortal", note)
    raise RuntimeError("this job always fails")


@job("sample.cut_off")
async def cut_off(context: JobContext, times: int) -> None:
    """Finds the world outside away so many times, then goes through."""
    await _note(context, "cut_off")
    async with context.adapters.database.for_command() as connection:
        tried = await connection.fetchval("SELECT count(*) FROM runs WHERE job = 'cut_off'")
    if tried <= times:
        raise Outage("nobody answers")
    await _take_effect(context, "cut_off")


@job("sample.deadly", on_death=mourn)
async def deadly(context: JobContext, note: str) -> None:
    """Takes its worker with it."""
    await _note(context, "deadly", note)
    os.kill(os.getpid(), signal.SIGKILL)


@job("sample.by_the_clock", cron="* * * * *")
async def by_the_clock(context: JobContext) -> None:
    """Is due every minute."""
    await _take_effect(context, "by_the_clock")


SAMPLES = jobs_of([sys.modules[__name__]])


async def main(lease_seconds: float, deliveries: int) -> None:
    """A worker of these jobs, until SIGTERM."""
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with open_outside(load_settings()) as outside:
        await work(outside, SAMPLES, stopping, lease_seconds=lease_seconds, deliveries=deliveries, first_pause=0.1)


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), int(sys.argv[2])))
