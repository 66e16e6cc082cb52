"""Two versions side by side, as in the middle of a release: neither holds up, loses or buries what is the other's."""

from typing import Any

import pytest

from actors.kernel import lease
from actors.kernel.actor import Actor, on
from actors.kernel.streams import LIVE, inbox_of
from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, ArchiveActor, CountersActor, Explode, LedgerActor, Poisoned, until

WITHOUT_ARCHIVE = (CountersActor, LedgerActor)


class FormerLedgerActor(Actor, domain="ledger"):
    """The ledger before it listened to `Added`."""

    @on(Poisoned)
    async def swallow(self, event: Poisoned) -> None:
        raise RuntimeError(event.name)


async def leads(redis: Any) -> None:
    async def has_begun() -> bool:
        return bool(await redis.exists(LIVE))

    await until(has_begun)


async def test_a_leader_makes_the_inbox_of_a_domain_that_only_a_newer_process_knows(begin: Begin, rows: Any) -> None:
    old = await begin(WITHOUT_ARCHIVE)
    redis: Any = old.outside.cache.redis
    await leads(redis)
    new = await begin()
    before = await rows.fetchval("SELECT epoch FROM relay_state")
    await new.ask(Add(name="c1"))

    async def is_kept() -> bool:
        return bool(ArchiveActor.kept)

    await until(is_kept)
    epoch = await rows.fetchval("SELECT epoch FROM relay_state")
    assert epoch > before
    await new.ask(Add(name="c2"))

    async def both_are_kept() -> bool:
        return len(ArchiveActor.kept) == 2

    await until(both_are_kept)
    assert await rows.fetchval("SELECT epoch FROM relay_state") == epoch, "one loss, one epoch"

    async def all_is_published() -> bool:
        return not await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")

    await until(all_is_published)


async def test_a_domain_whose_inbox_is_missing_holds_up_no_other(begin: Begin) -> None:
    old = await begin(WITHOUT_ARCHIVE)
    redis: Any = old.outside.cache.redis
    await leads(redis)
    await old.inbox.stop_reading()
    new = await begin()
    await new.ask(Explode(name="c1", how="poison"))

    async def is_tried() -> bool:
        return bool(await redis.hlen("attempts"))

    await until(is_tried)
    assert not await redis.exists(inbox_of("archive"))


async def test_after_an_upgrade_a_new_domain_has_its_inbox_though_redis_lost_nothing(begin: Begin) -> None:
    old = await begin(WITHOUT_ARCHIVE)
    redis: Any = old.outside.cache.redis
    await leads(redis)
    await old.stop()
    new = await begin()
    redis = new.outside.cache.redis

    async def is_there() -> bool:
        return bool(await redis.exists(inbox_of("archive")))

    await until(is_there)


async def test_what_an_old_process_cannot_read_is_left_to_a_newer_one(
    begin: Begin, rows: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "DELIVERIES", 1)
    announcing = await begin()
    redis: Any = announcing.outside.cache.redis
    await leads(redis)
    await announcing.inbox.stop_reading()
    old = await begin((CountersActor, FormerLedgerActor))
    await announcing.ask(Add(name="c1"))

    async def is_left() -> bool:
        consumers = await redis.xinfo_consumers(inbox_of("ledger"), "actors")
        return any(c["name"] == old.inbox.consumer.encode() and c["pending"] for c in consumers)

    await until(is_left)
    # Only now, and so only for the one that begins: nobody else may take it over before it was seen to be left.
    monkeypatch.setattr(lease, "LEASE_SECONDS", 0.3)
    await begin()

    async def took_effect() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 1 FROM ledger"))

    await until(took_effect)
    assert await rows.fetchval("SELECT count(*) FROM dead_letters") == 0
