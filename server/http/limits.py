"""Rate limits: named buckets, held in Redis for all processes and spent here from small leases.

Asking Redis on each request costs 65–110 µs; a lease of a twentieth of the bucket costs that once in many requests.
"""

import asyncio
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel.errors import Exhausted
from actors.settings import Settings, SettingsError
from server.http import metrics
from server.http.leases import Leases, Terms
from server.http.local_limits import LocalLimits

log = structlog.get_logger(__name__)

LEASE_SHARE = 20
LEASE_SECONDS = 10.0
PAUSE_SECONDS = 1.0
"""Redis is not asked again for so long after it failed."""
_REMEMBERED = 50_000


class RateLimited(Exhausted):
    """Too many requests; wait as long as `Retry-After` says."""

    code = "rate_limited"

    def __init__(self, bucket: "Bucket", retry_after: float) -> None:
        self.retry_after = retry_after
        self.bucket = bucket
        super().__init__(f"the bucket `{bucket.name}` gives {bucket.amount} requests in {bucket.seconds} s")


@dataclass(frozen=True, slots=True)
class Bucket:
    """`amount` requests in `seconds`, refilled evenly, for an address or for a person (a visitor's address)."""

    name: str
    amount: int
    seconds: int
    per: Literal["address", "person"] = "person"
    guards: bool = False
    """Whether it keeps passwords from being guessed: then it holds without Redis, too, in each process for itself."""

    @property
    def policy(self) -> str:
        """The value of `RateLimit-Policy`."""
        return f'"{self.name}";q={self.amount};w={self.seconds}'

    @property
    def lease(self) -> int:
        """Tokens taken from Redis at once: what is lost when a lease lapses unspent has been refilled by then."""
        return max(1, min(self.amount // LEASE_SHARE, int(self.amount * LEASE_SECONDS / self.seconds)))


BUCKETS: Mapping[str, Bucket] = {
    bucket.name: bucket
    for bucket in (
        Bucket("register", 20, 3600, per="address", guards=True),
        Bucket("login", 10, 60, per="address", guards=True),
        Bucket("auth", 30, 60, per="address", guards=True),
        Bucket("uploads", 120, 60),
        Bucket("posts", 120, 60),
        Bucket("comments", 120, 60),
        Bucket("writes", 600, 60),
        Bucket("reads", 3000, 60),
        Bucket("search", 300, 60),
        Bucket("tickets", 60, 60),
        Bucket("sockets", 300, 60, per="address"),
    )
}


def buckets_of(settings: Settings) -> Mapping[str, Bucket]:
    """The buckets with the amounts this instance sets. Raises `SettingsError` for a bucket there is not."""
    amounts = settings.rate_limit_amounts
    if unknown := set(amounts) - set(BUCKETS):
        raise SettingsError(f"RATE_LIMIT_AMOUNTS names {', '.join(sorted(unknown))}; there are {', '.join(BUCKETS)}")
    return {name: replace(bucket, amount=amounts.get(name, bucket.amount)) for name, bucket in BUCKETS.items()}


@dataclass(slots=True, eq=False)
class Quota:
    """What one subject may still spend of one bucket, as far as this process knows."""

    bucket: Bucket
    leased: int = 0
    lapses_at: float = 0.0
    elsewhere: int = 0
    full_at: float = 0.0
    refused_until: float = 0.0
    asking: "asyncio.Task[None] | None" = field(default=None, repr=False)

    @property
    def value(self) -> str:
        """The value of `RateLimit`: what is left, and seconds until the bucket is full again."""
        seconds = max(0, math.ceil(self.full_at - time.monotonic()))
        return f'"{self.bucket.name}";r={self.leased + self.elsewhere};t={seconds}'


class Limiter:
    """Spends. Without Redis a limit is not worth an outage: requests pass, with a metric and a log line. Only what
    guards passwords is counted then by each process for itself."""

    def __init__(self, redis: Redis, buckets: Mapping[str, Bucket] = BUCKETS, *, enabled: bool = True) -> None:
        self.buckets = buckets
        self.enabled = enabled
        self._leases = Leases(redis)
        self._quotas: dict[tuple[str, str], Quota] = {}
        self._local = LocalLimits()
        self._away_until = 0.0

    async def spend(self, bucket: Bucket, subject: str) -> Quota | None:
        """Spend one request. Raises `RateLimited` when none is left; None while limits are off or unknown."""
        if not self.enabled:
            return None
        quota = self._quotas.get((bucket.name, subject))
        if quota is None:
            quota = self._remember(bucket, subject)
        now = time.monotonic()
        while quota.leased < 1 or now >= quota.lapses_at:
            if now < quota.refused_until:
                metrics.limited_total.labels(bucket.name).inc()
                raise RateLimited(bucket, quota.refused_until - now)
            if now < self._away_until:
                self._without_redis(bucket, subject, now)
                return None
            if quota.asking is None:
                quota.asking = asyncio.create_task(self._lease(quota, subject))
            await asyncio.shield(quota.asking)
            now = time.monotonic()
        quota.leased -= 1
        return quota

    def _without_redis(self, bucket: Bucket, subject: str, now: float) -> None:
        if not bucket.guards:
            return
        wait = self._local.spend((bucket.name, subject), bucket.amount, bucket.seconds, now)
        if wait > 0:
            metrics.limited_total.labels(bucket.name).inc()
            raise RateLimited(bucket, wait)

    def _remember(self, bucket: Bucket, subject: str) -> Quota:
        if len(self._quotas) >= _REMEMBERED:
            del self._quotas[next(iter(self._quotas))]
        quota = self._quotas[bucket.name, subject] = Quota(bucket)
        return quota

    async def _lease(self, quota: Quota, subject: str) -> None:
        bucket = quota.bucket
        terms = Terms(f"limit:{bucket.name}:{subject}", bucket.amount, bucket.seconds * 1000, bucket.lease)
        try:
            lease = await self._leases.take(terms)
        except (RedisError, TimeoutError, OSError) as error:
            metrics.limiter_failures_total.inc()
            self._away_until = time.monotonic() + PAUSE_SECONDS
            log.warning("rate limits are not enforced, but for passwords: Redis is away", error=error)
            return
        finally:
            quota.asking = None
        now = time.monotonic()
        quota.leased, quota.elsewhere = lease.granted, lease.left
        quota.lapses_at, quota.full_at = now + LEASE_SECONDS, now + lease.full_ms / 1000
        quota.refused_until = now + max(lease.next_ms, 1) / 1000 if lease.granted == 0 else 0.0
