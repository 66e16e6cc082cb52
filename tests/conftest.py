"""What tests are given: real servers, one set a run; a database of its own for each test."""

import asyncio
import gc
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, suppress
from typing import Any

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from actors.adapters import storage as storage_adapter
from actors.adapters.outside import Outside, open_outside
from actors.adapters.storage import Storage, open_storage
from actors.domains import actors
from actors.feed import timelines
from actors.kernel import pressure
from actors.kernel.system import System
from actors.settings import Settings, load_settings
from server.embedded import ports
from server.embedded.processes import EmbeddedError
from server.embedded.valkey import start_valkey
from server.http import leases
from server.http.standings import Standings
from server.realtime import places
from server.realtime.realtime import Realtime
from server.serve import assemble
from tests.contract import held_to_openapi
from tests.order import long_first
from tests.servers import OwnValkey, drop_templates, folder_for_servers, fresh_database, running_servers

structlog.configure(
    processors=[
        structlog.processors.add_log_level,
        # Tracebacks with every local variable take seconds to draw.
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
    ]
)

# As in a process of ours: see `server.cli.main`.
gc.set_threshold(50_000, 20, 50)

_SERVERS = pytest.StashKey[Mapping[str, str]]()
_STOP = pytest.StashKey[ExitStack]()


def _servers_of(config: pytest.Config) -> Mapping[str, str]:
    """The servers of this run, started when the first asks, by the controller where there are workers."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        given: Mapping[str, str] = worker["servers"]
        return given
    if _SERVERS not in config.stash:
        config.stash[_STOP] = ExitStack()
        try:
            config.stash[_SERVERS] = config.stash[_STOP].enter_context(running_servers())
        except EmbeddedError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[_SERVERS]


def pytest_configure(config: pytest.Config) -> None:
    """Name our marks."""
    config.addinivalue_line("markers", "slow: takes minutes; `make faults` runs it, `make test` does not")
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        # Two workers that chose one free port at the same moment would meet there.
        ports.PORTS = ports.PORTS[int(worker["workerid"].removeprefix("gw")) :: worker["workercount"]]


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each of several workers begin with what takes long."""
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is not None:
        items[:] = long_first(items, worker["workercount"])


def pytest_collection_finish() -> None:
    """What was imported for the tests stays: the collector need not look at it again."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the servers to a worker of xdist."""
    node.workerinput["servers"] = dict(_servers_of(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if _SERVERS in config.stash:
        with config.stash[_STOP]:
            asyncio.run(drop_templates(config.stash[_SERVERS]))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where tests run a process may be held up for seconds: nothing is put off for that and
    nobody does without Redis, unless a test is about it."""
    monkeypatch.setattr(pressure, "LAG_SECONDS", 60.0)
    monkeypatch.setattr(storage_adapter, "HEAD_SECONDS", 60.0)
    for module in (leases, places, timelines):
        monkeypatch.setattr(module, "REDIS_SECONDS", 10.0)


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> Mapping[str, str]:
    """The variables of the run's PostgreSQL (`DB_URL`), Redis and S3, shared by every test and worker."""
    return _servers_of(pytestconfig)


@pytest.fixture
async def database_url(servers: Mapping[str, str]) -> AsyncIterator[str]:
    """A database of its own, migrated, empty."""
    async with fresh_database(servers) as url:
        yield url


@pytest.fixture(scope="session")
def redis_of_worker() -> Iterator[str]:
    """A Redis this worker shares with nobody, so that FLUSHALL hurts no other test."""
    if given := os.environ.get("REDIS_URL"):
        worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
        yield f"{given.rstrip('/').removesuffix('/0')}/{int(worker) + 1}"
        return
    with folder_for_servers() as folder:
        server, url = start_valkey(folder, "only-for-tests", durable=False)
        yield url
        server.stop()


@pytest.fixture
async def redis_url(redis_of_worker: str) -> str:
    """A Redis without keys."""
    async with Redis.from_url(redis_of_worker) as redis:
        await redis.flushdb()
    return redis_of_worker


@pytest.fixture
def own_valkey() -> Iterator[OwnValkey]:
    """A Valkey for a test that kills it. It forgets when killed."""
    with folder_for_servers() as folder:
        valkey = OwnValkey(folder, durable=False)
        yield valkey
        valkey.stop()


@pytest.fixture
def bare_settings(servers: Mapping[str, str]) -> Settings:
    """A configuration for what uses neither the tables nor Redis's keys. No rate limits."""
    return load_settings(
        environment="test",
        database_url=servers["DB_URL"],
        redis_url=servers["REDIS_URL"],
        jwt_secret=servers["JWT_SECRET"],
        s3_endpoint=servers["S3_ENDPOINT"],
        storage_keys=servers["STORAGE_KEYS"],
        media_base_url=servers.get("MEDIA_BASE_URL"),
        rate_limits="off",
    )


@pytest.fixture
def settings(bare_settings: Settings, database_url: str, redis_url: str) -> Settings:
    """What a process is configured with in a test: a database and a Redis of its own, no rate limits."""
    return bare_settings.model_copy(update={"database_url": database_url, "redis_url": redis_url})


@pytest.fixture
async def storage(bare_settings: Settings) -> AsyncIterator[Storage]:
    """The object storage, with its bucket."""
    async with open_storage(bare_settings) as storage:
        await storage.ensure_bucket()
        yield storage


# ── the system and the edge ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    """Everything outside the process, connected."""
    async with open_outside(settings) as outside:
        yield outside


@pytest.fixture
async def system(outside: Outside) -> AsyncIterator[System]:
    """Every domain at work."""
    system = System(outside, actors())
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
async def elsewhere(outside: Outside) -> AsyncIterator[System]:
    """Every domain once more on the same database, as in another process: no lane of it waits for one of `system`."""
    system = System(outside, actors())
    await system.start()
    yield system
    await system.stop()


@pytest.fixture
async def client(outside: Outside, system: System) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    """Calls the whole application, live edge included; every reply is held against the OpenAPI document."""
    async with _serving(outside, system) as client:
        yield client


@pytest.fixture
async def client_elsewhere(
    outside: Outside, elsewhere: System
) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    """Calls another process of the same deployment."""
    async with _serving(outside, elsewhere) as client:
        yield client


@asynccontextmanager
async def _serving(outside: Outside, system: System) -> AsyncIterator["TestClient[web.Request, web.Application]"]:
    standings = Standings()
    realtime = Realtime(outside.settings, outside.cache, system.ask, standings)
    await realtime.start()
    with suppress(TimeoutError):
        # Before the relay leads for the first time no position leads anywhere.
        async with asyncio.timeout(10):
            while not realtime.log.head.epoch:  # noqa: ASYNC110  another task reads the log
                await asyncio.sleep(0.01)
    app = assemble(outside, system, realtime, standings)
    async with TestClient(TestServer(app), middlewares=[held_to_openapi()]) as client:
        yield client
    await realtime.stop()
