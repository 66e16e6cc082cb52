"""What becomes of a job that was tried for the last time: a letter for operators, and its domain's last word."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from actors.adapters.queue import DeadJob
from actors.kernel import dead
from actors.kernel.failures import Verdict, judge
from actors.kernel.jobs import Bench, Job
from actors.kernel.transaction import Transaction

log = structlog.get_logger(__name__)

_STILL_OWED = """
SELECT origin FROM job_intents WHERE id = $1 AND done_at IS NULL
    AND NOT EXISTS (SELECT FROM dead_letters WHERE domain = 'jobs' AND event_id = job_intents.id) FOR UPDATE
"""


async def bury(bench: Bench, jobs: Mapping[str, Job], job: DeadJob) -> None:
    """Keep a dead job as a letter; what its `on_death` writes and announces is the same commit, once a letter.

    Raises while the database is away: until then the queue keeps the job. What cannot be read, or was never owed
    by a row, stays in the stream's own. A last word that fails costs the letter nothing.
    """
    if job.message is None:
        return
    try:
        job_id = UUID(job.message.task_id)
    except ValueError:
        return
    declared = jobs.get(job.message.task_name)
    if declared is not None and declared.on_death is not None:
        try:
            await _bury(bench, job_id, job, declared)
        except Exception as error:
            if judge(error) in {Verdict.OUTAGE, Verdict.RERUN}:
                raise
            log.exception("the last word of a dead job failed", job=declared.name, job_id=job_id)
        else:
            return
    await _bury(bench, job_id, job, None)


async def _bury(bench: Bench, job_id: UUID, job: DeadJob, declared: Job | None) -> None:
    assert job.message is not None
    args: dict[str, Any] = job.message.kwargs
    async with bench.outside.database.for_command() as connection, connection.transaction():
        tx = Transaction(connection, None)
        if declared is not None and declared.on_death is not None:
            owed = await tx.fetchrow(_STILL_OWED, job_id)
            if owed is not None:
                tx = Transaction(connection, owed["origin"])
                await declared.on_death(tx, **args)
        await dead.bury_job(tx, job_id, job.message.task_name, args, job.error, job.attempts)
        await tx.write_facts(bench.listeners)
    if tx.announces:
        bench.wakeup.after_commit()
