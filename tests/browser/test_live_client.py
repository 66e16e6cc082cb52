"""State before + events = state after, by random deeds through the browser's client, whatever breaks meanwhile."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page
from redis.asyncio import Redis

from actors.settings import Settings
from load.processes import Served
from tests.flows.deeds import Deeds
from tests.flows.shown import Shown, State
from tests.flows.stack import Stack, eventually, stack_of

DRIVE = """async ([token, positions]) => {
  const { Live } = await import("/web/vitrine.js");
  const sockets = [];
  let dropped = null, position, isSlow = false;
  globalThis.WebSocket = class extends WebSocket {
    constructor(...all) { super(...all); sockets.push(this); }
    set onmessage(take) {
      super.onmessage = take && ((message) => {
        const frame = JSON.parse(message.data);
        const isOne = frame.push === "event" && frame.topic === dropped;
        if (isOne) {
          [dropped, isSlow] = [null, true];
          take({ data: JSON.stringify({ push: "lag", topic: frame.topic, from: position, to: frame.position }) });
        } else take(message);
        position = frame.position ?? frame.ok?.position ?? position;
      });
    }
    send(text) {
      if (isSlow && JSON.parse(text).op === "sub") setTimeout(() => super.send(text), 500);
      else super.send(text);
    }
  };
  // The next event of a topic is not sent but named in a `lag`, and what asks for it takes its time.
  globalThis.lag = (topic) => (dropped = topic);
  globalThis.states = [];
  globalThis.live = new Live({
    token: () => token,
    event: (topic, type, data) => heard(topic, type, data),
    counts: (news) => counted(news),
    stale: (topic) => fetchAnew(topic),
    state: (state) => states.push(state),
  });
  for (const [topic, position] of Object.entries(positions)) live.watch(topic, position);
  live.start();
  // A socket that breaks, as the client sees it.
  globalThis.cut = () => sockets.at(-1).close();
  // A page that does not get round to reading what its socket brings.
  globalThis.stall = () => {
    const answered = new XMLHttpRequest();
    answered.open("GET", "/stalled", false);
    answered.send();
  };
}"""
LIVE_AGAIN = "(times) => states.filter((state) => state === 'live').length >= times"


@pytest.fixture
async def stack(settings: Settings, tmp_path: Path) -> AsyncIterator[Stack]:
    """A deployment."""
    async with stack_of(settings, tmp_path) as stack:
        yield stack


async def drive(page: Page, shown: Shown, served: Served, token: str, kept: dict[str, tuple[State, str]]) -> None:
    """Let the page watch all topics through the browser's client, from the positions of what is shown. What is `kept`
    of a topic, a page and its position, is what it is given once when it asks for a new one."""

    told: dict[str, State] = {}

    def counted(news: dict[str, State]) -> None:
        told.update(news)
        for counts in told.values():
            shown.counts(counts)

    async def fetch(topic: str) -> str:
        if topic not in kept:
            position = await shown.fetch(topic)
        else:
            state, position = kept.pop(topic)
            shown.state |= state
        counted({})  # those that were told while the page was on its way are newer than the page's
        return position

    await page.expose_function("heard", lambda _, kind, data: shown.event(kind, data))
    await page.expose_function("counted", counted)
    await page.expose_function("fetchAnew", fetch)
    # A document of the same origin in which nothing else is live.
    await page.goto(f"{served.url}/web/icon.svg")
    positions = {topic: await shown.fetch(topic) for topic in shown.topics}
    await page.evaluate(DRIVE, [token, positions])


async def test_what_the_browsers_client_keeps_is_what_a_fresh_request_says(browser: Browser, stack: Stack) -> None:
    served = await stack.serve()
    people = await stack.people(5)
    (post_id,) = await stack.posts(people[0])
    shown = Shown(stack, served, people[0], post_id)
    deeds = Deeds(stack, served, people, post_id, random.Random(20261122))
    page = await browser.new_page()
    page.set_default_timeout(60_000)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    async def differs() -> State:
        fresh = await shown.fresh()
        return {name: (there, fresh[name]) for name, there in shown.state.items() if there != fresh[name]}

    async def is_right() -> None:
        await eventually(differs, wanted={}, what="what is shown differs from what is there", seconds=60)

    kept: dict[str, tuple[State, str]] = {}
    await drive(page, shown, served, people[0].token, kept)
    await page.wait_for_function(LIVE_AGAIN, arg=1)
    await deeds.do(20)
    await is_right()
    fetched = shown.refetches
    assert fetched == len(shown.topics), "nothing was fetched again"
    for times in (2, 3, 4):
        await page.evaluate("cut()")
        await deeds.do(10)
        await page.wait_for_function(LIVE_AGAIN, arg=times)
    await is_right()
    assert shown.refetches == fetched, "what was missed came back by itself"
    await page.evaluate("(topic) => lag(topic)", f"post:{post_id}")
    # Only in their order do they end with what is there.
    for caption in ("not sent", "sent before what was not", "sent too"):
        await stack.ok(served, "PATCH", f"/v1/posts/{post_id}", people[0], json={"caption": caption})
    await is_right()
    assert shown.refetches == fetched, "what was named in a lag was replayed"
    topic = f"post:{post_id}"
    kept[topic] = await shown.topics[topic]()
    await stack.ok(served, "PATCH", f"/v1/posts/{post_id}", people[0], json={"caption": "newer than the kept page"})
    await is_right()
    await page.evaluate("(topic) => live.watch(topic, '1-1')", topic)
    await eventually(lambda: asyncio.sleep(0, bool(kept)), wanted=False)
    await is_right()
    await deeds.delete_and_restore()
    await is_right()
    async with Redis.from_url(stack.settings.redis_url) as redis:
        await redis.flushdb()
    await deeds.do(20)
    await is_right()
    assert shown.refetches > fetched
    assert complaints == []
