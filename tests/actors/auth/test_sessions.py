"""Sessions are seen by their owner alone, who can end each of them."""

import asyncio
from uuid import uuid4

import pytest

from actors.auth.messages import InvalidRefreshToken, Refresh, SignedIn
from actors.auth.people import Caller, UnknownUser
from actors.auth.sessions import (
    EndOtherSessions,
    EndSession,
    EndSessionsOf,
    ListSessions,
    SessionNotFound,
    SessionsOf,
    SessionView,
)
from actors.kernel.errors import Malformed, Unauthenticated
from actors.kernel.system import System
from tests.actors.auth.people import facts, fetch, join
from tests.actors.auth.test_signing_in import sign_in


async def listed(system: System, caller: Caller, limit: int = 100) -> list[SessionView]:
    """Every page of them."""
    items: list[SessionView] = []
    after = None
    while True:
        page = await system.ask(ListSessions(caller=caller, limit=limit, after=after))
        items += page.items
        if (after := page.next) is None:
            return items


async def is_in(system: System, who: SignedIn) -> bool:
    try:
        await system.ask(Refresh.model_validate({"refresh_token": who.refresh_token}))
    except InvalidRefreshToken:
        return False
    return True


async def test_my_sessions_are_listed_the_latest_first_with_the_current_one_marked(
    system: System, database_url: str
) -> None:
    first = await join(system, "ana", user_agent="curl/8", client_address="192.0.2.7")
    await join(system, "bea")
    others = [await sign_in(system, "ana") for _ in range(4)]
    await fetch(database_url, "UPDATE sessions SET expires_at = now() WHERE id = $1", others[0].caller.session_id)
    await system.ask(EndSession(caller=first.caller, id=others[1].caller.session_id))
    seen = await listed(system, others[2].caller, limit=2)
    open_ones = [others[3], others[2], first]
    assert [each.id for each in seen] == [each.caller.session_id for each in open_ones]
    assert [each.current for each in seen] == [False, True, False]
    assert (seen[2].device, seen[2].area) == ("curl", "192.0.2.0/24")
    operator_s = await system.ask(SessionsOf(user_id=first.caller.id))
    assert [each.id for each in operator_s.items] == [each.id for each in seen]
    assert not any(each.current for each in operator_s.items)
    with pytest.raises(Malformed):
        await system.ask(ListSessions(caller=first.caller, after=("no id",)))


async def test_one_session_is_ended_by_its_owner_alone_and_once(system: System, database_url: str) -> None:
    ana, bea = await join(system, "ana"), await join(system, "bea")
    phone = await sign_in(system, "ana")
    for caller, session_id in ((bea.caller, phone.caller.session_id), (ana.caller, uuid4())):
        with pytest.raises(SessionNotFound):
            await system.ask(EndSession(caller=caller, id=session_id))
    await system.ask(EndSession(caller=ana.caller, id=phone.caller.session_id))
    with pytest.raises(SessionNotFound):
        await system.ask(EndSession(caller=ana.caller, id=phone.caller.session_id))
    (fact,) = await facts(database_url, "SessionRevoked")
    assert (fact["session_id"], fact["reason"]) == (str(phone.caller.session_id), "revoked")
    assert [await is_in(system, each) for each in (ana, phone, bea)] == [True, False, True]
    await system.ask(EndSession(caller=ana.caller, id=ana.caller.session_id))
    assert not await is_in(system, ana)


async def test_all_others_end_at_once_and_an_ended_session_ends_nobody_s(
    system: System, elsewhere: System, database_url: str
) -> None:
    ana, bea = await join(system, "ana"), await join(system, "bea")
    others = [await sign_in(system, "ana") for _ in range(3)]
    await system.ask(EndOtherSessions(caller=ana.caller))
    assert [await is_in(system, each) for each in (ana, *others, bea)] == [True, False, False, False, True]
    assert len(await facts(database_url, "SessionRevoked")) == 3
    # A thief's token may be believed for a moment after its session has ended.
    for order in (
        EndOtherSessions(caller=others[0].caller),
        EndSession(caller=others[0].caller, id=ana.caller.session_id),
    ):
        with pytest.raises(Unauthenticated):
            await system.ask(order)
    assert await is_in(system, bea)
    both = await asyncio.gather(
        system.ask(EndOtherSessions(caller=bea.caller)),
        elsewhere.ask(EndOtherSessions(caller=(await sign_in(system, "bea")).caller)),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, Unauthenticated) for outcome in both) == 1


async def test_an_operator_ends_all_sessions_of_somebody(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await sign_in(system, "ana")
    assert await system.ask(EndSessionsOf(user_id=ana.caller.id)) == 2
    assert await system.ask(EndSessionsOf(user_id=ana.caller.id)) == 0
    assert not await is_in(system, ana)
    with pytest.raises(UnknownUser):
        await system.ask(EndSessionsOf(user_id=uuid4()))
