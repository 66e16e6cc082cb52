"""What the leader does: claim unpublished facts and jobs, write them to Redis in one go, mark them."""

import asyncio
import re
from collections.abc import Callable, Sequence
from typing import Any

import asyncpg
import structlog
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from actors.adapters.queue import JOBS_FIELD, JOBS_GROUP, JOBS_STREAM, pack
from actors.kernel import keeping, metrics, outbox
from actors.kernel.streams import GROUP, KEPT, LIVE, MARK, Pipe, inbox_of

log = structlog.get_logger(__name__)

CLAIM = 2_000
LOOKBACK = 20_000
"""Transactions commit out of order: facts this far below the last one are looked at each time, the rest by sweep."""
REDIS_SECONDS = 5.0
_TOO_SMALL = "equal or smaller"

_CLAIM = """
SELECT seq, id, type, payload, targets, topics, live_type, live_data, ephemeral, author, near, origin, at
FROM outbox WHERE published_at IS NULL AND seq > $1 ORDER BY seq LIMIT $2
"""
_CLAIM_JOBS = "SELECT id, task, args FROM job_intents WHERE published_at IS NULL ORDER BY seq LIMIT $1"
_MARK = """
WITH facts AS (UPDATE outbox SET published_at = now() WHERE seq = ANY($1::bigint[])),
     jobs AS (UPDATE job_intents SET published_at = now() WHERE id = ANY($2::uuid[]))
UPDATE relay_state SET n = $3, mark = $4 WHERE epoch = $5
"""
_BEGIN_EPOCH = """
UPDATE relay_state SET epoch = greatest(epoch + 1, $1::bigint + 1, extract(epoch FROM now())::bigint), n = 0, mark = 0
RETURNING epoch
"""
_OWE_AGAIN = """
UPDATE job_intents i SET published_at = NULL WHERE done_at IS NULL AND published_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM dead_letters WHERE event_id = i.id AND domain = 'jobs')
"""
_TARGETS = """
SELECT DISTINCT unnest(string_to_array(targets, ' ')) AS target FROM outbox WHERE published_at IS NULL AND targets <> ''
"""


class Deposed(Exception):
    """Another leader has taken over, or this one can no longer tell what Redis holds."""


