"""What is done for comments by the clock."""

from actors.comments import forgetting, recounts
from actors.comments.events import CommentsMiscounted
from actors.kernel.jobs import JobContext, job
from actors.kernel.recounting import move_on, one_moment, report, walk

POSTS_AT_ONCE = 500
FORGOTTEN_AT_ONCE = 1_000


@job("comments.recount", cron="* * * * *")
async def recount(context: JobContext) -> None:
    """Hold the next 500 posts against their comments, and those against their replies, and put right what is off."""
    async with one_moment(context.adapters.database) as db:
        place = await walk(db, "comments of posts")
        posts = await recounts.stretch(db, place.after, POSTS_AT_ONCE)
        off = await recounts.drifted(db, posts)
        suspects = await recounts.miscounted(db, [post["id"] for post in posts])
    async with context.transaction() as tx:
        if await move_on(tx, place, posts, POSTS_AT_ONCE):
            tx.emit(*(CommentsMiscounted(post_id=post_id, too_many=by) for post_id, by in off.items()))
            report("comments of posts", off, len(posts))
            report("replies to comments", await recounts.put_right(tx, suspects) if suspects else {}, len(posts))


@job("comments.forget", cron="*/10 * * * *")
async def forget(context: JobContext) -> None:
    """Remove what was said under posts that are gone for good, and what was deleted as long ago, some at a time."""
    while True:
        async with context.adapters.database.for_command() as connection:
            if not await forgetting.forget_some(connection, FORGOTTEN_AT_ONCE):
                return
