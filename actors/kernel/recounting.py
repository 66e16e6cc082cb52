"""Recounting: counts that facts keep up, held against the rows they count, a stretch at a time.

Such a count lags behind its rows by what is on its way: a fact and the rows it tells of are one commit, its effect on
the count and the record of that effect are another. So in one snapshot

    drift = count + what the facts without a record will add - rows

and this is exact however many write meanwhile: every commit leaves it as it is. What has drifted is put right by
adding, never by setting, so that it commutes with every fact on its way. Only two recounts of the same stretch could
put it right twice: each moves the walk on from the turn that its snapshot saw, and whoever comes second does nothing.
"""

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import structlog
from asyncpg import Record
from prometheus_client import Counter, Gauge

from actors.adapters.database import Database
from actors.kernel.message import Command, Event
from actors.kernel.once import caused_id
from actors.kernel.transaction import Reads, Transaction

C = TypeVar("C", bound=Command[Any])
E = TypeVar("E", bound=Event)

BEGINNING = UUID(int=0)

drift_sum = Gauge(
    "vitrine_counts_drift", "How far off the counts of the stretch looked at last were, in all", ["count"]
)
healed_total = Counter(
    "vitrine_counts_healed_total", "Counts that differed from their rows and were put right", ["count"]
)
log = structlog.get_logger(__name__)


class Walk(NamedTuple):
    """How far a walk through a table has come, and how often it was moved on."""

    name: str
    after: UUID
    turn: int


@asynccontextmanager
async def one_moment(database: Database) -> AsyncIterator[Reads]:
    """Reads that all see the same commits."""
    async with database.for_query() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        yield connection


async def walk(db: Reads, name: str) -> Walk:
    """Where the walk of that name goes on."""
    row = await db.fetchrow("SELECT after, turn FROM walks WHERE name = $1", name)
    return Walk(name, BEGINNING, 0) if row is None else Walk(name, row["after"], row["turn"])


async def move_on(tx: Transaction, seen: Walk, rows: Sequence[Record], at_once: int) -> bool:
    """Let the walk go on after the `id` of the last of these rows, or from the beginning when fewer came than asked.

    False: somebody else moved it since.
    """
    return bool(
        await tx.fetchval(
            """
            INSERT INTO walks AS w (name, after, turn) VALUES ($1, $2, $3 + 1)
            ON CONFLICT (name) DO UPDATE SET after = excluded.after, turn = excluded.turn WHERE w.turn = $3
            RETURNING true
            """,
            seen.name,
            rows[-1]["id"] if len(rows) == at_once else BEGINNING,
            seen.turn,
        )
    )


async def without_effect(db: Reads, domain: str, kinds: Collection[type[E]]) -> list[E]:
    """The facts of these kinds that the domain listens to and has not recorded. The dead are not among them."""
    rows = await db.fetch(
        """
        SELECT o.type, o.payload FROM outbox o
        WHERE o.type = ANY($2::text[]) AND $1 = ANY(string_to_array(o.targets, ' '))
            AND NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = $1)
            AND NOT EXISTS (SELECT FROM dead_letters d WHERE d.event_id = o.id AND d.domain = $1)
        """,
        domain,
        [kind.__name__ for kind in kinds],
    )
    by_name = {kind.__name__: kind for kind in kinds}
    return [by_name[row["type"]].model_validate_json(row["payload"]) for row in rows]


async def on_their_way(
    db: Reads, domain: str, kinds: Collection[type[E]], command_of: Callable[[E], C], target: str
) -> list[C]:
    """What facts of these kinds will still have the domain ask of the domain `target`."""
    wishes = [(event, command_of(event)) for event in await without_effect(db, domain, kinds)]
    ids = [caused_id(event, wish) for event, wish in wishes]
    rows = await db.fetch(
        "SELECT event_id FROM inbox_records WHERE domain = $1 AND event_id = ANY($2::uuid[])", target, ids
    )
    done = {row["event_id"] for row in rows}
    return [wish for (_, wish), made in zip(wishes, ids, strict=True) if made not in done]


def report(count: str, drifted: Mapping[UUID, int], looked_at: int) -> None:
    """Tell operators by how much each of these was off."""
    drift_sum.labels(count).set(sum(map(abs, drifted.values())))
    if drifted:
        healed_total.labels(count).inc(len(drifted))
        log.warning("counts were off", count=count, looked_at=looked_at, drifted=_some(drifted.items()))


def _some(drifted: Iterable[tuple[UUID, int]]) -> dict[str, int]:
    return {str(key): by for key, by in sorted(drifted, key=lambda pair: -abs(pair[1]))[:10]}
