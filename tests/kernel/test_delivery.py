"""Facts: from the outbox through Redis into every listening domain, once in effect, whatever is lost on the way."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from actors.adapters import consumers
from actors.kernel import dead, inbox, lease, outbox, publisher, relay
from actors.kernel.envelope import Origin
from actors.kernel.errors import KeyReused, StillRunning
from actors.kernel.once import Idempotency
from actors.kernel.publisher import Deposed, Publisher
from actors.kernel.relay import PRUNE_AFTER
from actors.kernel.streams import GROUP, LIVE, MARK, inbox_of
from actors.kernel.system import System
from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, AddSlowly, CountersActor, Explode, LedgerActor, until


async def everything_took_effect(rows: Any) -> bool:
    missing = await rows.fetchval(
        "SELECT (SELECT count(*) FROM outbox WHERE type = 'Added') - (SELECT count(*) FROM ledger)"
    )
    return bool(missing == 0)


async def everything_is_published(rows: Any) -> bool:
    return not await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")


async def is_empty(redis: Any, domain: str) -> bool:
    """Whether everything in the inbox was acknowledged."""
    return not await redis.xlen(inbox_of(domain))


async def test_a_fact_reaches_its_listener_and_the_live_log_once(system: System, redis: Any, rows: Any) -> None:
    await system.ask(Add(name="c1", amount=3))
    await until(lambda: everything_took_effect(rows))
    assert await rows.fetchval("SELECT value FROM ledger") == 3
    assert await rows.fetchval("SELECT times FROM received") == 1
    entries = await redis.xrange(LIVE)
    assert entries[0][1] == {b"y": b"epoch"}
    entry, fields = entries[1]
    assert fields[b"t"] == b"counter:c1"
    assert fields[b"d"] == b'{"name":"c1","value":3,"v":1}'
    assert entry == entries[0][0].replace(b"-0", b"-1")


async def test_a_repeated_delivery_does_nothing(system: System, redis: Any, rows: Any) -> None:
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    fact = await rows.fetchrow("SELECT * FROM outbox WHERE type = 'Added'")
    fields = {"y": fact["type"], "p": fact["payload"], "o": ""}
    for _ in range(5):
        await redis.xadd(inbox_of("ledger"), fields)
    await until(lambda: is_empty(redis, "ledger"))
    assert await rows.fetchval("SELECT count(*) FROM ledger") == 1
    assert await rows.fetchval("SELECT times FROM received") == 1


async def test_two_processes_share_the_work_and_nothing_takes_effect_twice(begin: Begin, rows: Any) -> None:
    one, other = await begin(), await begin()
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i % 10}")) for i in range(40) for system in (one, other)))
    await until(lambda: everything_took_effect(rows))
    assert await rows.fetchval("SELECT count(*) FROM ledger") == 80
    assert await rows.fetchval("SELECT sum(times) FROM received") == 80


async def test_a_handler_that_always_fails_ends_among_the_dead_and_the_rest_flows_on(
    system: System, redis: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "ATTEMPTS", 2)
    LedgerActor.failing.add("c1")
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i}")) for i in range(10)))

    async def is_buried() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM dead_letters"))

    await until(is_buried)
    (letter,) = await dead.listing(rows)
    assert (letter["domain"], letter["type"], letter["key"], letter["attempts"]) == ("ledger", "Added", "c1", 2)
    assert "this handler always fails" in letter["error"]
    await until(lambda: everything_took_effect_of(rows, 9))

    LedgerActor.failing.clear()
    await dead.replay(rows, letter["id"])
    await until(lambda: everything_took_effect_of(rows, 10))
    assert await rows.fetchval("SELECT count(*) FROM dead_letters") == 0

    async def none_is_counted() -> bool:
        return not await redis.hlen("attempts")

    await until(none_is_counted)


async def everything_took_effect_of(rows: Any, count: int) -> bool:
    return bool(await rows.fetchval("SELECT count(*) = $1 FROM ledger", count))


async def test_a_dropped_letter_is_not_brought_back(system: System, rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "ATTEMPTS", 1)
    await system.ask(Explode(name="c1", how="poison"))

    async def is_buried() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM dead_letters"))

    await until(is_buried)
    (letter,) = await dead.listing(rows, domain="ledger")
    await dead.drop(rows, letter["id"])
    assert await outbox.republish(rows) == 0


async def test_a_letter_older_than_the_record_is_not_replayed(rows: Any, redis: Any) -> None:
    letter = uuid4()
    await rows.execute(
        "INSERT INTO dead_letters (id, domain, event_id, payload, event_at) "
        "VALUES ($1, 'ledger', $1, '{}', now() - interval '8 days')",
        letter,
    )
    with pytest.raises(dead.TooOld):
        await dead.replay(rows, letter)
    assert await rows.fetchval("SELECT count(*) FROM dead_letters") == 1


async def test_an_event_nobody_can_read_is_kept_and_does_not_block(
    system: System, redis: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PATIENCE_SECONDS", -60.0)
    unknown = {"y": "FromTheFuture", "p": f'{{"id": "{uuid4()}", "at": "2026-01-01T00:00:00Z"}}', "o": ""}
    await redis.xadd(inbox_of("ledger"), unknown)
    await redis.xadd(inbox_of("ledger"), {"y": "Added", "p": b"\xff not JSON", "o": ""})
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))

    async def both_are_buried() -> bool:
        return bool(
            await rows.fetchval("SELECT array_agg(type ORDER BY type) = '{Added,FromTheFuture}' FROM dead_letters")
        )

    await until(both_are_buried)
    await until(lambda: is_empty(redis, "ledger"))


async def test_an_older_transaction_that_commits_after_a_newer_one_is_relayed(
    system: System, rows: Any, database_url: str
) -> None:
    slow = asyncio.create_task(system.ask(AddSlowly(name="c1", seconds=0)))
    await slow
    # The sequence is drawn here, the commit comes after later facts were published.
    async with rows.transaction():
        seq = await rows.fetchval("SELECT nextval('outbox_seq_seq')")
        await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i}")) for i in range(5)))
        await until(lambda: everything_is_published(rows))
        await rows.execute(
            "INSERT INTO outbox (seq, id, type, key, payload, targets, at) "
            "SELECT $1, gen_random_uuid(), type, key, "
            "convert_to(jsonb_set(convert_from(payload, 'UTF8')::jsonb, '{id}', to_jsonb(gen_random_uuid()))::text, "
            "'UTF8'), "
            "targets, now() FROM outbox LIMIT 1",
            seq,
        )

    async def is_published() -> bool:
        return bool(await rows.fetchval("SELECT published_at IS NOT NULL FROM outbox WHERE seq = $1", seq))

    await until(is_published)
    await until(lambda: everything_took_effect(rows))


async def test_flushall_under_load_begins_a_new_epoch_and_loses_nothing(system: System, redis: Any, rows: Any) -> None:
    is_over = asyncio.Event()

    async def load() -> int:
        done = 0
        while not is_over.is_set():
            await system.ask(AddSlowly(name=f"c{done % 10}"))
            done += 1
        return done

    loading = asyncio.gather(*(load() for _ in range(3)))
    for _ in range(4):
        await asyncio.sleep(0.1)
        await redis.flushall()
    is_over.set()
    done = sum(await loading)
    await until(lambda: everything_took_effect(rows), seconds=30)
    assert await rows.fetchval("SELECT count(*) FROM ledger") == done
    assert await rows.fetchval("SELECT sum(times) FROM received") == done
    epoch = await rows.fetchval("SELECT epoch FROM relay_state")
    assert (await redis.xrange(LIVE, count=1))[0][0] == f"{epoch}-0".encode()


async def test_live_numbers_have_no_gap(begin: Begin, rows: Any) -> None:
    system = await begin((CountersActor,))
    redis: Any = system.outside.cache.redis
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i % 10}")) for i in range(100)))
    await until(lambda: everything_is_published(rows))
    numbers = [int(entry.partition(b"-")[2]) for entry, _ in await redis.xrange(LIVE)]
    assert numbers == list(range(101))


async def test_losing_only_the_newest_entries_is_noticed(system: System, redis: Any, rows: Any) -> None:
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    before = await rows.fetchval("SELECT epoch FROM relay_state")
    # What a restart from an older snapshot looks like: the newest entry of each stream is gone.
    for stream in (LIVE, MARK):
        kept = await redis.dump(stream)
        await system.ask(Add(name="c2"))
        await until(lambda: everything_took_effect(rows))
        await redis.restore(stream, 0, kept, replace=True)

        async def is_later(than: int = before) -> bool:
            return bool(await rows.fetchval("SELECT epoch > $1 FROM relay_state", than))

        await until(is_later)
        before = await rows.fetchval("SELECT epoch FROM relay_state")


async def test_after_a_loss_facts_go_to_the_inboxes_again_but_never_to_the_live_log(
    system: System, redis: Any, rows: Any
) -> None:
    LedgerActor.failing.add("c1")
    await system.ask(Add(name="c1"))

    async def has_failed() -> bool:
        return bool(await redis.hlen("attempts"))

    await until(has_failed)
    await redis.flushall()

    async def has_begun_anew() -> bool:
        return bool(await redis.exists(LIVE))

    await until(has_begun_anew)
    LedgerActor.failing.clear()
    await until(lambda: everything_took_effect(rows), seconds=20)
    assert [fields[b"y"] for _, fields in await redis.xrange(LIVE)] == [b"epoch"]


async def test_what_a_dead_process_held_is_taken_over(begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.6)
    system = await begin()
    redis: Any = system.outside.cache.redis
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    fact = await rows.fetchrow("SELECT payload FROM outbox")
    payload = fact["payload"].replace(b'"c1"', b'"c2"')
    other = str(uuid4())
    payload = payload[:6] + f'"{other}"'.encode() + payload[payload.index(b'",') + 1 :]
    await system.inbox.stop_reading()
    await redis.xadd(inbox_of("ledger"), {"y": "Added", "p": payload, "o": ""})
    await redis.xreadgroup(GROUP, "somebody who died", {inbox_of("ledger"): ">"})
    successor = await begin()

    async def is_taken_over() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM ledger WHERE event_id = $1", UUID(other)))

    await until(is_taken_over)
    assert successor.inbox.consumer != "somebody who died"


async def test_published_facts_are_pruned_only_when_every_listener_recorded_them(system: System, rows: Any) -> None:
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    LedgerActor.failing.add("c2")
    await system.ask(Add(name="c2"))

    async def is_published() -> bool:
        return not await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")

    await until(is_published)
    await until(lambda: recorded(rows, "archive", 2))
    await system.stop()  # its relay prunes, too
    await rows.execute("UPDATE outbox SET published_at = published_at - interval '1 hour'")
    assert await outbox.prune(rows, system.domains, older_than=PRUNE_AFTER) == 1
    assert await rows.fetchval("SELECT key FROM outbox") == "c2"


async def test_a_domain_that_is_no_longer_there_does_not_keep_facts_for_ever(rows: Any) -> None:
    await rows.execute(
        "INSERT INTO outbox (id, type, key, payload, targets, topics, ephemeral, at, published_at) "
        "SELECT gen_random_uuid(), 'Added', 'c' || days, '{}', 'gone', '', false, now() - days * interval '1 day', "
        "now() - interval '1 hour' FROM (VALUES (6), (8)) AS facts(days)"
    )
    assert await outbox.prune(rows, ["ledger"], older_than=PRUNE_AFTER) == 1
    assert await rows.fetchval("SELECT key FROM outbox") == "c6", "it may be a domain that only newer processes know"
    await rows.execute("UPDATE outbox SET at = now() - interval '8 days'")
    assert await outbox.prune(rows, ["gone"], older_than=PRUNE_AFTER) == 0, "one that is known is waited for"


async def test_a_record_is_kept_for_as_long_as_its_fact_may_be_sent_again(begin: Begin, rows: Any) -> None:
    waiting, over = uuid4(), uuid4()
    await rows.execute(
        "INSERT INTO outbox (id, type, key, payload, targets, topics, ephemeral, at, published_at) "
        "VALUES ($1, 'Unreadable', 'c1', '{}', 'ledger archive', '', false, now(), now())",
        waiting,
    )
    await rows.execute(
        "INSERT INTO inbox_records (domain, event_id, at) "
        "SELECT 'ledger', unnest($1::uuid[]), now() - interval '8 days'",
        [waiting, over],
    )
    await begin()

    async def is_forgotten() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 0 FROM inbox_records WHERE event_id = $1", over))

    await until(is_forgotten)
    assert await rows.fetchval("SELECT count(*) FROM inbox_records WHERE event_id = $1", waiting) == 1


async def test_what_a_long_rest_left_behind_is_forgotten_in_steps(
    begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "PRUNED_AT_ONCE", 2)
    await rows.execute(
        "INSERT INTO idempotency_keys (scope, key, fingerprint, reply, at) "
        "SELECT 'somebody', n::text, '', '', now() - (n || ' days')::interval FROM generate_series(0, 5) AS n"
    )
    await begin()

    async def is_forgotten() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM idempotency_keys"))

    await until(is_forgotten)
    assert await rows.fetchval("SELECT key FROM idempotency_keys") == "0"


async def recorded(rows: Any, domain: str, count: int) -> bool:
    return bool(await rows.fetchval("SELECT count(*) = $2 FROM inbox_records WHERE domain = $1", domain, count))


async def test_what_one_listener_recorded_is_sent_again_to_the_others_only(system: System, rows: Any) -> None:
    LedgerActor.failing.add("c1")
    await system.ask(Add(name="c1"))
    await until(lambda: recorded(rows, "archive", 1))
    await system.stop()
    assert await outbox.republish(rows) == 1
    assert await rows.fetchval("SELECT targets FROM outbox") == "ledger"


async def test_an_effect_without_a_transaction_is_recorded_after_it(system: System, redis: Any, rows: Any) -> None:
    await system.ask(Add(name="c1"))
    await until(lambda: recorded(rows, "archive", 1))
    fact = await rows.fetchrow("SELECT type, payload FROM outbox")
    await redis.xadd(inbox_of("archive"), {"y": fact["type"], "p": fact["payload"], "o": ""})
    await until(lambda: is_empty(redis, "archive"))
    assert await rows.fetchval("SELECT count(*) FROM inbox_records WHERE domain = 'archive'") == 1


async def test_the_lead_passes_on_when_the_leader_loses_its_connection(begin: Begin, rows: Any) -> None:
    one, other = await begin(), await begin()
    await rows.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'vitrine-relay' "
        "AND datname = current_database()"
    )
    await asyncio.gather(one.ask(Add(name="c1")), other.ask(Add(name="c2")))
    await until(lambda: everything_took_effect(rows))


async def test_a_leader_that_wakes_up_late_is_refused(system: System, redis: Any, rows: Any) -> None:
    client = system.outside.cache.stream_client()
    connection = await client.connection_pool.get_connection()  # type: ignore[no-untyped-call]  # redis-py leaves it bare
    late = Publisher(rows, connection, system.domains, system.reach)
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    await late.take_over()
    await redis.flushall()

    async def is_later() -> bool:
        return bool(await rows.fetchval("SELECT epoch > $1 FROM relay_state", late.epoch))

    await until(is_later)
    await system.stop()
    await rows.execute("UPDATE outbox SET published_at = NULL")
    with pytest.raises(Deposed):
        await late.publish()
    with pytest.raises(Deposed):
        await late.verify()
    await client.aclose()


async def test_a_database_that_forgot_an_epoch_begins_one_after_it(begin: Begin, rows: Any) -> None:
    system = await begin()
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    await system.stop()
    known = await rows.fetchval("UPDATE relay_state SET epoch = epoch - 1000000 RETURNING epoch + 1000000")
    await begin()

    async def is_later() -> bool:
        return bool(await rows.fetchval("SELECT epoch > $1 FROM relay_state", known))

    await until(is_later)


async def test_facts_about_one_key_go_live_in_the_order_of_their_versions(begin: Begin, rows: Any) -> None:
    one, other = await begin((CountersActor,)), await begin((CountersActor,))
    await asyncio.gather(*(system.ask(AddSlowly(name="c1")) for _ in range(100) for system in (one, other)))
    await until(lambda: everything_is_published(rows))
    redis: Any = one.outside.cache.redis
    shown = [orjson.loads(fields[b"d"])["v"] for _, fields in (await redis.xrange(LIVE))[1:]]
    assert shown == list(range(1, 201))


async def test_what_lies_below_the_bound_of_the_claim_is_swept(
    begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher, "LOOKBACK", 0)
    monkeypatch.setattr(publisher, "CLAIM", 10)
    system = await begin((CountersActor,))
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i % 10}")) for i in range(100)))
    await until(lambda: everything_is_published(rows))


async def test_an_outage_burns_no_attempts(
    system: System, redis: Any, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "ATTEMPTS", 2)
    LedgerActor.outages = 4
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows), seconds=30)
    assert await redis.hlen("attempts") == 0
    assert await rows.fetchval("SELECT count(*) FROM dead_letters") == 0


async def test_what_kills_its_holders_is_buried(begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.6)
    system = await begin()
    await system.ask(Add(name="c1"))
    await until(lambda: everything_took_effect(rows))
    await system.inbox.stop_reading()
    redis: Any = system.outside.cache.redis
    stream = inbox_of("ledger")
    fact = await rows.fetchrow("SELECT type, payload FROM outbox")
    await rows.execute("DELETE FROM inbox_records")
    entry = await redis.xadd(stream, {"y": fact["type"], "p": fact["payload"], "o": ""})
    await redis.xreadgroup(GROUP, "it died", {stream: ">"})
    await redis.execute_command("XCLAIM", stream, GROUP, "it died", 0, entry, "RETRYCOUNT", lease.DELIVERIES)
    await begin()

    async def is_buried() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM dead_letters WHERE domain = 'ledger'"))

    await until(is_buried)
    assert await rows.fetchval("SELECT count(*) FROM ledger") == 1


async def test_a_process_that_stops_leaves_what_it_holds_readable(begin: Begin, rows: Any) -> None:
    LedgerActor.failing.add("c1")
    system = await begin()
    redis: Any = system.outside.cache.redis
    stream = inbox_of("ledger")
    await system.ask(Add(name="c1"))

    async def is_held() -> bool:
        return bool(system.inbox.held("ledger"))

    await until(is_held)
    name = system.inbox.consumer.encode()
    await system.stop()
    assert name in {consumer["name"] for consumer in await redis.xinfo_consumers(stream, GROUP)}
    (left,) = await redis.xpending_range(stream, GROUP, "-", "+", 9)
    assert left["times_delivered"] == 0, "ten restarts are no poison"
    assert left["time_since_delivered"] >= lease.LEASE_SECONDS * 1000, "the next may have it at once"


async def test_consumers_of_servers_that_were_killed_are_forgotten(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.3)
    monkeypatch.setattr(consumers, "_STALE_MS", 0)
    system = await begin()
    redis: Any = system.outside.cache.redis

    async def is_there() -> bool:
        return bool(await redis.exists(inbox_of("ledger")))

    await until(is_there)
    await redis.xgroup_createconsumer(inbox_of("ledger"), GROUP, "killed")
    await begin()

    async def is_forgotten() -> bool:
        return b"killed" not in {each["name"] for each in await redis.xinfo_consumers(inbox_of("ledger"), GROUP)}

    await until(is_forgotten)


async def test_a_process_stops_while_a_handler_keeps_failing(begin: Begin) -> None:
    LedgerActor.failing.update(f"c{i}" for i in range(10))
    system = await begin()
    await asyncio.gather(*(system.ask(AddSlowly(name=f"c{i % 10}")) for i in range(50)))
    await asyncio.sleep(0.2)
    async with asyncio.timeout(30):
        await system.stop()


async def test_facts_carry_the_request_that_caused_them(system: System, rows: Any) -> None:
    await system.ask(AddSlowly(name="c1"), origin=Origin(request_id="req-1"))
    assert await rows.fetchval("SELECT origin FROM outbox") == "req-1"


# ── Idempotency-Key ──────────────────────────────────────────────────────────────────────────────────────


def keyed(key: str, fingerprint: bytes = b"same") -> Origin:
    return Origin(idempotency=Idempotency("ada", key, fingerprint))


async def test_a_request_with_a_key_acts_once_and_its_repeat_gets_the_same_answer(system: System, rows: Any) -> None:
    first = await system.ask(AddSlowly(name="c1"), origin=keyed("k"))
    again = keyed("k")
    assert await system.ask(AddSlowly(name="c1"), origin=again) == first
    assert again.replayed
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == 1


async def test_a_key_with_another_body_is_refused(system: System) -> None:
    await system.ask(AddSlowly(name="c1"), origin=keyed("k"))
    with pytest.raises(KeyReused):
        await system.ask(AddSlowly(name="c1"), origin=keyed("k", b"other"))


async def test_concurrent_requests_with_a_key_act_once(begin: Begin, rows: Any) -> None:
    systems = [await begin(), await begin()]
    answers = await asyncio.gather(
        *(systems[i % 2].ask(AddSlowly(name="c1", seconds=0.05), origin=keyed("k")) for i in range(20)),
        return_exceptions=True,
    )
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == 1
    assert all(isinstance(answer, StillRunning) for answer in answers if isinstance(answer, Exception))


async def test_a_key_in_a_batched_message_is_kept_for_its_own_item(system: System, rows: Any) -> None:
    await asyncio.gather(*(system.ask(Add(name="c1"), origin=keyed(f"k{i % 5}")) for i in range(5)))
    await asyncio.gather(*(system.ask(Add(name="c1"), origin=keyed(f"k{i % 5}")) for i in range(5)))
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == 5
