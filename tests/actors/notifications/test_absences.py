"""People who are suspended or leave are not counted, wherever it is counted, until they are back."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.auth.standing import CloseAccount, LiftSuspension, Suspend
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, callers, fetch
from tests.actors.clock import strike
from tests.actors.graph.standing import block
from tests.actors.notifications.telling import rings, told
from tests.actors.notifications.test_notifications import like, outline, settle, unread
from tests.actors.posts.posting import plant


async def suspend(system: System, who: Caller, until: datetime | None = None) -> None:
    await system.ask(Suspend(user_id=who.id, until=until, reason="spam"))


async def test_the_suspended_leave_list_and_counts_and_come_back_without_ringing(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    first, second = await plant(database_url, [ana.id, ana.id])
    for fan, post in ((bea, first), (cleo, first), (bea, second)):
        await like(system, fan, post)
        await settle(database_url)
    before, rung = await outline(system, ana), await rings(database_url, ana)
    assert await unread(system, ana) == (2, 2)
    await suspend(system, bea)
    await settle(database_url)
    assert await outline(system, ana) == [("like", first, ["cleo"], 1)]
    last = (await told(database_url, ana))[-1]
    assert (last["unseen"], last["unread"]) == await unread(system, ana) == (1, 1)
    await system.ask(LiftSuspension(user_id=bea.id))
    await settle(database_url)
    assert await outline(system, ana) == before
    last = (await told(database_url, ana))[-1]
    assert (last["unseen"], last["unread"]) == await unread(system, ana) == (2, 2)
    assert await rings(database_url, ana) == rung


async def test_one_whose_suspension_runs_out_is_let_back_by_the_clock(
    system: System, outside: Outside, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    await suspend(system, bea, datetime.now(UTC) + timedelta(days=1))
    await settle(database_url)
    await strike(outside, "notifications.let_back")
    await settle(database_url)
    assert await outline(system, ana) == []
    await fetch(database_url, "UPDATE users SET suspended_until = now() WHERE id = $1", bea.id)
    for _ in range(2):
        await strike(outside, "notifications.let_back")
        await settle(database_url)
        assert await outline(system, ana) == [("like", post, ["bea"], 1)]
    assert await unread(system, ana) == (1, 1)
    assert await fetch(database_url, "SELECT 1 FROM notification_absences") == []


async def test_many_places_are_left_in_stretches_and_blocks_go_both_ways(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.notifications.reviewing.AT_ONCE", 2)
    ana, bea = await callers(system, "ana", "bea")
    posts = await plant(database_url, [ana.id] * 5)
    for post in posts:
        await like(system, bea, post)
    await settle(database_url)
    for blocking, count in ((True, 0), (False, 5)):
        await block(system, ana, bea, blocking=blocking)
        await settle(database_url)
        assert (len(await outline(system, ana)), await unread(system, ana)) == (count, (count, count))
    await system.ask(CloseAccount(caller=bea, password=SecretStr(PASSWORD)))
    await settle(database_url)
    assert (await outline(system, ana), await unread(system, ana)) == ([], (0, 0))
    assert await rings(database_url, ana) == 5
