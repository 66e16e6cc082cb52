"""Jobs as the clock starts them, done at once in this process."""

import asyncio

from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.domains import actors
from actors.kernel.jobs import Bench, JobContext
from actors.kernel.system import listeners_of
from actors.kernel.wakeup import Wakeup
from actors.worker import declared_jobs


async def strike(outside: Outside, job: str) -> None:
    """Owe a job and do it."""
    job_id = uuid7()
    async with outside.database.for_command() as connection:
        # As published, so that nobody else does it.
        await connection.execute(
            "INSERT INTO job_intents (id, task, args, created_at, published_at) VALUES ($1, $2, '{}', now(), now())",
            job_id,
            job,
        )
    wakeup = Wakeup(outside.database)
    await wakeup.start()
    try:
        bench = Bench(outside, listeners_of(actors()), wakeup, asyncio.Semaphore(1))
        await declared_jobs()[job].run(JobContext(bench, job_id, None))
    finally:
        await wakeup.stop()
