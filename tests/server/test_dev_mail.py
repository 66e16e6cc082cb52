"""The page of the spool: for development alone, and a mail's HTML runs and loads nothing."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from uuid_utils.compat import uuid7

from actors.adapters.mail import compose
from actors.adapters.spool import Spool
from actors.settings import Settings
from server.dev_mail import add_dev_mail
from server.http.edge import edge
from server.keys import Lifecycle

Client = TestClient[web.Request, web.Application]
Page = Callable[..., Awaitable[Client]]


@pytest.fixture
async def page(bare_settings: Settings, tmp_path: Path) -> AsyncIterator[Page]:
    """Serves the page with these settings."""
    clients: list[Client] = []

    async def serve(**changed: Any) -> Client:
        settings = bare_settings.model_copy(update={"environment": "development", "mail_spool": tmp_path} | changed)
        app = web.Application(middlewares=[edge(settings, Lifecycle())])
        add_dev_mail(app, settings)
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield serve
    for client in clients:
        await client.close()


async def test_mails_are_listed_and_shown_as_text_and_as_html_in_a_sandbox(page: Page, tmp_path: Path) -> None:
    client, mail_id = await page(), uuid7()
    async with client.get("/dev/mail") as response:
        assert "No mail was sent yet" in await response.text()
    mail = compose(
        mail_id,
        sender="Vitrine <noreply@vitrine.invalid>",
        to="ana@example.org",
        subject="<b>Hello</b>",
        text="Read <this>:\n\nhttp://127.0.0.1:8080/#verify-email=abc\n",
        html="<p>Hello</p><script>alert(1)</script>",
    )
    await Spool(tmp_path).send(mail)
    async with client.get("/dev/mail") as response:
        listed, policy = await response.text(), response.headers["Content-Security-Policy"]
    assert f'<a href="/dev/mail/{mail_id}">&lt;b&gt;Hello&lt;/b&gt;</a>' in listed
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe-inline" not in policy
    async with client.get(f"/dev/mail/{mail_id}") as response:
        shown = await response.text()
    assert "Read &lt;this&gt;:" in shown
    assert '<a href="http://127.0.0.1:8080/#verify-email=abc">' in shown
    assert f'<iframe sandbox="allow-popups" src="/dev/mail/{mail_id}/html"' in shown
    assert "<script>" not in shown
    async with client.get(f"/dev/mail/{mail_id}/html") as response:
        assert "<p>Hello</p>" in await response.text()
        policy = response.headers["Content-Security-Policy"]
        assert policy.startswith("sandbox allow-popups; default-src 'none'"), "in a tab of its own it is as helpless"
        assert response.headers["Cache-Control"] == "private, no-store"
    for strange in (str(uuid7()), "../secret", "x", "%00"):
        async with client.get(f"/dev/mail/{strange}") as response:
            assert response.status == 404
    async with client.get("/dev/mail", headers={"Host": "rebound.example"}) as response:
        assert response.status == 404, "a name that points here for a moment reads no links"


async def test_there_is_no_page_outside_development_or_without_a_spool(page: Page) -> None:
    for changed in ({"environment": "test"}, {"environment": "production"}, {"mail_spool": None}):
        client = await page(**changed)
        async with client.get("/dev/mail") as response:
            assert response.status == 404
