"""For random graphs nobody ever receives what they may not see, by REST or by socket, and everybody what they may.

So it is again after people blocked, hid, left and removed each other and deleted what they showed, while all listened.

What is right is told by `model.World`, which is written from the rules and knows nothing of the server's conditions.
"""

import asyncio
import random
from collections import Counter
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from server.keys import LIVE_LOG
from tests.actors.auth.people import fetch, until
from tests.actors.graph.listening import Speaking, listening
from tests.actors.graph.looking import Client, Looker, act, look_at_own, look_at_people, look_at_posts
from tests.actors.graph.model import Viewer, World
from tests.actors.graph.planting import plant

AT_ONCE = 12


async def all_is_told(client: Client, database_url: str, redis_url: str) -> None:
    """Wait until what was done has reached the sockets: every fact is relayed, every one that waits is answered."""

    async def owed() -> tuple[int, bool]:
        unsent = await fetch(database_url, "SELECT FROM outbox WHERE published_at IS NULL")
        unheard = await fetch(
            database_url,
            """SELECT FROM outbox o CROSS JOIN unnest(string_to_array(o.targets, ' ')) AS target WHERE NOT EXISTS (
                SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)""",
        )
        async with Redis.from_url(redis_url) as redis:
            newest: Any = await redis.xrevrange("live", count=1)
        return len(unsent) + len(unheard), client.app[LIVE_LOG].position() == newest[0][0].decode()

    await until(owed, (0, True), 30)


async def look(lookers: dict[Viewer, Looker]) -> None:
    """Everybody looks at everything."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def look_around(one: Looker) -> None:
        for part in (look_at_posts, look_at_people, *((look_at_own,) if one.viewer else ())):
            async with turns:
                await part(one)

    await asyncio.gather(*map(look_around, lookers.values()))


async def change(world: World, lookers: dict[Viewer, Looker], chance: random.Random) -> None:
    """Somebody blocks somebody, hides their work, leaves a private account, removes a follower, deletes a post."""
    here = [viewer for viewer in world.viewers if viewer is not None]
    pairs = [(who, whom) for who in here for whom in here if who != whom]

    async def do(what: str, who: UUID, method: str, path: str, status: int, **options: Any) -> None:
        lookers[who].same(what, (await lookers[who].ask(method, path, **options))[0], status)

    who, whom = chance.choice([(who, whom) for who, whom in pairs if world.meets(who, whom)])
    await do("block", who, "PUT", f"/v1/profiles/{world.name(whom)}/block", 200)
    world.part(who, whom)
    if seen := [who for who in here if who not in world.private and who in world.posts.values()]:
        who = chance.choice(seen)
        await do("hide", who, "PATCH", "/v1/profiles/me", 200, json={"private": True})
        world.private.add(who)
    for what, method, path in (("leave", "DELETE", "follow"), ("remove", "DELETE", "follower")):
        if close := [pair for pair in pairs if pair in world.follows and pair[1] in world.private]:
            fan, idol = chance.choice(close)
            who, whom = (fan, idol) if what == "leave" else (idol, fan)
            status = 200 if what == "leave" else 204
            await do(what, who, method, f"/v1/profiles/{world.name(whom)}/{path}", status)
            world.follows.discard((fan, idol))
    if mine := [(post, author) for post, author in world.posts.items() if author in here]:
        post, author = chance.choice(mine)
        await do("delete", author, "DELETE", f"/v1/posts/{post}", 204)
        world.drop(post)


async def compare(client: Client, urls: tuple[str, str], seed: int, people: int, posts: int) -> Counter[str]:
    """A whole world, looked at by everybody, changed while they listen, and looked at again; returns how often the
    server was held against the model."""
    world, chance = World.draw(random.Random(seed), people, posts), random.Random(seed)
    await plant(world, urls[0])
    compared: Counter[str] = Counter()
    lookers = {viewer: Looker(client, world, viewer, compared) for viewer in world.viewers}
    await look(lookers)
    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(listening(one)) for one in lookers.values()]
        speaking = Speaking(world, lookers, listeners, seed)
        await speaking.speak()
        await all_is_told(client, *urls)
        await speaking.was_heard()
        await change(world, lookers, chance)
        await all_is_told(client, *urls)
        for listener in listeners:
            await listener.lose()
        await speaking.speak()
        await all_is_told(client, *urls)
        await speaking.was_heard()
    await look(lookers)
    for viewer, one in lookers.items():
        if viewer is not None:
            await act(one, random.Random(seed))
    return compared


async def test_nobody_receives_what_they_may_not_see(client: Client, database_url: str, redis_url: str) -> None:
    compared = await compare(client, (database_url, redis_url), 20261141, people=7, posts=6)
    print(f"compared {compared.total()} times: {dict(compared)}")
    kinds = {"profile followers", "following", "forYou", "comments", "likers", "live", "sub", "like", "notified"}
    kinds |= {"replies", "names", "history", "say", "share", "lost", "block", "hide", "leave", "remove", "delete"}
    assert kinds <= compared.keys()
    assert compared["live events"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
async def test_nobody_receives_what_they_may_not_see_in_many_worlds(
    client: Client, database_url: str, redis_url: str, seed: int
) -> None:
    compared = await compare(client, (database_url, redis_url), seed, people=12, posts=12)
    print(f"compared {compared.total()} times")
