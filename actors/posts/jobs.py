"""What is done for posts by the clock."""

from actors.kernel.jobs import JobContext, job
from actors.posts import purging

PURGED_AT_ONCE = 200
STRIPPED_AT_ONCE = 1_000
"""Rows of a kind: no statement holds its locks for long, however much was liked."""


@job("posts.purge", cron="*/10 * * * *")
async def purge(context: JobContext) -> None:
    """Delete for good what was deleted so long ago that nobody can restore it."""
    posts = await purging.expired(context.read, PURGED_AT_ONCE)
    while True:
        async with context.adapters.database.for_command() as connection:
            if not await purging.strip(connection, posts, STRIPPED_AT_ONCE):
                break
    async with context.transaction() as tx:
        tx.emit(*await purging.forget(tx, posts))
