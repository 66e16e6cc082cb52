"""How many sockets watch a post, in all processes together: `watchers {count}` on `post:<id>`.

Each process writes its own number into a hash of Redis and reads the sum: one script a second, of at most 500 posts,
or up to four of them where more have moved.
Those whose watchers moved here or elsewhere come first, then all the others in turn, so that what a dead process left
and what Redis forgot mend by themselves.
"""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

from actors.kernel.tools import end, keep_running
from server.realtime.audience import Audience, Topic
from server.realtime.encoding import kept_json
from server.realtime.entries import Entry
from server.realtime.latest import Latest

WATCHERS = b"watchers"
PERIOD_SECONDS = 1.0
POSTS_AT_ONCE = 500
MOST_MOVED = 50_000
LEASE_MS = 600_000
"""What a process said so long ago counts no more: in that time it comes to 300,000 posts again."""
TOLD_PER_SECOND = 1_000
"""Frames for one post: where more watch it, they are told less often."""
REDIS_SECONDS = 1.0

_MOVED = "watching:moved"

# KEYS: the posts that moved lately by when, then each post's hash of "<number> <good until>" by process.
# ARGV: this process, when it looked last, the lease in ms, then its number for each post.
_COUNT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local me, lease, lives, sums = ARGV[1], tonumber(ARGV[3]), {[ARGV[1]] = true}, {}
for place = 2, #KEYS do
  local key, own, sum, moved = KEYS[place], ARGV[place + 2], 0, false
  local before = redis.call('HGET', key, me)
  moved = string.match(before or '0', '^%d+') ~= own
  if own == '0' then
    redis.call('HDEL', key, me)
  else
    redis.call('HSET', key, me, own .. ' ' .. (now + lease))
    redis.call('PEXPIRE', key, lease)
  end
  local all = redis.call('HGETALL', key)
  for at = 1, #all, 2 do
    local process, number, good = all[at], string.match(all[at + 1], '^(%d+) (%d+)')
    if lives[process] == nil then
      lives[process] = redis.call('EXISTS', 'sockets:process:' .. process) == 1
    end
    if lives[process] and tonumber(good) > now then
      sum = sum + tonumber(number)
    else
      redis.call('HDEL', key, process)
      moved = true
    end
  end
  if moved then
    redis.call('ZADD', KEYS[1], now, key)
  end
  sums[place - 1] = sum
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - 10000)
redis.call('PEXPIRE', KEYS[1], 20000)
return {now, sums, redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[2], '+inf', 'LIMIT', 0, 1000)}
"""


class Watchers:
    """Counts, and tells whoever watches a post when the sum is another, or somebody came who does not know it."""

    def __init__(self, redis: Redis, audience: Audience, latest: Latest, process: str) -> None:
        """`process` is the name under which this process says that it lives."""
        self._script = redis.register_script(_COUNT)
        self._audience = audience
        self._latest = latest
        self._process = process
        self._looked_at = 0
        self._in_turn: list[str] = []
        self._resting: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to count."""
        self._task = asyncio.create_task(keep_running(self._run, "live watchers"), name="live watchers")

    async def stop(self) -> None:
        """Count no more."""
        await end([self._task])

    async def _run(self) -> None:
        while True:
            many = len(self._audience.moved) > POSTS_AT_ONCE
            await asyncio.sleep(PERIOD_SECONDS / 4 if many else PERIOD_SECONDS)
            posts = self._next_posts()
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    await self._count(posts)
            except (RedisError, OSError, TimeoutError):
                # Redis is away, and others say so. Whoever came is told when it is back.
                self._put_back(posts)

    def _next_posts(self) -> dict[str, bool]:
        """Those to count now, and whether somebody came."""
        moved = self._audience.moved
        now = asyncio.get_running_loop().time()
        self._resting = {key: until for key, until in self._resting.items() if until > now}
        posts = dict(islice(((key, came) for key, came in moved.items() if key not in self._resting), POSTS_AT_ONCE))
        for key in posts:
            del moved[key]
        # Those beyond the bound have their turn, or what was said of them lapses.
        while len(moved) > MOST_MOVED:
            moved.popitem()
        while len(posts) < POSTS_AT_ONCE and self._in_turn:
            key = self._in_turn.pop()
            if key in self._audience.topics and key not in self._resting:
                posts.setdefault(key, False)
        if not self._in_turn:
            topics = self._audience.topics.items()
            self._in_turn = [key for key, topic in topics if topic.watchers and key.startswith("post:")]
        return posts

    def _put_back(self, posts: dict[str, bool]) -> None:
        for key, came in self._audience.moved.items():
            posts[key] = came or posts.get(key, False)
        self._audience.moved = posts

    async def _count(self, posts: dict[str, bool]) -> None:
        numbers = [len(topic.watchers) if (topic := self._audience.topics.get(key)) else 0 for key in posts]
        now, sums, elsewhere = await self._script(
            keys=[_MOVED, *map("watching:{}".format, posts)],
            args=[self._process, self._looked_at, LEASE_MS, *numbers],
        )
        self._looked_at = now
        self._note_moved(key.decode().removeprefix("watching:") for key in elsewhere)
        for (key, came), count in zip(posts.items(), sums, strict=True):
            topic = self._audience.topics.get(key)
            if topic is not None and topic.watchers and (came or count != topic.told):
                self._tell(topic, count)

    def _note_moved(self, keys: Iterable[str]) -> None:
        for key in keys:
            if key in self._audience.topics:
                self._audience.moved.setdefault(key, False)

    def _tell(self, topic: Topic, count: int) -> None:
        topic.told = count
        at = datetime.now(UTC).isoformat().encode()
        data = kept_json({"count": count})
        entry = Entry(0, (topic.key,), WATCHERS, str(uuid4()).encode(), at, data, ephemeral=True)
        self._latest.hint(topic, entry)
        self._latest.flush_soon(topic)
        seconds = len(topic.watchers) / TOLD_PER_SECOND
        if seconds > PERIOD_SECONDS:
            self._resting[topic.key] = asyncio.get_running_loop().time() + seconds
