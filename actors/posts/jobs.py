"""What is done for posts by the clock, and when somebody is gone."""

from uuid import UUID

from actors.kernel.jobs import JobContext, job
from actors.posts import leaving, purging

PURGED_AT_ONCE = 200
ERASED_AT_ONCE = 200
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


@job("posts.erase")
async def erase(context: JobContext, user_id: UUID) -> None:
    """Remove a part of what an erased person published and put on posts, of one kind, and owe the rest."""
    async with context.transaction() as tx:
        for remove_some in (leaving.withdraw_some, leaving.take_back_likes, leaving.take_back_reposts):
            facts = await remove_some(tx, user_id, ERASED_AT_ONCE)
            if facts is not None:
                tx.emit(*facts)
                tx.enqueue("posts.erase", user_id=str(user_id))
                return
        await leaving.forget_private(tx, user_id)
