"""Commands: ordered by key, batched without overtaking, one transaction each, surviving every failure."""

import asyncio
import random
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.kernel import pressure
from actors.kernel.envelope import Envelope, Origin
from actors.kernel.errors import Busy, Expired, Internal, NotFound, Unavailable
from actors.kernel.mailbox import Mailbox
from actors.kernel.message import Message
from actors.kernel.system import System
from tests.kernel.conftest import Begin
from tests.kernel.counting import Add, AddSlowly, CountersActor, Explode, GetCounter, Look, Move, Restart, until


def envelope(message: Message) -> Envelope:
    return Envelope(message, asyncio.get_running_loop().create_future(), Origin())


async def test_what_waits_is_committed_together(system: System) -> None:
    await asyncio.gather(*(system.ask(Add(name="c1")) for _ in range(500)))
    assert max(CountersActor.batches) > 50
    assert (await system.ask(GetCounter(name="c1"))).value == 500


async def test_ten_thousand_mixed_commands_end_with_counts_equal_to_rows(begin: Begin, rows: Any) -> None:
    system = await begin((CountersActor,))
    dice = random.Random(7)

    def one() -> Add | AddSlowly:
        kind = AddSlowly if dice.random() < 0.05 else Add
        return kind(name=f"c{dice.randrange(10)}", amount=dice.choice((-1, 1, 2)))

    gate = asyncio.Semaphore(1_000)  # fewer than one lane's mailbox takes: they may all wait for the slowest

    async def ask(message: Add | AddSlowly) -> None:
        async with gate:
            await system.ask(message)

    await asyncio.gather(*(ask(one()) for _ in range(10_000)))
    drift = await rows.fetch(
        "SELECT c.id FROM counters c "
        "WHERE value <> (SELECT coalesce(sum(amount), 0) FROM additions a WHERE a.counter = c.id)"
    )
    assert drift == []
    assert await rows.fetchval("SELECT sum(v) FROM counters") == 10_000


async def test_messages_of_one_key_are_handled_in_order(begin: Begin) -> None:
    system = await begin((CountersActor,))
    replies = await asyncio.gather(*(system.ask((AddSlowly if i % 7 == 0 else Add)(name="c1")) for i in range(300)))
    assert [reply.v for reply in replies] == list(range(1, 301))


async def test_a_batch_never_overtakes_a_message_with_its_key() -> None:
    mailbox = Mailbox(100)
    for message in (Add(name="a"), AddSlowly(name="b"), Add(name="b"), Add(name="a"), Add(name="c")):
        mailbox.put(envelope(message))
    limits = {Add: 512}
    assert [e.message.key for e in mailbox.take(limits)] == ["a", "a", "c"]
    assert [type(e.message) for e in mailbox.take(limits)] == [AddSlowly]
    assert [e.message.key for e in mailbox.take(limits)] == ["b"]


async def test_a_full_mailbox_says_busy_and_loses_nothing() -> None:
    mailbox = Mailbox(2)
    mailbox.put(envelope(Add(name="a")))
    mailbox.put(envelope(Add(name="a")))
    with pytest.raises(Busy):
        mailbox.put(envelope(Add(name="a")))
    assert len(mailbox.take({Add: 512})) == 2


async def test_one_crashing_item_in_a_batch_of_512_fails_alone(system: System, rows: Any) -> None:
    labels: list[str | None] = [None] * 512
    labels[300] = "boom"
    # The lane is kept busy so that all 512 wait together.
    first = asyncio.create_task(system.ask(AddSlowly(name="c1", amount=0, seconds=0.2)))
    await asyncio.sleep(0.05)
    answers = await asyncio.gather(
        *(system.ask(Add(name="c1", label=label)) for label in labels), return_exceptions=True
    )
    await first
    assert isinstance(answers[300], Internal)
    assert sum(isinstance(answer, Exception) for answer in answers) == 1
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == 511
    assert not system.supervisor.failed


async def test_a_vanished_parent_answers_not_found_for_its_item_alone(system: System) -> None:
    answers = await asyncio.gather(
        *(system.ask(Add(name=name)) for name in ("c1", "nothing", "c1")), return_exceptions=True
    )
    assert [type(answer).__name__ for answer in answers] == ["CounterView", "NotFound", "CounterView"]


async def test_a_data_error_of_the_database_fails_its_item_alone(system: System) -> None:
    # The table's CHECK refuses the amount: SQLSTATE 23514 for the whole statement, which is halved.
    first = asyncio.create_task(system.ask(AddSlowly(name="c1", amount=0, seconds=0.1)))
    await asyncio.sleep(0.03)
    amounts = [1] * 20
    amounts[11] = 2_000_000
    answers = await asyncio.gather(*(system.ask(Add(name="c1", amount=a)) for a in amounts), return_exceptions=True)
    await first
    assert [i for i, answer in enumerate(answers) if isinstance(answer, Exception)] == [11]


