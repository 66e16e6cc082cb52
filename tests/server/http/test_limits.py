"""How often one may ask: by name, in all processes together, and never at the price of an outage."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer

from actors.adapters.cache import Cache, open_cache
from actors.adapters.outside import Outside
from actors.kernel.system import System
from actors.settings import Settings, SettingsError
from server.app import create_app
from server.http.addresses import network_of
from server.http.limits import BUCKETS, Bucket, Limiter, RateLimited, buckets_of
from server.routes import health
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
    bucket = Bucket("quick", 2, 1)
    limiter = Limiter(outside.cache.redis, {"quick": bucket})
    await limiter.spend(bucket, "one")
    await limiter.spend(bucket, "one")
    with pytest.raises(RateLimited) as refused:
        await limiter.spend(bucket, "one")
    assert 0 < refused.value.retry_after <= 0.51
    await asyncio.sleep(refused.value.retry_after + 0.02)
    await limiter.spend(bucket, "one")


async def test_without_redis_requests_pass_and_none_waits_long(settings: Settings, own_valkey: OwnValkey) -> None:
    cache: Cache = open_cache(settings.model_copy(update={"redis_url": own_valkey.url}))
    limiter = Limiter(cache.redis, FEW)
    assert await limiter.spend(FEW["writes"], "one") is not None
    own_valkey.kill()
    began = time.monotonic()
    for number in range(200):
        assert await limiter.spend(FEW["writes"], f"other {number}") is None
    assert time.monotonic() - began < 1.0
    await cache.close()


def test_an_ipv6_client_cannot_take_a_new_address_for_each_request() -> None:
    assert network_of("2001:db8::1") == network_of("2001:db8::ffff:1:2:3") != network_of("2001:db8:0:1::1")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"


def test_an_instance_sets_its_own_amounts_and_a_bucket_there_is_not_is_named(settings: Settings) -> None:
    ours = settings.model_copy(update={"rate_limit_amounts": {"writes": 7}})
    assert buckets_of(ours)["writes"].amount == 7
    assert buckets_of(ours)["reads"] == BUCKETS["reads"]
    with pytest.raises(SettingsError, match="wirtes"):
        buckets_of(settings.model_copy(update={"rate_limit_amounts": {"wirtes": 7}}))
