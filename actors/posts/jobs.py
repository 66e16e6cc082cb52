"""What is done for posts by the clock, and when somebody is gone."""

from uuid import UUID

from actors.kernel.jobs import JobContext, job
from actors.kernel.recounting import move_on, one_moment, report, walk
from actors.posts import leaving, purging, recounts
from actors.posts.events import AuthorMiscounted, PostRecounted

PURGED_AT_ONCE = 200
ERASED_AT_ONCE = 200
STRAYS_AT_ONCE = 1_000
STRIPPED_AT_ONCE = 1_000
"""Rows of a kind: no statement holds its locks for long, however much was liked."""

POSTS_RECOUNTED = 500
AUTHORS_RECOUNTED = 200


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


@job("posts.release_strays", cron="50 4 * * *")
async def release_strays(context: JobContext) -> None:
    """Let go of photographs that were given to posts which did not come to be."""
    strays = await purging.strays(context.read, STRAYS_AT_ONCE)
    async with context.transaction() as tx:
        tx.emit(*strays)


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


@job("posts.recount", cron="* * * * *")
async def recount(context: JobContext) -> None:
    """Hold the counters of the next 500 posts against their likes and reposts; no lock is taken unless one is off."""
    place = await walk(context.read, "posts")
    rows = await recounts.posts(context.read, place.after, POSTS_RECOUNTED)
    suspects = recounts.miscounted(rows)
    async with context.transaction() as tx:
        if await move_on(tx, place, rows, POSTS_RECOUNTED):
            off, counts = await recounts.put_right(tx, list(suspects)) if suspects else ({}, [])
            tx.emit(*(PostRecounted(**row) for row in counts))
            report("likes and reposts of posts", {post_id: by.sum for post_id, by in off.items()}, len(rows))


@job("posts.recount_authors", cron="* * * * *")
async def recount_authors(context: JobContext) -> None:
    """Hold what the next 200 profiles count of posts and likes against the rows; see `actors.kernel.recounting`."""
    async with one_moment(context.adapters.database) as db:
        place = await walk(db, "authors")
        rows = await recounts.authors(db, place.after, AUTHORS_RECOUNTED)
        off = await recounts.miscounted_authors(db, rows)
    async with context.transaction() as tx:
        if await move_on(tx, place, rows, AUTHORS_RECOUNTED):
            tx.emit(
                *(
                    AuthorMiscounted(author_id=user_id, posts_too_many=by.first, likes_too_many=by.second)
                    for user_id, by in off.items()
                )
            )
            report("posts and likes of profiles", {user_id: by.sum for user_id, by in off.items()}, len(rows))
