"""What became of people since their tokens were issued: known at once, told by whoever knows, and not kept for ever."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiohttp.test_utils import TestServer

from actors.auth.people import Caller, Plan, Role
from actors.auth.standing import EndReason, Standing
from server.http.standings import HORIZON_SECONDS, Standings
from server.http.tokens import LIFETIME_SECONDS
from server.keys import STANDINGS
from tests.server.http.conftest import Client, SignIn

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Clock:
    """A time that passes when it is told to."""

    now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def standings(clock: Clock) -> Standings:
    return Standings(clock)


def standing(user_id: UUID, seconds: float = 0, **others: Any) -> Standing:
    """Somebody's standing, changed so many seconds after noon."""
    said: dict[str, Any] = {"role": Role.user, "plan": Plan.free, "suspended_until": None, "closing": False}
    return Standing(user_id=user_id, changed_at=NOW + timedelta(seconds=seconds), **said | others)


def test_of_two_standings_the_later_holds_in_whatever_order_they_come(
    standings: Standings, somebody: Callable[..., Caller]
) -> None:
    caller = somebody()
    promoted, demoted = standing(caller.id, 1, role=Role.creator), standing(caller.id, 2)
    assert standings.change(demoted)
    assert not standings.change(promoted)
    assert standings.current(caller).role is Role.user
    assert standings.change(standing(caller.id, 3, role=Role.admin, plan=Plan.pro))
    assert standings.current(caller) == caller.model_copy(update={"role": Role.admin, "plan": Plan.pro})
    other = somebody()
    assert standings.current(other) is other


def test_a_suspension_ends_by_itself_or_by_a_later_word(
    standings: Standings, clock: Clock, somebody: Callable[..., Caller]
) -> None:
    caller = somebody()
    standings.change(standing(caller.id, suspended_until=NOW + timedelta(seconds=30)))
    assert standings.why_ended(caller) is EndReason.suspended
    clock.now += 31
    assert standings.why_ended(caller) is None
    endless = datetime.max.replace(tzinfo=UTC)
    for until in (endless, endless.replace(tzinfo=None)):
        standings.change(standing(caller.id, clock.now, suspended_until=until))
        assert standings.why_ended(caller) is EndReason.suspended
        standings.change(standing(caller.id, clock.now + 1))
        clock.now += 2
        assert standings.why_ended(caller) is None
    standings.change(standing(caller.id, clock.now + 5, closing=True))
    assert standings.why_ended(caller) is EndReason.closed


def test_who_was_let_in_again_need_not_wait_until_everybody_has_heard_of_it(
    standings: Standings, somebody: Callable[..., Caller]
) -> None:
    caller = somebody()

    def opened(seconds: float) -> Caller:
        opened_at = int((NOW.timestamp() + seconds) * 1000)
        return caller.model_copy(update={"session_id": UUID(int=opened_at << 80 | 7 << 76 | 2 << 62)})

    standings.change(standing(caller.id, closing=True))
    assert [standings.why_ended(opened(seconds)) for seconds in (-1, 1)] == [EndReason.closed, None]
    standings.end(opened(1).session_id, EndReason.revoked)
    assert standings.why_ended(opened(1)) is EndReason.revoked


def test_only_news_is_news(standings: Standings, somebody: Callable[..., Caller]) -> None:
    caller = somebody()
    changed = standing(uuid4())
    assert [standings.end(caller.session_id), standings.end(caller.session_id, EndReason.loggedOut)] == [True, False]
    assert [standings.change(changed), standings.change(changed)] == [True, False]
    assert standings.why_ended(caller) is EndReason.revoked
    assert standings.end(uuid4(), EndReason.loggedOut)


def test_what_no_token_can_contradict_any_more_is_forgotten(standings: Standings, clock: Clock) -> None:
    assert HORIZON_SECONDS > LIFETIME_SECONDS
    most = 0
    for _ in range(40):
        for _ in range(500):
            standings.end(uuid4())
            standings.change(standing(uuid4()))
        clock.now += 60
        most = max(most, len(standings))
    assert most <= 3 * 12 * 1_000 + 1_024, "no more than a few lives of a token's worth"
    clock.now += HORIZON_SECONDS + 1
    for _ in range(most):
        standings.end(uuid4())
    assert len(standings) <= most, "none of those before"


async def test_a_role_given_or_taken_holds_for_the_tokens_there_are(
    client: Client, bearer: SignIn, somebody: Callable[..., Caller]
) -> None:
    server = client.server
    assert isinstance(server, TestServer)
    known = server.app[STANDINGS]
    caller = somebody()
    headers = bearer(caller)

    async def status(method: str, path: str) -> int:
        async with client.request(method, path, headers=headers) as response:
            return response.status

    assert await status("PATCH", "/v1/workshop/kite") == 403
    known.change(standing(caller.id, 1, role=Role.creator))
    assert await status("PATCH", "/v1/workshop/kite") == 200
    assert await status("GET", "/v1/museum/kite") == 403
    known.change(standing(caller.id, 2, plan=Plan.pro))
    assert await status("PATCH", "/v1/workshop/kite") == 403
    assert await status("GET", "/v1/museum/kite") == 200
    known.change(standing(caller.id, 3, suspended_until=datetime.max.replace(tzinfo=UTC)))
    assert await status("GET", "/v1/museum/kite") == 401
    assert await status("GET", "/v1/toys/kite") == 401
    known.change(standing(caller.id, 4))
    assert await status("GET", "/v1/toys/kite") == 200
