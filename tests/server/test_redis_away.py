"""Redis is away and facts wait in the outbox: people come in, stay in and are thrown out all the same."""

import asyncio
import time

import pytest

from actors.kernel import pressure
from actors.kernel.system import System
from server.keys import SYSTEM
from server.realtime import recheck
from tests.server.realtime.conftest import Socket
from tests.server.test_accounts import PASSWORD, Client, problem, register
from tests.server.test_sessions import OTHER, done, is_in, sign_in
from tests.servers import OwnValkey


@pytest.fixture
async def redis_url(own_valkey: OwnValkey) -> str:
    """One that goes away in the middle of a test."""
    return own_valkey.url


async def until_behind(system: System) -> None:
    """Wait until what can wait is put off."""
    async with asyncio.timeout(30):
        while not system.pressure.is_high:  # noqa: ASYNC110  # it looks once a second, and tells nobody
            await asyncio.sleep(0.02)


async def test_signing_in_staying_in_and_every_end_of_a_session_need_no_redis(
    client: Client, own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.app is not None
    ana = await register(client, "ana")
    phone, laptop = await sign_in(client, "ana"), await sign_in(client, "ana")
    listed = await (await client.get("/v1/auth/sessions", headers=laptop["headers"])).json()
    own_valkey.kill()
    monkeypatch.setattr(pressure, "LAG_SECONDS", 0.0)
    monkeypatch.setattr(pressure, "LOOK_SECONDS", 0.01)
    await register(client, "bea")
    await until_behind(client.app[SYSTEM])
    put_off = await client.patch("/v1/profiles/me", json={"bio": "Hello."}, headers=ana["headers"])
    await problem(put_off, 503)

    assert await is_in(client, ana)
    page = await client.post("/v1/auth/login", json={"login": "ana", "password": PASSWORD, "client": "web"})
    csrf = {"X-CSRF-Token": (await page.json())["csrf_token"]}
    assert (await client.post("/v1/auth/refresh", headers=csrf)).status == 200
    client.session.cookie_jar.clear()
    (of_phone,) = (each["id"] for each in listed["items"][1:2])
    await done(await client.delete(f"/v1/auth/sessions/{of_phone}", headers=laptop["headers"]))
    await problem(await client.get("/v1/auth/me", headers=phone["headers"]), 401)
    change = {"current": PASSWORD, "password": OTHER}
    await done(await client.put("/v1/auth/password", json=change, headers=laptop["headers"]))
    await problem(await client.get("/v1/auth/me", headers=ana["headers"]), 401)
    tablet = await sign_in(client, "ana", password=OTHER)
    await done(await client.delete("/v1/auth/sessions", headers=tablet["headers"]))
    await problem(await client.get("/v1/auth/me", headers=laptop["headers"]), 401)
    closed = await client.post("/v1/auth/me/delete", json={"password": OTHER}, headers=tablet["headers"])
    assert closed.status == 202
    await problem(await client.get("/v1/auth/me", headers=tablet["headers"]), 401)
    own_valkey.start()


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may be believed is asked so often that what a test waits for is the answer."""
    assert recheck.PERIOD_SECONDS < 0.8, "and the answer takes what is left of the second"
    monkeypatch.setattr(recheck, "PERIOD_SECONDS", 0.05)


@pytest.mark.usefixtures("often")
async def test_another_process_ends_a_session_within_a_second_although_redis_hangs(
    client: Client, client_elsewhere: Client, own_valkey: OwnValkey
) -> None:
    ana = await register(client, "ana")
    phone = await sign_in(client, "ana")
    socket = Socket(await client_elsewhere.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)))
    assert "ok" in await socket.ask("connect", token=phone["access_token"])
    own_valkey.pause()
    await done(await client.delete("/v1/auth/sessions", headers=ana["headers"]))
    began = time.monotonic()
    assert await socket.closed() == 4501
    await problem(await client_elsewhere.get("/v1/auth/me", headers=phone["headers"]), 401)
    assert time.monotonic() - began < 1
    own_valkey.resume()
