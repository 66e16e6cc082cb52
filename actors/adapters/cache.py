"""Redis: one bounded pool for commands, and clients of their own for readers that block."""

from dataclasses import dataclass

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from actors.settings import Settings

CONNECTIONS = 32
COMMAND_TIMEOUT_SECONDS = 2.0
SILENCE_SECONDS = 8.0
"""What a blocking reader waits for its answer, longer than any of them blocks: a peer that vanished says nothing."""


@dataclass(frozen=True, slots=True)
class Cache:
    """The Redis of one process. Replies are bytes.

    `redis` never retries: a lost reply would make one XADD two. Waiting for a free connection and for a reply both
    end after two seconds with an error.
    """

    redis: Redis
    url: str

    def stream_client(self) -> Redis:
        """A client with one connection and a longer patience, for one reader that blocks; its owner closes it."""
        return Redis.from_pool(_pool(self.url, 1, socket_timeout=SILENCE_SECONDS))

    async def keeps_everything(self) -> bool:
        """Whether it says no when its memory is full, rather than forget what somebody still waits for."""
        memory = await self.redis.info("memory")
        return not memory["maxmemory"] or memory["maxmemory_policy"] == "noeviction"

    async def close(self) -> None:
        """Close the pool."""
        await self.redis.aclose()


def open_cache(settings: Settings) -> Cache:
    """The cache of these settings. Connects when it is first used."""
    pool = _pool(settings.redis_url, CONNECTIONS, socket_timeout=COMMAND_TIMEOUT_SECONDS)
    return Cache(Redis.from_pool(pool), settings.redis_url)


def _pool(url: str, size: int, *, socket_timeout: float) -> BlockingConnectionPool:
    return BlockingConnectionPool.from_url(
        url,
        max_connections=size,
        timeout=COMMAND_TIMEOUT_SECONDS,
        socket_timeout=socket_timeout,
        socket_connect_timeout=COMMAND_TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=False,
    )
