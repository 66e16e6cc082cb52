"""A real browser before a real deployment of the demo world."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from load.processes import Served
from tests.flows.stack import Stack, stack_of
from tests.server.demo.conftest import Seeded, seeded  # noqa: F401  the fixture, by its name

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

# As long as a page is waited for in all else: servers, a worker and a browser share the machine with other tests.
expect.set_options(timeout=20_000)


class Site(NamedTuple):
    """The deployment, and the server that answers at its address."""

    stack: Stack
    served: Served


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of this machine."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium on this machine: `apt-get install chromium`, or set CHROMIUM to its path")
    return found


@pytest.fixture
async def site(seeded: Seeded, tmp_path: Path) -> AsyncIterator[Site]:  # noqa: F811  it is the fixture
    """A server and a worker in the demo world."""
    async with stack_of(seeded.settings, tmp_path) as stack:
        served = await stack.serve()
        stack.worker()
        yield Site(stack, served)


@pytest.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """A browser without a window."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        await browser.close()


Visit = Callable[..., Awaitable[Page]]


@pytest.fixture
async def visit(browser: Browser, site: Site) -> AsyncIterator[Visit]:
    """Opens the page in a browser profile of its own, signed in as a demo account if one is named.

    What a page complains of in its console fails the test; so does a script's error.
    """
    complaints: list[str] = []

    async def open_page(username: str | None = None, feed: str = "following") -> Page:
        context = await browser.new_context(viewport={"width": 1200, "height": 900}, reduced_motion="reduce")
        page = await context.new_page()
        page.set_default_timeout(20_000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_complaint(said.text, said.type) else None)
        await page.goto(f"{site.served.url}/#{feed}")
        if username:
            await page.click(f"[data-username={username}]")
            await page.wait_for_selector(".feed article")
        await page.wait_for_selector("#pulse[data-state=live]")
        return page

    yield open_page
    assert complaints == []


def _is_complaint(text: str, kind: str) -> bool:
    # A browser reports every request that found nobody at home; tests that stop servers mean it.
    return kind == "error" and "ERR_CONNECTION_REFUSED" not in text and "WebSocket connection to" not in text
