"""What must be true again after any fault, as SQL and as streams: nothing owed, nothing lost, nothing doubled."""

from redis.asyncio import Redis

from actors.domains import DOMAINS
from load.counts import wrong
from tests.flows.stack import Stack, eventually

OWED = """
SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL)
     + (SELECT count(*) FROM job_intents WHERE done_at IS NULL)
     + (SELECT count(*) FROM outbox o, unnest(string_to_array(nullif(o.targets, ''), ' ')) AS target
        WHERE NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)
          AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = o.id AND d.domain = target))
"""
"""Facts not in Redis, facts that did not take effect in a domain that listens, jobs not done."""

DRIFT = f"""
SELECT ARRAY[
    (SELECT count(*) FROM ({wrong("likes", "reposts", "comments", "likes of people")}) AS wrong),
    (SELECT coalesce(sum(abs(n.people - (
        SELECT count(*) FROM likes l JOIN posts p ON p.id = l.post_id
        WHERE l.post_id = n.subject_id AND l.user_id <> p.author_id))), 0)::bigint
     FROM notifications n WHERE n.kind = 'like')]
"""
"""How many counts of posts and people, and by how much those of notifications, differ from the rows they count."""
TRUE_COUNTS = [0, 0]


async def held(stack: Stack) -> int:
    """Events and jobs that Redis still holds for somebody."""
    async with Redis.from_url(stack.settings.redis_url) as redis:
        return sum([int(await redis.xlen(name)) for name in (*(f"inbox:{d}" for d in DOMAINS), "jobs")])


async def all_is_well(stack: Stack, *, dead: int = 0, seconds: float = 30) -> None:
    """Wait until nothing is owed and nothing held; then nothing may be doubled or dead."""
    await stack.becomes(0, OWED, seconds=seconds)
    await stack.becomes(TRUE_COUNTS, DRIFT, seconds=seconds)
    await eventually(lambda: held(stack), 0, "entries in inboxes and the job queue", seconds)
    assert await stack.value(DRIFT) == TRUE_COUNTS
    assert await stack.value("SELECT count(*) FROM dead_letters") == dead
