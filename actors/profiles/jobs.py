"""What is done for profiles by the clock."""

from actors.kernel.jobs import JobContext, job
from actors.kernel.recounting import move_on, one_moment, report, walk
from actors.profiles import recounts
from actors.profiles.counting import count

PROFILES_AT_ONCE = 500


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
                await count(tx, missing)
            report("followers and following", {who: sum(map(abs, by)) for who, by in missing.items()}, len(rows))
