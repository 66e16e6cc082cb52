"""The edge over the toys, and people to call it. One set a file: nothing here depends on what is in the database."""

import inspect
from collections.abc import AsyncIterator, Callable, Mapping
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from actors.adapters.outside import Outside, open_outside
from actors.auth.people import Caller, Plan, Role
from actors.kernel.system import System
from actors.settings import Settings, load_settings
from server.app import create_app
from server.http.tokens import Tokens
from server.routes import health
from tests.server.http import toys
from tests.servers import fresh_database

Client = TestClient[web.Request, web.Application]
SignIn = Callable[..., dict[str, str]]


class Head:
    """A live log that stands still."""

    def position(self, shown: tuple[int, int] | None = None) -> str:
        """Where it stands."""
        return "7-42"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests here share their file's loop with the edge they call."""
    for item in items:
        if item.path.parent.name == "http" and inspect.iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="module"), append=False)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def settings(servers: Mapping[str, str], redis_of_worker: str) -> AsyncIterator[Settings]:
    """A configuration with a database of the file's own. No rate limits."""
    async with fresh_database(servers) as database_url:
        yield load_settings(
            environment="test",
            database_url=database_url,
            redis_url=redis_of_worker,
            jwt_secret=servers["JWT_SECRET"],
            s3_endpoint=servers["S3_ENDPOINT"],
            storage_keys=servers["STORAGE_KEYS"],
            allowed_origins=("https://friend.example",),
            rate_limits="off",
        )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def outside(settings: Settings) -> AsyncIterator[Outside]:
    """Everything outside the process, connected."""
    async with open_outside(settings) as outside:
        await outside.cache.redis.flushdb()
        yield outside


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def toy_system(outside: Outside) -> AsyncIterator[System]:
    """The toys at work."""
    system = System(outside, [toys.ToysActor])
    await system.start()
    yield system
    await system.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def app(settings: Settings, toy_system: System, outside: Outside) -> web.Application:
    """The edge over the toys."""
    routes = (*toys.ROUTES, *health.ROUTES)
    return create_app(settings, system=toy_system, cache=outside.cache, live_log=Head(), routes=routes)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def client(app: web.Application) -> AsyncIterator[Client]:
    """Calls the edge, and keeps no cookies."""
    async with TestClient(TestServer(app)) as client:
        client.session.cookie_jar.clear()
        yield client


@pytest.fixture
def somebody() -> Callable[..., Caller]:
    """Makes people."""

    def make(role: Role = Role.user, plan: Plan = Plan.free) -> Caller:
        return Caller(id=uuid4(), username="ada", role=role, plan=plan, session_id=uuid4())

    return make


@pytest.fixture
def bearer(settings: Settings, somebody: Callable[..., Caller]) -> SignIn:
    """Headers of somebody signed in."""

    def sign_in(caller: Caller | None = None, role: Role = Role.user) -> dict[str, str]:
        return {"Authorization": f"Bearer {Tokens.of(settings).issue(caller or somebody(role))}"}

    return sign_in
