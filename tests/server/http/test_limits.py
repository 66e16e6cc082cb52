"""How often one may ask: by name, in all processes together, and never at the price of an outage."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from structlog.testing import capture_logs

from actors.adapters.cache import Cache, open_cache
from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings, SettingsError
from server.app import create_app
from server.http import leases, local_limits, metrics
from server.http.limits import BUCKETS, Bucket, Limiter, RateLimited, buckets_of
from server.http.local_limits import LocalLimits
from server.http.routing import Route
from server.http.standings import Standings
from server.realtime.realtime import REALTIME, Realtime
from server.routes import health, realtime, table
from tests.server.http import toys
from tests.server.http.conftest import Client, Head, SignIn
from tests.servers import OwnValkey

FEW: Mapping[str, Bucket] = {
    **BUCKETS,
    "reads": Bucket("reads", 5, 60),
    "writes": Bucket("writes", 3, 60),
}


@pytest_asyncio.fixture(loop_scope="module")
async def limited(settings: Settings, toy_system: System, outside: Outside) -> AsyncIterator[Client]:
    """The edge with small limits, none of them spent, behind one proxy."""
    await outside.cache.redis.flushdb()
    strict = settings.model_copy(update={"rate_limits": "on", "trusted_proxies": 1})
    routes = (*toys.ROUTES, *health.ROUTES)
    app = create_app(strict, system=toy_system, cache=outside.cache, live_log=Head(), routes=routes, buckets=FEW)
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_who_asks_too_often_is_told_when_to_come_back(limited: Client) -> None:
    for left in (4, 3, 2, 1, 0):
        async with limited.get("/v1/toys/kite") as response:
            assert response.status == 200
            assert response.headers["RateLimit-Policy"] == '"reads";q=5;w=60'
            assert response.headers["RateLimit"].startswith(f'"reads";r={left};t=')
    async with limited.get("/v1/toys/kite") as response:
        assert response.status == 429
        assert (await response.json(content_type=None))["code"] == "rate_limited"
        assert response.headers["RateLimit"].startswith('"reads";r=0;')
        assert 1 <= int(response.headers["Retry-After"]) <= 12


async def test_what_a_crowd_spends_in_one_moment_is_one_call_to_redis(outside: Outside) -> None:
    redis = outside.cache.redis
    await redis.flushdb()
    limiter = Limiter(redis, FEW)
    await limiter.spend(FEW["reads"], "somebody")
    await redis.config_resetstat()
    quotas = await asyncio.gather(*(limiter.spend(FEW["reads"], f"person {n}") for n in range(100)))
    assert all(quota is not None and quota.leased + quota.elsewhere == 4 for quota in quotas)
    assert (await redis.info("commandstats"))["cmdstat_evalsha"]["calls"] == 1


async def test_each_person_and_each_address_has_its_own_share(limited: Client, bearer: SignIn) -> None:
    ada, bob = bearer(), bearer()
    for headers in (ada, bob):
        for _ in range(3):
            async with limited.put("/v1/toys/kite/lend", headers=headers) as response:
                assert response.status == 200
        async with limited.put("/v1/toys/kite/lend", headers=headers) as response:
            assert response.status == 429
    for address in ("192.0.2.1", "192.0.2.2"):
        for status in (200, 200, 200, 200, 200, 429):
            async with limited.get("/v1/toys/kite", headers={"X-Forwarded-For": address}) as response:
                assert response.status == status


async def test_a_forged_forwarded_address_changes_no_bucket(limited: Client) -> None:
    statuses = []
    for number in range(7):
        headers = {"X-Forwarded-For": f"198.51.100.{number}, 192.0.2.9"}
        async with limited.get("/v1/toys/kite", headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [200] * 5 + [429] * 2


async def test_forged_tokens_spend_the_address_s_share(limited: Client) -> None:
    statuses = []
    for number in range(5):
        async with limited.put("/v1/toys/kite/lend", headers={"Authorization": f"Bearer x{number}"}) as response:
            statuses.append(response.status)
    assert statuses == [401, 401, 401, 429, 429]


async def test_the_buckets_are_listed(limited: Client) -> None:
    async with limited.get("/v1/limits") as response:
        listed = {item["name"]: item for item in (await response.json())["items"]}
    assert listed["register"] == {"name": "register", "limit": 20, "window_seconds": 3600, "per": "address"}
    assert set(listed) == set(FEW)


async def test_processes_share_one_bucket_exactly(outside: Outside) -> None:
    await outside.cache.redis.flushdb()
    bucket = Bucket("shared", 200, 3600)
    limiters = [Limiter(outside.cache.redis, {"shared": bucket}) for _ in range(3)]

    async def spend(limiter: Limiter) -> int:
        spent = 0
        for _ in range(150):
            try:
                await limiter.spend(bucket, "one")
                spent += 1
            except RateLimited:
                await asyncio.sleep(0)
        return spent

    assert sum(await asyncio.gather(*(spend(limiter) for limiter in limiters))) == 200


async def test_a_crowd_that_arrives_at_once_takes_one_lease_at_a_time(outside: Outside) -> None:
    await outside.cache.redis.flushdb()
    bucket = Bucket("crowd", 1000, 3600)
    limiter = Limiter(outside.cache.redis, {"crowd": bucket})
    quotas = await asyncio.gather(*(limiter.spend(bucket, "one") for _ in range(100)))
    last = quotas[-1]
    assert last is not None
    assert last.leased + last.elsewhere == 900


async def test_a_spent_bucket_refills(outside: Outside) -> None:
    await outside.cache.redis.flushdb()
    bucket = Bucket("quick", 2, 4)
    limiter = Limiter(outside.cache.redis, {"quick": bucket})
    await limiter.spend(bucket, "one")
    await limiter.spend(bucket, "one")
    with pytest.raises(RateLimited) as refused:
        await limiter.spend(bucket, "one")
    assert 0 < refused.value.retry_after <= 2.01
    await asyncio.sleep(refused.value.retry_after + 0.02)
    await limiter.spend(bucket, "one")


@pytest_asyncio.fixture(loop_scope="module")
async def limiter(settings: Settings, own_valkey: OwnValkey) -> AsyncIterator[Limiter]:
    """One whose Redis is there, and may be taken away."""
    cache: Cache = open_cache(settings.model_copy(update={"redis_url": own_valkey.url}))
    limiter = Limiter(cache.redis, FEW)
    async with asyncio.timeout(30):
        while await limiter.spend(FEW["writes"], "one") is None:  # noqa: ASYNC110  # nobody announces that it came up
            await asyncio.sleep(0.1)
    yield limiter
    await cache.close()


async def test_without_redis_requests_pass_and_none_waits_long(limiter: Limiter, own_valkey: OwnValkey) -> None:
    own_valkey.kill()
    began = time.monotonic()
    for number in range(200):
        assert await limiter.spend(FEW["writes"], f"other {number}") is None
    assert time.monotonic() - began < 10


async def test_while_redis_hangs_a_crowd_waits_no_longer_than_one(
    limiter: Limiter, own_valkey: OwnValkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "REDIS_SECONDS", 0.25)
    monkeypatch.setattr(limiter._leases._together, "_at_once", 4)
    own_valkey.pause()
    began = time.monotonic()
    spent = await asyncio.gather(*(limiter.spend(FEW["writes"], f"person {n}") for n in range(160)))
    waited = time.monotonic() - began
    own_valkey.resume()
    assert spent == [None] * len(spent)
    assert waited < 20 * leases.REDIS_SECONDS, "forty calls, one after the other, would have waited for forty"


@pytest_asyncio.fixture(loop_scope="module")
async def forsaken(settings: Settings, toy_system: System, own_valkey: OwnValkey) -> AsyncIterator[Client]:
    """An edge whose Redis was there and is gone."""
    strict = settings.model_copy(update={"rate_limits": "on", "trusted_proxies": 1, "redis_url": own_valkey.url})
    cache = open_cache(strict)
    routes = (*toys.ROUTES, *health.ROUTES)
    app = create_app(strict, system=toy_system, cache=cache, live_log=Head(), routes=routes)
    async with TestClient(TestServer(app)) as client:
        async with client.get("/v1/toys/kite") as response:
            assert "RateLimit" in response.headers
        own_valkey.kill()
        yield client
    await cache.close()


async def test_without_redis_guesses_at_a_password_are_still_counted_by_address_and_by_account(
    forsaken: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    async def guess(address: str, caller: Caller) -> int:
        headers = {**bearer(caller), "X-Forwarded-For": address}
        async with forsaken.post("/v1/safe", json={"password": "x"}, headers=headers) as response:
            if response.status == 429:
                assert 1 <= int(response.headers["Retry-After"]) <= 6
                assert response.headers["RateLimit-Policy"] == '"login";q=10;w=60'
            return response.status

    victim = somebody()
    failures = metrics.limiter_failures_total._value.get()
    with capture_logs() as lines:
        assert [await guess("192.0.2.1", somebody()) for _ in range(11)] == [200] * 10 + [429], "by address"
    assert metrics.limiter_failures_total._value.get() > failures
    said = [line for line in lines if line["log_level"] == "warning"]
    assert said, "who operates it is told"
    assert {line["event"] for line in said} == {"rate limits are not enforced, but for passwords: Redis is away"}
    assert [await guess(f"192.0.2.{n}", victim) for n in range(2, 14)] == [200] * 10 + [429] * 2, "by account"
    assert await guess("192.0.2.99", somebody()) == 200, "others are not held up"
    for _ in range(20):
        async with forsaken.get("/v1/toys/kite", headers={"X-Forwarded-For": "192.0.2.1"}) as response:
            assert response.status == 200, "all else passes"


async def test_guesses_are_counted_by_account_and_address_while_redis_is_there(
    settings: Settings, toy_system: System, outside: Outside, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    await outside.cache.redis.flushdb()
    strict = settings.model_copy(update={"rate_limits": "on", "trusted_proxies": 1})
    app = create_app(strict, system=toy_system, cache=outside.cache, live_log=Head(), routes=toys.ROUTES)
    victim = bearer(somebody())
    async with TestClient(TestServer(app)) as client:
        statuses = []
        for number in range(12):
            headers = {**victim, "X-Forwarded-For": f"192.0.2.{number}"}
            async with client.post("/v1/safe", json={"password": "x"}, headers=headers) as response:
                statuses.append(response.status)
    assert statuses == [200] * 10 + [429] * 2


async def test_tickets_are_counted_by_person_and_upgrades_by_address(
    settings: Settings, toy_system: System, outside: Outside, bearer: SignIn
) -> None:
    await outside.cache.redis.flushdb()
    strict = settings.model_copy(update={"rate_limits": "on", "trusted_proxies": 1})
    few = {**BUCKETS, "tickets": Bucket("tickets", 3, 60), "sockets": Bucket("sockets", 3, 60, per="address")}
    app = create_app(
        strict, system=toy_system, cache=outside.cache, live_log=Head(), routes=realtime.ROUTES, buckets=few
    )
    app[REALTIME] = Realtime(strict, outside.cache, toy_system.ask, Standings())
    async with TestClient(TestServer(app)) as client:

        async def statuses(method: str, path: str, *headers: dict[str, str]) -> list[int]:
            return [(await client.request(method, path, headers=each)).status for each in headers]

        ada, bob = bearer(), bearer()
        assert await statuses("POST", "/v1/realtime/tickets", ada, ada, ada, ada, bob) == [201, 201, 201, 429, 201]
        at = [{"X-Forwarded-For": address} for address in ("192.0.2.1",) * 4 + ("192.0.2.2",)]
        assert await statuses("GET", "/v1/realtime", *at) == [400, 400, 400, 429, 400]


def test_what_a_process_counts_for_itself_refills_and_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    limits = LocalLimits()
    assert [limits.spend(("login", "a"), 2, 60.0, now=0.0) for _ in range(3)] == [0.0, 0.0, 30.0]
    assert limits.spend(("login", "a"), 2, 60.0, now=20.0) == pytest.approx(10.0)
    assert limits.spend(("login", "a"), 2, 60.0, now=30.5) == 0.0
    assert limits.spend(("login", "a"), 2, 60.0, now=31.0) > 0
    assert limits.spend(("auth", "a"), 2, 60.0, now=31.0) == 0.0
    monkeypatch.setattr(local_limits, "_REMEMBERED", 100)
    for number in range(1_000):
        limits.spend(("login", str(number)), 2, 60.0, now=31.0)
        limits.spend(("login", "a"), 2, 60.0, now=31.0)
    assert limits.spend(("login", "a"), 2, 60.0, now=31.0) > 0, "who goes on guessing is not forgotten"
    assert len(limits._spent) <= 101


def test_wherever_a_secret_can_be_guessed_attempts_are_counted_without_redis_too() -> None:
    for route in table():
        if not isinstance(route, Route):
            continue
        given = set(route.message.model_fields) - route.message.trusted_fields()
        if given & {"password", "current", "code", "totp"}:
            where = f"{route.method} {route.path}"
            assert BUCKETS[route.bucket].guards, where
            if route.needs.role is not None:
                assert route.limit_by == "caller", where


def test_an_instance_sets_its_own_amounts_and_a_bucket_there_is_not_is_named(settings: Settings) -> None:
    ours = settings.model_copy(update={"rate_limit_amounts": {"writes": 7}})
    assert buckets_of(ours)["writes"].amount == 7
    assert buckets_of(ours)["reads"] == BUCKETS["reads"]
    with pytest.raises(SettingsError, match="wirtes"):
        buckets_of(settings.model_copy(update={"rate_limit_amounts": {"wirtes": 7}}))
