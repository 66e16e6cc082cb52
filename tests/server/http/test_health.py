"""What the service says about itself."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actors.adapters.cache import open_cache
from actors.adapters.outside import Outside, open_outside
from actors.kernel.system import System
from actors.settings import Settings
from server.app import begin_drain, create_app, runner
from server.http import readiness
from server.http.metrics import Exposition
from server.keys import READINESS, SYSTEM
from server.routes import health
from tests.server.http import toys
from tests.server.http.conftest import Client, Head
from tests.servers import OwnValkey


async def _broken() -> bool:
    raise ConnectionError


@pytest_asyncio.fixture(loop_scope="module")
async def own(settings: Settings) -> AsyncIterator[Client]:
    """An edge of the test's own, over a system that does not run, with a part that is away."""
    async with open_outside(settings) as outside:
        system = System(outside, [toys.ToysActor])
        app = create_app(
            settings,
            system=system,
            cache=outside.cache,
            live_log=Head(),
            routes=(*toys.ROUTES, *health.ROUTES),
            checks={"worker": _broken},
        )
        async with TestClient(TestServer(app)) as client:
            yield client


def _app(client: Client) -> web.Application:
    server = client.server
    assert isinstance(server, TestServer)
    assert server.app is not None
    return server.app


async def test_a_process_that_works_is_alive_and_ready(client: Client) -> None:
    async with client.get("/healthz") as response:
        assert (response.status, await response.json()) == (200, {"status": "alive"})
    async with client.get("/readyz?full=1") as response:
        ready = await response.json()
        assert (response.status, ready["status"], ready["degraded"]) == (200, "ready", [])
        assert all(ready["checks"].values())


async def test_however_many_probe_there_is_one_look_a_second(
    settings: Settings, outside: Outside, toy_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert readiness.KEPT_SECONDS == 1
    monkeypatch.setattr(readiness, "KEPT_SECONDS", 60.0)
    looks = 0

    async def slow() -> bool:
        nonlocal looks
        looks += 1
        await asyncio.sleep(0.1)
        return looks < 2

    app = create_app(
        settings,
        system=toy_system,
        cache=outside.cache,
        live_log=Head(),
        routes=health.ROUTES,
        checks={"worker": slow},
    )

    async def probe(number: int) -> int:
        async with client.get("/readyz" if number % 2 else "/readyz?full=1") as response:
            return response.status

    async with TestClient(TestServer(app)) as client:
        assert set(await asyncio.gather(*map(probe, range(12)))) == {200}
        assert [await probe(number) for number in range(6)] == [200] * 6
        assert looks == 1
        assert app[READINESS]._good_until <= asyncio.get_running_loop().time() + 60
        app[READINESS]._good_until = 0.0
        assert await probe(0) == 503
        assert looks == 2, "what was found is not believed for long"


async def test_what_one_can_do_without_only_degrades(own: Client) -> None:
    async with own.get("/readyz") as response:
        assert (response.status, (await response.json())["degraded"]) == (200, ["worker"])
    async with own.get("/readyz?full=1") as response:
        assert response.status == 503


async def test_a_failed_actor_makes_the_process_unready(own: Client) -> None:
    _app(own)[SYSTEM].supervisor.failed.add("toys")
    async with own.get("/readyz") as response:
        ready = await response.json()
        assert (response.status, ready["status"], ready["checks"]["actors"]) == (503, "unready", False)


async def test_without_its_database_the_process_is_unready(own: Client) -> None:
    database = _app(own)[SYSTEM].database
    database._settings = database._settings.model_copy(update={"database_url": "postgresql://127.0.0.1:1/nothing"})
    async with own.get("/readyz") as response:
        assert (response.status, (await response.json())["checks"]["database"]) == (503, False)
    async with own.get("/healthz") as response:
        assert response.status == 200


async def test_queries_that_take_all_connections_do_not_make_a_process_unready(own: Client) -> None:
    system = _app(own)[SYSTEM]
    async with AsyncExitStack() as stack:
        for _ in range(system.outside.settings.query_connections):
            await stack.enter_async_context(system.database.for_query())
        async with own.get("/readyz") as response:
            assert (response.status, (await response.json())["checks"]["database"]) == (200, True)


async def test_a_redis_that_may_forget_is_said_to_do_harm(own_valkey: OwnValkey, settings: Settings) -> None:
    cache = open_cache(settings.model_copy(update={"redis_url": own_valkey.url}))
    assert await cache.keeps_everything()
    await cache.redis.config_set("maxmemory", "100mb")
    assert await cache.keeps_everything()
    await cache.redis.config_set("maxmemory-policy", "allkeys-lru")
    assert not await cache.keeps_everything()
    await cache.close()


async def test_metrics_are_written_once_a_second_however_many_ask() -> None:
    measured = 0

    def measure() -> None:
        nonlocal measured
        measured += 1

    fresh = Exposition()
    assert fresh.text(measure) == fresh.text(measure) != b""
    assert measured == 1


async def test_who_is_leaving_says_so_and_lets_connections_go(own: Client) -> None:
    begin_drain(_app(own))
    async with own.get("/readyz") as response:
        assert response.status == 503
        assert response.headers["Connection"] == "close"


async def test_metrics_name_routes_not_paths(client: Client) -> None:
    async with client.get("/v1/toys/a-name-nobody-else-has") as response:
        assert response.status == 200
    async with client.get("/v1/nothing-of-ours") as response:
        assert response.status == 404
    async with client.get("/metrics") as response:
        measured = await response.text()
        assert response.content_type == "text/plain"
    assert re.search(r'request_seconds_count{method="GET",route="/v1/toys/{name}",status="2xx"} [1-9]', measured)
    assert re.search(r'request_seconds_count{method="GET",route="unmatched",status="4xx"} [1-9]', measured)
    assert "a-name-nobody-else-has" not in measured
    assert "nothing-of-ours" not in measured


async def test_a_client_learns_what_it_may_do_before_it_starts(client: Client) -> None:
    async with client.get("/v1/instance") as response:
        instance = await response.json()
    assert instance["realtime_url"] == "ws://127.0.0.1:8080/v1/realtime"
    assert instance["body_bytes"] == 1 << 20
    assert {plan["name"] for plan in instance["plans"]} == {"free", "pro", "studio"}
    async with client.get("/v1/limits") as response:
        assert (await response.json())["enforced"] is False


async def test_the_documentation_runs_its_own_script_and_no_other(client: Client) -> None:
    async with client.get("/docs") as response:
        policy, page = response.headers["Content-Security-Policy"], await response.text()
        assert response.content_type == "text/html"
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert "://" not in page


async def test_a_client_that_hangs_up_cancels_no_handler(
    settings: Settings, toy_system: System, outside: Outside
) -> None:
    app = create_app(settings, system=toy_system, cache=outside.cache, live_log=Head(), routes=toys.ROUTES)
    serving = runner(app)
    await serving.setup()
    try:
        assert serving.server is not None
        assert serving.server.handler_cancellation is False
    finally:
        await serving.cleanup()