class Publisher:
    """One term of leadership: its two connections and its position in the live log."""

    def __init__(
        self, connection: asyncpg.Connection, redis: Any, domains: Sequence[str], reach: Callable[[str], None]
    ) -> None:
        self._connection = connection
        self._redis = redis
        self._domains = domains
        self._reach = reach
        self._last_seq = 0
        self._n = 0
        self._kept = 0
        self._mark = 0
        self._run = b""
        self.epoch = 0

    async def take_over(self) -> None:
        """Go on where the last leader stopped, or begin a new epoch when Redis has lost something."""
        row = await self._connection.fetchrow("SELECT epoch, n, mark FROM relay_state")
        assert row is not None, "the migration puts this row there"
        self.epoch, self._n, self._mark = row["epoch"], row["n"], row["mark"]
        self._last_seq = await self._connection.fetchval("SELECT coalesce(max(seq), 0) FROM outbox")
        self._run = await self._run_id()
        mark, _, _ = await self._look()
        if mark is not None and mark[0] > self.epoch:
            # This term holds the lock, so it is PostgreSQL that forgot an epoch.
            await self._begin_epoch(after=mark[0])
        await self.verify()
        kept, run = await self._standing()
        if kept is None or kept[0] != self.epoch or run != self._run:
            await self._begin_epoch()
        else:
            self._kept = kept[1]

    async def verify(self) -> None:
        """Compare what Redis holds with what was written there; behind means lost, and begins a new epoch.

        Called twice a second, which also keeps the leader's connection from idling out.
        """
        await self._connection.execute("SELECT 1")
        mark, head, is_whole = await self._look()
        if (
            mark is None
            or head is None
            or not is_whole
            or mark < (self.epoch, self._mark)
            or head < (self.epoch, self._n)
        ):
            await self._begin_epoch()
        elif mark[0] > self.epoch or head[0] > self.epoch:
            raise Deposed("a later epoch has begun")
        else:
            # The last leader may have written to Redis and died before it told PostgreSQL.
            self._n, self._mark = head[1], mark[1]

    async def publish(self) -> bool:
        """Move one claim. True: there may be more."""
        return await self._move(self._last_seq - LOOKBACK)

    async def sweep(self) -> None:
        """Move what late commits or a backlog left below the bound of the ordinary claim."""
        while await self._move(0):
            pass

    async def trim(self) -> None:
        """Let go of what nobody wants of the live log any more."""
        await keeping.trim(self._send)

    async def _move(self, above: int) -> bool:
        facts = await self._connection.fetch(_CLAIM, above, CLAIM)
        jobs = await self._connection.fetch(_CLAIM_JOBS, CLAIM)
        if not facts and not jobs:
            return False
        pipe = Pipe()
        n = self._n
        for fact in facts:
            n = self._add_fact(pipe, fact, n)
        for job in jobs:
            packed = pack(job["task"], str(job["id"]), job["args"])
            pipe.add("XADD", JOBS_STREAM, "NOMKSTREAM", "*", JOBS_FIELD, packed)
        mark = self._mark + 1
        pipe.add("XADD", MARK, "NOMKSTREAM", "MAXLEN", "1", f"{self.epoch}-{mark}", "n", n, "r", self._run)
        self._reach("relay:claimed")
        if any(reply is None for reply in await self._send(pipe)):
            await self._begin_epoch()
            return True
        self._reach("relay:published")
        tag = await self._connection.execute(
            _MARK, [fact["seq"] for fact in facts], [job["id"] for job in jobs], n, mark, self.epoch
        )
        if tag == "UPDATE 0":
            raise Deposed("a later epoch has begun")
        self._n, self._mark = n, mark
        if facts:
            self._last_seq = max(self._last_seq, facts[-1]["seq"])
        metrics.relayed_total.inc(len(facts))
        return len(facts) == CLAIM or len(jobs) == CLAIM

    def _add_fact(self, pipe: Pipe, fact: asyncpg.Record, n: int) -> int:
        # Whoever watches is told before whoever reacts: a reaction takes longer than a look.
        if fact["topics"]:
            n += 1
            self._add_shown(pipe, fact, f"{self.epoch}-{n}")
            if not fact["ephemeral"]:
                self._kept = n
        origin = fact["origin"] or ""
        for domain in fact["targets"].split():
            stream = inbox_of(domain)
            pipe.add("XADD", stream, "NOMKSTREAM", "*", "y", fact["type"], "p", fact["payload"], "o", origin)
        return n

    def _add_shown(self, pipe: Pipe, fact: asyncpg.Record, entry: str) -> None:
        shown: list[str | bytes] = ["t", fact["topics"], "y", fact["live_type"], "i", str(fact["id"])]
        shown += ["a", fact["at"].isoformat(), "d", fact["live_data"], "b", str(self._kept)]
        if fact["ephemeral"]:
            shown += ["e", b"1"]
        if fact["author"]:
            shown += ["s", str(fact["author"])]
        if fact["near"]:
            shown += ["m", fact["near"]]
        pipe.add("XADD", LIVE, "NOMKSTREAM", entry, *shown)
        if not fact["ephemeral"]:
            pipe.add("XADD", KEPT, "NOMKSTREAM", entry, *shown)

    async def _begin_epoch(self, *, after: int = 0) -> None:
        """Redis lost something: what has not taken effect is sent again, and the live log starts anew."""
        is_first = self.epoch == 0
        async with self._connection.transaction():
            self.epoch = await self._connection.fetchval(_BEGIN_EPOCH, after)
            facts = await outbox.republish(self._connection)
            jobs = await self._connection.execute(_OWE_AGAIN, timeout=outbox.REPUBLISH_SECONDS)
        # A newer process may announce to domains this one does not know.
        targets = {row["target"] for row in await self._connection.fetch(_TARGETS)}
        self._n = self._kept = self._mark = 0
        pipe = Pipe()
        for log_of in (LIVE, KEPT):
            pipe.add("XADD", log_of, f"{self.epoch}-0", "y", "epoch")
        pipe.add("XTRIM", KEPT, "MINID", f"{self.epoch}-0")
        for domain in targets.union(self._domains):
            pipe.add("XGROUP", "CREATE", inbox_of(domain), GROUP, "0", "MKSTREAM")
        pipe.add("XGROUP", "CREATE", JOBS_STREAM, JOBS_GROUP, "0", "MKSTREAM")
        pipe.add("XADD", MARK, "MAXLEN", "1", f"{self.epoch}-0", "n", 0, "r", self._run)
        await self._send(pipe)
        self._last_seq = await self._connection.fetchval("SELECT coalesce(max(seq), 0) FROM outbox")
        metrics.epochs_total.inc()
        say = log.info if is_first else log.warning
        say("epoch begun", epoch=self.epoch, facts_sent_again=facts, jobs=jobs)

    async def _run_id(self) -> bytes:
        """By what this start of Redis is told from any other."""
        pipe = Pipe()
        pipe.add("INFO", "server")
        (reply,) = await self._send(pipe)
        found = re.search(rb"run_id:(\w+)", reply)
        return found[1] if found else b""

    async def _standing(self) -> tuple[tuple[int, int] | None, bytes | None]:
        """What was kept last, and in which run of Redis the mark was made.

        A Redis that was started anew may have lost what came after the mark: effects of facts that count as done.
        """
        pipe = Pipe()
        for stream in (KEPT, MARK):
            pipe.add("XREVRANGE", stream, "+", "-", "COUNT", 1)
        kept, mark = await self._send(pipe)
        made = dict(zip(mark[0][1][::2], mark[0][1][1::2], strict=True)) if mark else {}
        return _id(kept), made.get(b"r")

    async def _look(self) -> tuple[tuple[int, int] | None, tuple[int, int] | None, bool]:
        """The last ids of mark and live log, and whether every stream is there: a domain that is new has none yet."""
        streams = (JOBS_STREAM, *map(inbox_of, self._domains))
        pipe = Pipe()
        for stream in (MARK, LIVE):
            pipe.add("XREVRANGE", stream, "+", "-", "COUNT", 1)
        pipe.add("EXISTS", *streams)
        mark, head, there = await self._send(pipe)
        return _id(mark), _id(head), there == len(streams)

    async def _send(self, pipe: Pipe) -> Sequence[Any]:
        if not self._redis.is_connected:
            raise RedisConnectionError("the connection was lost; what Redis holds must be verified first")
        async with asyncio.timeout(REDIS_SECONDS):
            replies = await pipe.send(self._redis)
        for reply in replies:
            if isinstance(reply, ResponseError) and not str(reply).startswith("BUSYGROUP"):
                if _TOO_SMALL in str(reply):
                    raise Deposed("another leader wrote to the live log")
                raise reply
        return replies


def _id(entries: Sequence[Any]) -> tuple[int, int] | None:
    if not entries:
        return None
    epoch, _, n = entries[0][0].partition(b"-")
    return int(epoch), int(n)
