"""Whence a fact came: the requests of its own key, not of whoever shared its batch, and the event that caused it."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar
from uuid import UUID

import orjson
import pytest
from structlog.testing import capture_logs

from actors.kernel.actor import Actor, on
from actors.kernel.envelope import Origin
from actors.kernel.errors import Internal
from actors.kernel.message import Event
from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, Added, CountersActor, until


class Echoed(Event, key="name"):
    name: str


class EchoActor(Actor, domain="echo"):
    """Announces once more what was announced; `is_late` has it fail after its commit."""

    is_late: ClassVar[bool] = False
    batches: ClassVar[list[int]] = []

    @on(Added, batch=32)
    async def echo(self, events: Sequence[Added]) -> None:
        self.batches.append(len(events))
        async with self.transaction() as tx:
            tx.emit(*(Echoed(name=event.name) for event in events))
        if self.is_late:
            raise RuntimeError("after the commit")


@pytest.fixture(autouse=True)
def in_time() -> None:
    EchoActor.is_late = False
    EchoActor.batches.clear()


async def test_each_fact_of_a_batch_names_the_requests_about_its_key_and_the_event_that_caused_it(
    begin: Begin, rows: Any
) -> None:
    system = await begin((CountersActor, EchoActor))
    await asyncio.gather(*(system.ask(Add(name=f"c{i % 5}"), origin=Origin(request_id=f"req-{i}")) for i in range(20)))
    assert max(CountersActor.batches) > 4

    async def is_echoed() -> bool:
        return bool(await rows.fetchval("SELECT count(*) = 5 FROM outbox WHERE type = 'Echoed'"))

    await until(is_echoed)
    added: dict[UUID, str] = {}
    for row in await rows.fetch("SELECT id, type, key, origin, payload FROM outbox ORDER BY seq"):
        assert row["origin"].split(",") == [f"req-{i}" for i in range(20) if f"c{i % 5}" == row["key"]]
        cause = orjson.loads(row["payload"])["cause"]
        if row["type"] == "Added":
            assert cause is None
            added[row["id"]] = row["key"]
        else:
            assert added[UUID(cause)] == row["key"]


async def test_what_fails_is_logged_with_its_own_request(begin: Begin) -> None:
    system = await begin((CountersActor,))
    with capture_logs() as lines:
        answers = await asyncio.gather(
            *(
                system.ask(Add(name="c1", label="boom" if i == 7 else None), origin=Origin(request_id=f"req-{i}"))
                for i in range(20)
            ),
            return_exceptions=True,
        )
    assert isinstance(answers[7], Internal)
    assert [line["requests"] for line in lines if line["event"] == "message failed"] == [["req-7"]]


async def test_what_fails_after_its_commit_is_not_run_again_though_a_repeat_was_beside_it(begin: Begin) -> None:
    system = await begin((CountersActor, EchoActor))
    first, second = (Added(name="c1", value=v, v=v) for v in (1, 2))
    await system.deliver("echo", first, Origin())
    EchoActor.is_late = True
    repeated, late = await asyncio.gather(
        system.deliver("echo", first, Origin()), system.deliver("echo", second, Origin()), return_exceptions=True
    )
    assert repeated is None
    assert isinstance(late, RuntimeError)
    assert EchoActor.batches == [1, 2, 1]