async def test_a_spoilt_lane_starts_afresh_and_the_message_succeeds(system: System) -> None:
    with pytest.raises(NotFound):
        await system.ask(Explode(name="c1", how="spoil"))
    with capture_logs() as said:
        assert (await system.ask(Add(name="c1"))).value == 1
    (restart,) = [line for line in said if line["event"] == "lane restarted"]
    assert isinstance(restart["exc_info"], Exception), "an operator is told what for"


async def test_too_many_restarts_fail_the_actor(system: System) -> None:
    failed: list[str] = []
    system.supervisor.watch(failed.append)
    for _ in range(7):
        with pytest.raises(NotFound):
            await system.ask(Explode(name="c1", how="spoil"))
        await system.ask(Add(name="c1"))
    assert failed == ["counters"]


async def test_a_message_that_raises_alone_and_again_does_not_count_as_a_restart(system: System) -> None:
    for _ in range(20):
        with pytest.raises(Internal):
            await system.ask(Explode(name="c1", how="bug"))
    assert not system.supervisor.failed
    assert (await system.ask(Add(name="c1"))).value == 1


async def test_a_refusal_raised_for_a_whole_batch_refuses_its_item_alone_and_is_no_restart(system: System) -> None:
    for _ in range(7):
        first = asyncio.create_task(system.ask(AddSlowly(name="c1", amount=0, seconds=0.05)))
        await asyncio.sleep(0.02)
        answers = await asyncio.gather(
            *(system.ask(Add(name="c1", label=label)) for label in (None, "refused", None)), return_exceptions=True
        )
        await first
        assert [type(answer).__name__ for answer in answers] == ["CounterView", "NotFound", "CounterView"]
    assert not system.supervisor.failed


async def test_what_was_committed_is_never_run_again(system: System, rows: Any) -> None:
    with pytest.raises(Internal):
        await system.ask(Explode(name="c1", how="after commit"))
    assert await rows.fetchval("SELECT count(*) FROM additions") == 1


@pytest.mark.parametrize("how", ["ask inside", "twice"])
async def test_an_ask_inside_a_transaction_and_a_second_transaction_are_refused(
    system: System, rows: Any, how: str
) -> None:
    with pytest.raises(Internal):
        await system.ask(Explode(name="c1", how=how))
    left_open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in%'"

    async def none_is_left_open() -> bool:
        return bool(await rows.fetchval(left_open) == 0)

    # Others may be at work for a moment: the relay, the inboxes.
    await until(none_is_left_open)


async def test_a_client_that_hangs_up_cancels_nothing(system: System, rows: Any) -> None:
    CountersActor.started = asyncio.Event()
    asked = asyncio.create_task(system.ask(AddSlowly(name="c1", seconds=0.2)))
    await CountersActor.started.wait()
    asked.cancel()
    await asyncio.wait([asked])

    async def committed() -> bool:
        return bool(await rows.fetchval("SELECT value = 1 FROM counters WHERE id = 'c1'"))

    await until(committed)


async def test_a_message_whose_deadline_passed_before_its_turn_is_dropped(system: System, rows: Any) -> None:
    deadline = asyncio.get_running_loop().time() + 0.05
    async with rows.transaction():
        await rows.execute("SELECT FROM counters WHERE id = 'c1' FOR UPDATE")
        busy = asyncio.create_task(system.ask(AddSlowly(name="c1", amount=0)))
        late = asyncio.create_task(system.ask(Add(name="c1"), origin=Origin(deadline=deadline)))
        await asyncio.sleep(0.1)
    with pytest.raises(Expired):
        await late
    await busy
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == 0


async def test_two_processes_that_count_the_same_ten_never_deadlock(begin: Begin, rows: Any) -> None:
    one, other = await begin((CountersActor,)), await begin((CountersActor,))
    names = [f"c{i}" for i in range(10)]
    await asyncio.gather(*(system.ask(Add(name=name)) for _ in range(60) for system in (one, other) for name in names))
    assert await rows.fetchval("SELECT sum(value) FROM counters") == 1_200
    assert sum(CountersActor.batches) == 1_200, "nothing was run again"


async def test_a_deadlock_between_two_processes_is_run_again(begin: Begin, rows: Any) -> None:
    name = await rows.fetchval("SELECT current_database()")
    await rows.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '50ms'")
    one, other = await begin((CountersActor,)), await begin((CountersActor,))
    CountersActor.meeting = asyncio.Event()
    there, back = (
        asyncio.create_task(system.ask(Move(name=name, to=to)))
        for system, name, to in ((one, "c1", "c2"), (other, "c2", "c1"))
    )

    async def each_holds_one() -> bool:
        return len(CountersActor.attempts) == 2 and bool(await rows.fetchval(HELD) == 2)

    await until(each_holds_one)
    CountersActor.meeting.set()
    await asyncio.gather(there, back)
    assert await rows.fetchval("SELECT array_agg(v ORDER BY id) FROM counters WHERE id IN ('c1', 'c2')") == [2, 2]
    assert len(CountersActor.attempts) > 2, "one of them was run again"


