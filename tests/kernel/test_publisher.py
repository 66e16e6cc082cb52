"""What moving facts to Redis costs: one write, and no wait for a disk."""

import asyncio
from typing import Any

from actors.kernel.publisher import Publisher
from tests.kernel.conftest import Begin
from tests.kernel.counting import AddSlowly, CountersActor, until

WATCH = """
CREATE TABLE marked (how text);
CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN INSERT INTO marked VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
CREATE TRIGGER watch AFTER UPDATE OF published_at ON outbox FOR EACH STATEMENT EXECUTE FUNCTION watch();
"""
FACTS = 40


async def test_facts_are_marked_without_waiting_for_the_disk(begin: Begin, rows: Any) -> None:
    await rows.execute(WATCH)
    system = await begin((CountersActor,))
    await system.ask(AddSlowly(name="c1"))

    async def is_published() -> bool:
        return not await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")

    await until(is_published)
    assert {row["how"] for row in await rows.fetch("SELECT how FROM marked")} == {"off"}


async def test_a_claim_of_many_facts_reaches_redis_as_one_write(begin: Begin, rows: Any) -> None:
    system = await begin((CountersActor,))
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i % 10}")) for i in range(FACTS)))
    await system.stop()
    await rows.execute("UPDATE outbox SET published_at = NULL")
    client: Any = system.outside.cache.stream_client()
    connection = await client.connection_pool.get_connection()
    publisher = Publisher(rows, connection, system.domains, system.reach)
    await publisher.take_over()
    redis: Any = system.outside.cache.redis

    async def reads() -> int:
        return int((await redis.info("stats"))["total_reads_processed"])

    before = await reads()
    await publisher.publish()
    assert await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    # Redis reads 16 KB at a time; the question itself is one more.
    assert await reads() - before < FACTS / 2
    await client.aclose()
