"""The recount of followers: right while people follow, and drift is healed once and announced."""

import asyncio
import random

from actors.adapters.outside import Outside
from actors.graph.messages import SetFollow
from actors.kernel.system import System
from load.counts import miscounted
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.clock import strike
from tests.actors.comments.commenting import settle

RECOUNT = "profiles.recount"


async def test_no_follow_on_its_way_is_taken_for_drift_and_injected_drift_is_healed_once(
    system: System, outside: Outside, database_url: str
) -> None:
    people = await callers(system, *(f"person{n}" for n in range(6)))
    chance = random.Random(2)
    await settle(database_url)
    await fetch(database_url, "UPDATE profiles SET followers = 40, following = -4 WHERE user_id = $1", people[0].id)
    is_over = asyncio.Event()

    async def recount() -> None:
        while not is_over.is_set():
            await strike(outside, RECOUNT)
            await asyncio.sleep(0.05)

    recounting = [asyncio.create_task(recount()) for _ in range(2)]
    for _ in range(10):
        pairs = [chance.sample(people, 2) for _ in range(30)]
        await asyncio.gather(
            *(system.ask(SetFollow(caller=a, username=b.username, following=chance.random() < 0.6)) for a, b in pairs)
        )
    is_over.set()
    await asyncio.gather(*recounting)
    await settle(database_url)
    assert await miscounted(database_url, "followers", "following") == []
    shown = [fact["profile"] for fact in await facts(database_url, "ProfileCounted")]
    last = [profile["counts"]["followers"] for profile in shown if profile["id"] == str(people[0].id)][-1]
    (row,) = await fetch(database_url, "SELECT followers FROM profiles WHERE user_id = $1", people[0].id)
    assert last == row["followers"]
