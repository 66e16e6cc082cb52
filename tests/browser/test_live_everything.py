"""State before + events = state after through the browser's client, for what `test_live_client` leaves out."""

import asyncio
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Route

from actors.live_data import DATA
from actors.settings import Settings
from tests.browser.test_live_client import DRIVE, LIVE_AGAIN
from tests.flows.everything import Everything
from tests.flows.shown import APPLIED
from tests.flows.stack import eventually, stack_of


async def test_what_the_browsers_client_hears_of_everything_else_is_what_a_fresh_request_says(
    browser: Browser, settings: Settings, tmp_path: Path
) -> None:
    async with stack_of(settings, tmp_path) as stack:
        stack.worker()
        served = await stack.serve()
        me, friend, stranger = await stack.people(3)
        (post_id,) = await stack.posts(me)
        await stack.ok(served, "PUT", f"/v1/profiles/{friend.username}/follow", me)
        shown = Everything(stack, served, me, friend, stranger, post_id)
        counts: dict[str, Any] = {}
        page = await browser.new_page()
        page.set_default_timeout(60_000)
        await page.expose_function("heard", shown.event)
        await page.expose_function("counted", lambda news: counts.update(news))  # noqa: PLW0108  it marks what it calls
        await page.expose_function("fetchAnew", shown.fetch)
        await page.goto(f"{served.url}/web/icon.svg")
        positions = {topic: await shown.fetch(topic) for topic in shown.topics}
        await page.evaluate(DRIVE, [me.token, positions])
        await page.wait_for_function(LIVE_AGAIN, arg=1)
        await page.evaluate("(id) => live.track([id])", post_id)
        await asyncio.gather(shown.tour(), shown.have_done(), shown.company())
        await shown.is_right()
        assert {kind for _, kind in shown.heard} | APPLIED >= {*DATA, "watchers"} - {"feed.new"}
        await stack.ok(served, "PUT", f"/v1/posts/{post_id}/like", friend)
        await eventually(lambda: asyncio.sleep(0, counts.get(post_id, {}).get("likes")), wanted=1)
        await page.evaluate("cut()")
        await shown.tour()
        await page.wait_for_function(LIVE_AGAIN, arg=2)
        await shown.is_right()
        reads = asyncio.Event()

        async def answer(route: Route) -> None:
            await reads.wait()
            await route.fulfill(body="")

        await page.route("**/stalled", answer)
        stalled = asyncio.create_task(page.evaluate("stall()"))
        await shown.flood()
        reads.set()
        await stalled
        await shown.is_right()
