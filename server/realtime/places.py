"""How many sockets one person may have open, or the visitors of one address: in all processes together."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NamedTuple
from uuid import uuid4

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel.tools import end, keep_running
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.refusals import Denied
from server.together import Together

logger = structlog.get_logger(__name__)

SOCKETS_PER_PERSON = 16
BEAT_SECONDS = 1.0
ALIVE_MS = 3_000
"""A process that has not said for so long that it lives holds no places any more."""
RENEW_SECONDS = 60.0
LEASE_MS = 180_000
REDIS_SECONDS = 0.25
PAUSE_SECONDS = 1.0
_AT_ONCE = 100
_MOST_LEFT = 10_000

# Places are a sorted set of "<process>:<socket>" by when they lapse. Those of the dead are looked for only when there
# is no room. KEYS: the process's sign of life, then the sets; ARGV: process, lease and life in ms, then for each set
# the socket and the most there may be. Answers for each whether there was room.
_TAKE = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local process, lease = ARGV[1], tonumber(ARGV[2])
redis.call('SET', KEYS[1], '1', 'PX', ARGV[3])
local lives = {}
local function is_full(set, most)
  return redis.call('ZCARD', set) >= most
end
local function drop_the_dead(set)
  for _, member in ipairs(redis.call('ZRANGE', set, 0, -1)) do
    local holder = string.match(member, '^[^:]+')
    if lives[holder] == nil then
      lives[holder] = redis.call('EXISTS', 'sockets:process:' .. holder) == 1
    end
    if not lives[holder] then
      redis.call('ZREM', set, member)
    end
  end
end
local granted = {}
for place = 2, #KEYS do
  local set, socket, most = KEYS[place], ARGV[2 * place], tonumber(ARGV[2 * place + 1])
  redis.call('ZREMRANGEBYSCORE', set, '-inf', now)
  if is_full(set, most) then
    drop_the_dead(set)
  end
  if is_full(set, most) then
    granted[place - 1] = 0
  else
    redis.call('ZADD', set, now + lease, process .. ':' .. socket)
    redis.call('PEXPIRE', set, lease)
    granted[place - 1] = 1
  end
end
return granted
"""


class _Wish(NamedTuple):
    """A place in this set, for this socket, if there are fewer than `most`."""

    key: str
    socket: str
    most: int


class Places:
    """Counts here first, then in Redis. Without Redis each process keeps to the bounds for itself.

    A process that dies gives its places back within three seconds; a Redis that forgets is told again in a minute.
    """

    def __init__(self, redis: Redis, *, per_address: int) -> None:
        self._redis = redis
        self._script = redis.register_script(_TAKE)
        self._together = Together(self._take, _AT_ONCE)
        self.process = uuid4().hex[:16]
        """The name under which this process says that it lives."""
        self._per_address = per_address
        self._held: dict[str, set[str]] = {}
        self._left: list[tuple[str, str]] = []
        self._somebody_left = asyncio.Event()
        self._away_until = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to say that this process lives."""
        self._task = asyncio.create_task(keep_running(self._run, "live places"), name="live places")

    async def stop(self) -> None:
        """Give back what is held no more, as far as Redis is there."""
        await end([self._task])
        with suppress(RedisError, OSError, TimeoutError):
            async with asyncio.timeout(REDIS_SECONDS):
                await self._give_back()

    async def take(self, holder: str, socket: str, *, is_visitor: bool) -> None:
        """One more socket of this person, or of visitors at this address. Raises `Denied` when there are enough."""
        most = self._per_address if is_visitor else SOCKETS_PER_PERSON
        held = self._held.setdefault(holder, set())
        if len(held) < most:
            held.add(socket)
            if await self._is_granted(holder, socket, most):
                return
            self._forget(holder, socket)
        whose = "visitors at one address" if is_visitor else "one person"
        raise Denied(
            ErrorCode.limit_exceeded, f"at most {most} sockets are open for {whose}", close=CloseCode.connection_limit
        )

    def leave(self, holder: str, socket: str) -> None:
        """It is closed."""
        # Those beyond the bound lapse by themselves.
        if self._forget(holder, socket) and len(self._left) < _MOST_LEFT:
            self._left.append((holder, socket))
            self._somebody_left.set()

    async def _is_granted(self, holder: str, socket: str, most: int) -> bool:
        if time.monotonic() < self._away_until:
            return True
        try:
            return await self._together.ask(_Wish(_key(holder), socket, most))
        except (RedisError, OSError, TimeoutError) as error:
            if time.monotonic() >= self._away_until:
                logger.warning("sockets are counted by each process for itself: Redis is away", error=error)
            self._away_until = time.monotonic() + PAUSE_SECONDS
            return True

    async def _take(self, wishes: Sequence[_Wish]) -> list[bool]:
        keys = [f"sockets:process:{self.process}", *(wish.key for wish in wishes)]
        args = [self.process, LEASE_MS, ALIVE_MS, *(part for wish in wishes for part in wish[1:])]
        async with asyncio.timeout(REDIS_SECONDS):
            return [bool(granted) for granted in await self._script(keys=keys, args=args)]

    def _forget(self, holder: str, socket: str) -> bool:
        held = self._held.get(holder)
        if held is None or socket not in held:
            return False
        held.discard(socket)
        if not held:
            del self._held[holder]
        return True

    async def _run(self) -> None:
        beat_at, renewed_at = 0.0, time.monotonic()
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_SECONDS):
                    await self._somebody_left.wait()
            self._somebody_left.clear()
            now = time.monotonic()
            try:
                await self._give_back()
                if now - beat_at >= BEAT_SECONDS:
                    beat_at = now
                    await self._redis.set(f"sockets:process:{self.process}", "1", px=ALIVE_MS)
                if now - renewed_at >= RENEW_SECONDS:
                    renewed_at = now
                    await self._renew()
            except (RedisError, OSError, TimeoutError):
                await asyncio.sleep(BEAT_SECONDS)

    async def _give_back(self) -> None:
        while self._left:
            some, self._left = self._left[:_AT_ONCE], self._left[_AT_ONCE:]
            pipe = self._redis.pipeline(transaction=False)
            for holder, socket in some:
                pipe.zrem(_key(holder), f"{self.process}:{socket}")
            await pipe.execute()

    async def _renew(self) -> None:
        seconds, micros = await self._redis.time()
        until = seconds * 1000 + micros // 1000 + LEASE_MS
        places = [(holder, socket) for holder, held in self._held.items() for socket in held]
        for start in range(0, len(places), _AT_ONCE):
            pipe = self._redis.pipeline(transaction=False)
            for holder, socket in places[start : start + _AT_ONCE]:
                if socket in self._held.get(holder, ()):
                    pipe.zadd(_key(holder), {f"{self.process}:{socket}": until})
                    pipe.pexpire(_key(holder), LEASE_MS)
            if len(pipe):
                await pipe.execute()


def _key(holder: str) -> str:
    return f"sockets:{holder}"
