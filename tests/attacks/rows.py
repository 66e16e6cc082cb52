"""What the database holds, so that a test can say that nothing changed."""

import time
from collections.abc import Mapping
from typing import Any

import asyncpg

_PASSING = ("outbox", "inbox_records", "job_intents", "idempotency_keys", "relay_state", "migration")
"""What is on its way, and tells of nobody's state."""
_TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> ALL($1) ORDER BY 1
"""
_ON_ITS_WAY = """
SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NULL)
    OR EXISTS (SELECT FROM outbox o, unnest(string_to_array(nullif(o.targets, ''), ' ')) AS target
               WHERE NOT EXISTS (SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target))
"""


async def settled(database: "asyncpg.Pool[Any]", seconds: float = 20) -> None:
    """Wait until every fact took effect everywhere."""
    deadline = time.monotonic() + seconds
    while await database.fetchval(_ON_ITS_WAY):
        assert time.monotonic() < deadline, "facts are still on their way"


async def everything(database: "asyncpg.Pool[Any]") -> Mapping[str, str]:
    """A fingerprint of all rows of each table."""
    names = [row["table_name"] for row in await database.fetch(_TABLES, _PASSING)]
    hashed = " UNION ALL ".join(
        f"SELECT '{name}' AS name, coalesce(md5(string_agg(t::text, ';' ORDER BY t::text)), '') AS hash FROM {name} t"
        for name in names
    )
    return {row["name"]: row["hash"] for row in await database.fetch(hashed)}


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables that are not as they were."""
    return [name for name, hashed in before.items() if after[name] != hashed]
