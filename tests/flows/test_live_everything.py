"""State before + events = state after, for each type of event that the one post of `test_live_client` does not have."""

import asyncio

from actors.live_data import DATA
from load.client import LiveClient
from tests.contract import hold_frame
from tests.flows.everything import TAG, Everything
from tests.flows.shown import APPLIED
from tests.flows.stack import Stack, eventually


async def test_what_the_python_client_hears_of_everything_else_is_what_a_fresh_request_says(stack: Stack) -> None:
    stack.worker()
    served = await stack.serve()
    me, friend, stranger = await stack.people(3)
    (post_id,) = await stack.posts(me)
    await stack.ok(served, "PUT", f"/v1/profiles/{friend.username}/follow", me)
    shown = Everything(stack, served, me, friend, stranger, post_id)
    reads = asyncio.Event()
    reads.set()

    async def token() -> str:
        return me.token

    async def refetch(topic: str) -> str | None:
        return await shown.fetch(topic) if topic in shown.topics else None

    live = LiveClient(stack.http, f"{served.url}/v1/realtime", token=token, refetch=refetch, backoff=(0.05, 0.5))
    for topic in shown.topics:
        live.watch(topic, await shown.fetch(topic))
    live.watch("feed:forYou")

    async def keep() -> None:
        async for event in live.events():
            hold_frame(event)
            shown.event(event["topic"], event["type"], event["data"])
            await reads.wait()

    keeping = asyncio.create_task(keep())
    await eventually(lambda: asyncio.sleep(0, live.connections), wanted=1)
    await asyncio.gather(shown.tour(), shown.have_done(), shown.company())
    await shown.is_right()
    kinds = ("like", "repost", "bookmark", "follow", "mute", "block")
    await eventually(lambda: asyncio.sleep(0, shown.marks), wanted={kind: [True, False] for kind in kinds})
    await eventually(lambda: asyncio.sleep(0, bool(shown.news)), wanted=True, what="news of a feed for everybody")
    wanted = {(f"tag:{TAG}", "post.updated"), ("feed:following", "post.reposted"), ("me", "session.revoked")}
    assert wanted <= shown.heard
    assert {kind for _, kind in shown.heard} | APPLIED == {*DATA, "watchers"}, "of each type there is one"
    await live.unsub(f"tag:{TAG}")
    await shown.tour()
    assert (await live.sub(f"tag:{TAG}", since=await shown.fetch(f"tag:{TAG}")))["recovered"] is True
    await live.close()
    await shown.tour()
    await shown.is_right()
    fetched = shown.refetches
    reads.clear()
    await shown.flood()
    reads.set()
    await shown.is_right()
    assert shown.refetches > fetched, "what was dropped for who did not read was fetched again"
    keeping.cancel()
    await asyncio.wait([keeping])
