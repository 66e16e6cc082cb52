"""Tickets: half a minute, one use, for a socket that can send neither a header nor a cookie."""

import hashlib
import secrets

from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.auth.people import Caller
from actors.kernel.errors import Unavailable

LIFETIME_SECONDS = 30


class Tickets:
    """Kept in Redis under their hash, so that whoever reads Redis cannot use them. Raises `Unavailable`."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def issue(self, caller: Caller) -> str:
        """A ticket that names the caller, once."""
        ticket = secrets.token_urlsafe(32)
        try:
            await self._redis.set(_key(ticket), caller.model_dump_json(), ex=LIFETIME_SECONDS)
        except (RedisError, OSError, TimeoutError):
            raise Unavailable from None
        return ticket

    async def redeem(self, ticket: str) -> Caller | None:
        """Who it names, if it was issued, is not used and is not too old."""
        try:
            kept = await self._redis.getdel(_key(ticket))
        except (RedisError, OSError, TimeoutError):
            raise Unavailable from None
        try:
            return None if kept is None else Caller.model_validate_json(kept)
        except ValidationError:
            return None


def _key(ticket: str) -> str:
    return f"ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"
