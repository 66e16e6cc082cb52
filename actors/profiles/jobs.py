"""What is done for profiles by the clock."""

from actors.kernel.jobs import JobContext, job
from actors.kernel.recounting import move_on, one_moment, report, walk
from actors.profiles import avatars, recounts
from actors.profiles.counting import count

PROFILES_AT_ONCE = 500
RELEASED_AT_ONCE = 1_000


@job("profiles.recount", cron="* * * * *")
async def recount(context: JobContext) -> None:
    """Hold the next 500 profiles against who follows whom, and put right what is off."""
    async with one_moment(context.adapters.database) as db:
        place = await walk(db, "profiles")
        rows = await recounts.stretch(db, place.after, PROFILES_AT_ONCE)
        missing = await recounts.corrections(db, rows)
    async with context.transaction() as tx:
        if await move_on(tx, place, rows, PROFILES_AT_ONCE):
            if missing:
                await count(tx, missing, context.adapters.addresses)
            report("followers and following", {who: sum(map(abs, by)) for who, by in missing.items()}, len(rows))


@job("profiles.release_strays", cron="40 4 * * *")
async def release_strays(context: JobContext) -> None:
    """Let go of photographs that were given to profiles and never chosen, as when a process dies in between."""
    left = await avatars.strays(context.read, RELEASED_AT_ONCE)
    async with context.transaction() as tx:
        tx.emit(*left)
