"""Counts equal rows after fifty thousand deeds at random, with servers and workers killed among them, and recounts
that find nothing to heal; what is then falsified by hand they heal."""

import asyncio
import time

import pytest

from load.counts import wrong
from tests.faults.conditions import OWED
from tests.faults.crowd import Crowd
from tests.flows.stack import Stack

pytestmark = pytest.mark.slow

DEEDS = 50_000
PEOPLE, POSTS = 64, 24
KILLS = 12
CARRIED_OUT = 0.9
"""Of all answers; most others say that what was meant is gone or hidden."""
EVERY_DEED = {
    *(f"{method} posts/{mark}" for method in ("PUT", "DELETE", "POST") for mark in ("like", "repost", "bookmark")),
    *(f"{method} profiles/{tie}" for method in ("PUT", "DELETE") for tie in ("follow", "block")),
    *("POST posts", "DELETE posts", "POST posts/restore", "PATCH profiles/me"),
    *("POST posts/comments", "DELETE comments", "POST follow-requests/accept", "POST follow-requests/reject"),
}

RECOUNTS = ("posts.recount", "posts.recount_authors", "comments.recount", "profiles.recount")
HEALED = "counts were off"
"""What a worker says when it heals."""


async def recounted(stack: Stack, *, seconds: float = 60) -> None:
    """Have every count looked at once, by whichever worker lives."""
    await stack.database.executemany(
        "INSERT INTO job_intents (id, task, args, created_at) VALUES (gen_random_uuid(), $1, '{}', now())",
        [(name,) for name in RECOUNTS],
    )
    await stack.becomes(
        0, "SELECT count(*) FROM job_intents WHERE done_at IS NULL AND task = ANY($1)", RECOUNTS, seconds=seconds
    )


async def test_counts_equal_rows_after_fifty_thousand_deeds_with_processes_killed_in_between(stack: Stack) -> None:
    people = await stack.people(PEOPLE)
    posts = [post for person in people[:8] for post in await stack.posts(person, POSTS // 8)]
    await stack.database.execute(
        "UPDATE profiles f SET posts = (SELECT count(*) FROM posts WHERE author_id = f.user_id)"
    )
    crowd = Crowd(people, posts, stack.token)
    crowd.servers = [await stack.serve(), await stack.serve()]
    workers = [stack.worker()]
    began = time.monotonic()
    deeds = asyncio.create_task(crowd.run(DEEDS))
    for turn in range(KILLS):
        while crowd.done < DEEDS * (turn + 1) / (KILLS + 1):
            await recounted(stack)
        if turn % 3 == 2:
            workers[-1].kill()
            workers.append(stack.worker())
        else:
            doomed = crowd.servers[turn % 2]
            doomed.kill()
            crowd.servers[turn % 2] = await stack.serve(port=doomed.port)
    await deeds
    took = time.monotonic() - began
    await stack.becomes(0, OWED, seconds=120)
    assert await stack.database.fetch(wrong()) == []
    assert [worker.words().count(HEALED) for worker in workers] == [0] * len(workers), "what was on its way is no drift"
    assert set(crowd.answers) <= {200, 201, 204, 404, 503}, crowd.answers
    assert crowd.carried_out >= CARRIED_OUT, crowd.answers
    assert crowd.deeds.keys() >= EVERY_DEED, EVERY_DEED - crowd.deeds.keys()

    await stack.database.execute(
        "UPDATE posts SET likes = likes + 3, comments = comments - 2 WHERE deleted_at IS NULL AND random() < 0.5"
    )
    await stack.database.execute("UPDATE profiles SET followers = followers + 5, likes = 0 WHERE random() < 0.5")
    for _ in range(3):
        await recounted(stack)
        await stack.becomes(0, OWED, seconds=60)
    assert await stack.database.fetch(wrong()) == []
    assert HEALED in workers[-1].words()
    print(f"{crowd.done} deeds in {took:.0f} s, {KILLS} kills, {crowd.broken} broken, {crowd.answers}, {crowd.deeds}")
