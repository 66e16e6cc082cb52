"""A server that vanishes without a word, as behind a firewall that drops: whoever waits for it stops waiting."""

from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from actors.adapters import cache, database
from actors.adapters.database import Database
from actors.adapters.outside import open_outside
from actors.kernel import publisher, reading
from actors.kernel.streams import GROUP, LIVE, inbox_of
from actors.kernel.system import System
from actors.settings import Settings
from tests.kernel.counting import ACTORS, Add, until
from tests.line import line_to

SILENCE = 0.3


async def test_an_inbox_whose_redis_went_silent_is_read_again(
    settings: Settings, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module, name in (
        (cache, "SILENCE_SECONDS"),
        (cache, "COMMAND_TIMEOUT_SECONDS"),
        (publisher, "REDIS_SECONDS"),
    ):
        monkeypatch.setattr(module, name, SILENCE)
    monkeypatch.setattr(reading, "BLOCK_MS", 100)
    async with line_to(settings.redis_url) as line:
        through = settings.model_copy(update={"redis_url": line.url})
        # The test's own client has all the time it needs, also where 0.3 s are nothing.
        async with Redis.from_url(settings.redis_url) as direct, open_outside(through) as outside:
            system = System(outside, ACTORS)
            await system.start()
            redis: Any = direct

            async def is_reading() -> bool:
                return bool(await redis.exists(inbox_of("ledger"))) and any(
                    consumer["name"] == system.inbox.consumer.encode()
                    for consumer in await redis.xinfo_consumers(inbox_of("ledger"), GROUP)
                )

            await until(is_reading)
            line.goes_dead()
            await system.ask(Add(name="c1"))
            line.heals()

            async def took_effect() -> bool:
                return bool(await rows.fetchval("SELECT count(*) = 1 FROM ledger"))

            await until(took_effect)
            await system.stop()


async def test_a_leader_whose_database_went_silent_leads_again(
    settings: Settings, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SILENCE_SECONDS", SILENCE)
    async with line_to(settings.database_url) as line, open_outside(settings) as outside:
        through = settings.model_copy(update={"database_url": line.url})
        pools = outside.database
        divided = replace(outside, database=Database(through, pools._commands, pools._queries))
        system = System(divided, ACTORS)
        await system.start()
        leading = "SELECT pid FROM pg_stat_activity WHERE application_name = 'vitrine-relay' AND datname = $1"
        (name,) = await rows.fetchrow("SELECT current_database()")

        async def leads() -> bool:
            return bool(await outside.cache.redis.exists(LIVE))

        await until(leads)
        pid = await rows.fetchval(leading, name)
        line.goes_dead()
        await rows.execute("SELECT pg_terminate_backend($1)", pid)
        line.heals()
        await system.ask(Add(name="c1"))

        async def is_published() -> bool:
            return bool(await rows.fetchval("SELECT published_at IS NOT NULL FROM outbox"))

        await until(is_published)
        await system.stop()