HELD = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND state = 'idle in transaction' AND query LIKE 'UPDATE counters%'
"""


async def test_a_lost_database_is_answered_unavailable_and_heals(system: System, rows: Any) -> None:
    CountersActor.meeting = asyncio.Event()
    busy = asyncio.create_task(system.ask(Move(name="c1", to="c2")))

    async def is_busy() -> bool:
        return bool(await rows.fetchval(HELD) == 1)

    await until(is_busy)
    waiting = [asyncio.create_task(system.ask(Add(name="c1"))) for _ in range(100)]
    await rows.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    CountersActor.meeting.set()
    with pytest.raises(Unavailable):
        await busy
    answers = await asyncio.gather(*waiting, return_exceptions=True)
    done = sum(not isinstance(answer, Exception) for answer in answers)
    assert all(isinstance(answer, Unavailable) for answer in answers if isinstance(answer, Exception))
    assert await rows.fetchval("SELECT value FROM counters WHERE id = 'c1'") == done
    assert (await system.ask(Add(name="c1"))).value == done + 1


async def test_stopping_finishes_what_was_accepted(begin: Begin, rows: Any) -> None:
    system = await begin()
    asked = [asyncio.create_task(system.ask(AddSlowly(name=f"c{i % 3}", seconds=0.01))) for i in range(30)]
    await asyncio.sleep(0.02)
    await system.stop()
    assert len(await asyncio.gather(*asked)) == 30
    with pytest.raises(Busy):
        await system.ask(Add(name="c1"))
    assert await rows.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0


async def test_fifty_questions_are_answered_together(system: System) -> None:
    replies = await asyncio.gather(*(system.ask(GetCounter(name=f"c{i % 10}")) for i in range(200)))
    assert [reply.name for reply in replies] == [f"c{i % 10}" for i in range(200)]
    with pytest.raises(NotFound):
        await system.ask(GetCounter(name="nothing"))


@pytest.mark.parametrize("sqlstate", ["40001", "40P01"])
async def test_a_serialisation_failure_is_run_again_whole(system: System, sqlstate: str) -> None:
    assert (await system.ask(Restart(name="c1", sqlstate=sqlstate, times=2))).value == 1
    assert len(CountersActor.attempts) == 3


async def test_an_outage_is_answered_unavailable_and_tried_once(system: System) -> None:
    with pytest.raises(Unavailable):
        await system.ask(Restart(name="c1", sqlstate="57P03", times=1))
    assert len(CountersActor.attempts) == 1


async def test_an_outage_in_a_batch_is_no_reason_to_try_its_halves(system: System) -> None:
    answers = await asyncio.gather(
        *(system.ask(Add(name="c1", label="outage")) for _ in range(512)), return_exceptions=True
    )
    assert {type(answer) for answer in answers} == {Unavailable}
    assert sum(CountersActor.batches) == 512, "each message was tried once"


async def test_a_commit_whose_answer_was_lost_is_never_run_again(system: System, rows: Any) -> None:
    # The commit itself lasts until its connection is cut.
    await rows.execute(
        "CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN PERFORM pg_sleep(30); RETURN NULL; END $$;"
        "CREATE CONSTRAINT TRIGGER linger AFTER UPDATE ON counters DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION linger()"
    )
    asked = asyncio.create_task(system.ask(Restart(name="c1")))

    async def is_committing() -> bool:
        return bool(
            await rows.fetchval(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE datname = current_database() AND query LIKE 'COMMIT%' AND state = 'active'"
            )
        )

    await until(is_committing)
    with pytest.raises(Unavailable):
        await asked
    assert len(CountersActor.attempts) == 1


async def test_commands_that_wait_for_locks_do_not_starve_queries(system: System, rows: Any) -> None:
    async with rows.transaction():
        await rows.execute("SELECT FROM counters FOR UPDATE")
        stuck = [asyncio.create_task(system.ask(AddSlowly(name=f"c{i % 10}"))) for i in range(50)]
        await asyncio.sleep(0.1)
        async with asyncio.timeout(30):
            assert (await system.ask(GetCounter(name="c1"))).value == 0
    await asyncio.gather(*stuck)


async def test_a_query_never_joins_one_that_is_already_running(system: System) -> None:
    CountersActor.started, CountersActor.meeting = started, meeting = asyncio.Event(), asyncio.Event()
    early = asyncio.create_task(system.ask(Look(name="c1")))
    await started.wait()
    CountersActor.meeting = None
    await system.ask(Add(name="c1"))
    assert (await system.ask(Look(name="c1"))).value == 1
    assert not early.done()
    meeting.set()
    assert (await early).value == 0


async def test_back_pressure_refuses_what_can_wait_and_takes_what_is_essential(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressure, "LAG_SECONDS", -1.0)
    system = await begin()

    async def is_high() -> bool:
        return system.pressure.is_high

    await until(is_high)
    with pytest.raises(Busy):
        await system.ask(Add(name="c1"))
    assert (await system.ask(Restart(name="c1"))).value == 1
    assert (await system.ask(GetCounter(name="c1"))).value == 1
