"""What ends a session ends all of it: access, refresh, cookies and sockets.

The process that ends one needs nobody to tell it: here neither the relay nor a look at PostgreSQL does.
How others hear of it within a second is in `tests/flows/test_revocation.py`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from actors.auth.people import Role
from actors.auth.sessions import EndSessionsOf
from actors.auth.standing import LiftSuspension, SetRole, Suspend
from actors.settings import Settings
from server.keys import SYSTEM
from server.realtime import recheck
from tests.actors.auth.people import fetch, prove
from tests.attacks.mail import reset_token
from tests.attacks.people import PASSWORD, Browser, Client, Person, ask, browse, ok, open_socket, sign_in
from tests.server.realtime.conftest import Socket

OTHER = "amber herons 47 kites"


@pytest.fixture(autouse=True)
def nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is not asked who may still be believed."""
    monkeypatch.setattr(recheck, "PERIOD_SECONDS", 3600.0)


async def hold_facts(client: Client) -> None:
    """Facts stay where they were committed from now on, as when Redis is away."""
    assert client.app is not None
    await client.app[SYSTEM].relay.stop()


@dataclass
class Entrances:
    """Every way somebody is in: an app with a socket, a browser with a socket."""

    app: Person
    browser: Browser
    sockets: tuple[Socket, ...]

    @classmethod
    async def of(cls, client: Client, username: str) -> "Entrances":
        """Two sessions of somebody's, each with a socket."""
        app, browser = await sign_in(client, username), await browse(client, username)
        return cls(app, browser, (await open_socket(client, app), await open_socket(client, browser)))


Deed = Callable[[Client, Person, str], Awaitable[None]]
"""Done by Ada, who may have a link to choose a new password."""


async def _change(client: Client, ada: Person, _: str) -> None:
    await ok(client, "PUT", "/v1/auth/password", ada, json={"current": PASSWORD, "password": OTHER})


async def _reset(client: Client, _: Person, token: str) -> None:
    await ok(client, "POST", "/v1/auth/password/reset", json={"token": token, "password": OTHER})


async def _suspend(client: Client, ada: Person, _: str = "") -> None:
    await _tell(client, Suspend(user_id=UUID(ada.id), until=datetime.now(UTC) + timedelta(days=1), reason="Spam."))


async def _close(client: Client, ada: Person, _: str) -> None:
    await ok(client, "POST", "/v1/auth/me/delete", ada, json={"password": PASSWORD})


async def _end_others(client: Client, ada: Person, _: str) -> None:
    await ok(client, "DELETE", "/v1/auth/sessions", ada)


async def _end_each(client: Client, ada: Person, _: str) -> None:
    listed = await ok(client, "GET", "/v1/auth/sessions", ada)
    for session in listed["items"]:
        if not session["current"]:
            await ok(client, "DELETE", f"/v1/auth/sessions/{session['id']}", ada)


async def _end_by_hand(client: Client, ada: Person, _: str) -> None:
    await _tell(client, EndSessionsOf(user_id=UUID(ada.id)))


async def _tell(client: Client, order: Any) -> None:
    assert client.app is not None
    await client.app[SYSTEM].ask(order)


DEEDS: Mapping[str, tuple[Deed, int, bool]] = {
    # what is done, the code sockets close with, whether the session it is done from goes on
    "password change": (_change, 4501, True),
    "password reset": (_reset, 4501, False),
    "suspension": (_suspend, 4502, False),
    "closing the account": (_close, 4501, False),
    "ending all others": (_end_others, 4501, True),
    "ending each": (_end_each, 4501, True),
    "an operator": (_end_by_hand, 4501, False),
}


@pytest.mark.parametrize("why", DEEDS)
async def test_no_way_in_survives_the_answer(client: Client, ada: Person, settings: Settings, why: str) -> None:
    deed, code, goes_on = DEEDS[why]
    token = await _link(client, settings) if deed is _reset else ""
    entrances = await Entrances.of(client, "ada")
    own_socket = await open_socket(client, ada)
    ticket = (await ok(client, "POST", "/v1/realtime/tickets", entrances.app))["ticket"]

    await hold_facts(client)
    ending = entrances.sockets if goes_on else (*entrances.sockets, own_socket)
    closed = asyncio.gather(*(socket.closed() for socket in ending))
    await deed(client, ada, token)
    await _are_out(client, entrances, ticket)
    assert (await ask(client, "GET", "/v1/auth/me", ada))[0] == (200 if goes_on else 401)
    assert set(await closed) == {code}
    if goes_on:
        assert "ok" in await own_socket.ask("sub", topic="tag:sea")


async def _link(client: Client, settings: Settings) -> str:
    await prove(settings.database_url)
    await ok(client, "POST", "/v1/auth/password/forgot", json={"email": "ada@example.org"})
    return await reset_token(settings)


async def _are_out(client: Client, entrances: Entrances, ticket: str) -> None:
    """Out by every door, and for good."""
    app, browser = entrances.app, entrances.browser
    attempts: list[Callable[[], Awaitable[tuple[int, Any]]]] = [
        lambda: ask(client, "GET", "/v1/auth/me", app),
        lambda: ask(client, "PATCH", "/v1/profiles/me", app, json={"bio": "Still here."}),
        lambda: ask(client, "POST", "/v1/realtime/tickets", app),
        lambda: ask(client, "POST", "/v1/auth/refresh", json={"refresh_token": app.refresh}),
        lambda: ask(client, "GET", "/v1/auth/me", browser),
        lambda: ask(client, "PATCH", "/v1/profiles/me", browser, json={"bio": "Still here."}),
        lambda: ask(client, "POST", "/v1/auth/refresh", browser, json={}),
    ]
    for place, attempt in enumerate(attempts):
        status, _ = await attempt()
        assert status == 401, place
    for fields in ({"token": app.access}, {"ticket": ticket}):
        socket = Socket(await client.ws_connect("/v1/realtime"))
        assert "err" in await socket.ask("connect", **fields), fields
        assert await socket.closed() in {4500, 4501, 4502}


async def test_one_session_that_ends_is_over_with_the_answer(client: Client, ada: Person, database_url: str) -> None:
    leaving, stolen, page = await sign_in(client, "ada"), await sign_in(client, "ada"), await browse(client, "ada")
    sockets = [await open_socket(client, who) for who in (leaving, stolen, page)]
    closed = asyncio.gather(*(socket.closed() for socket in sockets))
    await hold_facts(client)

    await ok(client, "POST", "/v1/auth/logout", leaving)
    await ok(client, "POST", "/v1/auth/refresh", json={"refresh_token": stolen.refresh})
    await fetch(database_url, "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds'")
    assert (await ask(client, "POST", "/v1/auth/refresh", json={"refresh_token": stolen.refresh}))[0] == 401
    await browse(client, "ada", headers=page.headers)
    for who in (leaving, stolen, page):
        assert (await ask(client, "GET", "/v1/auth/me", who))[0] == 401
    assert await closed == [4501] * 3
    assert (await ask(client, "GET", "/v1/auth/me", ada))[0] == 200, "and no other one"


async def test_who_is_suspended_stays_out_until_it_is_lifted(client: Client, ada: Person) -> None:
    await _suspend(client, ada)
    status, problem = await ask(client, "POST", "/v1/auth/login", json={"login": "ada", "password": PASSWORD})
    assert (status, (problem or {}).get("code")) == (403, "account_suspended")
    status, problem = await ask(client, "POST", "/v1/auth/login", json={"login": "ada", "password": "not hers at all"})
    assert (status, (problem or {}).get("code")) == (401, "invalid_credentials"), (
        "who does not know the password learns nothing"
    )
    await _tell(client, LiftSuspension(user_id=UUID(ada.id)))
    again = await sign_in(client, "ada")
    assert (await ok(client, "GET", "/v1/auth/me", again))["user"]["id"] == ada.id
    assert (await ask(client, "GET", "/v1/auth/me", ada))[0] == 401, "what ended stays ended"


async def test_signing_out_ends_one_session_and_no_other(client: Client, ada: Person) -> None:
    app, browser = await sign_in(client, "ada"), await browse(client, "ada")
    await ok(client, "POST", "/v1/auth/logout", app)
    assert (await ask(client, "GET", "/v1/auth/me", app))[0] == 401
    assert (await ask(client, "POST", "/v1/auth/refresh", json={"refresh_token": app.refresh}))[0] == 401
    for who in (ada, browser):
        assert (await ask(client, "GET", "/v1/auth/me", who))[0] == 200


async def test_a_role_that_was_taken_away_is_gone_from_tokens_too(client: Client, ada: Person) -> None:
    await _tell(client, SetRole(user_id=UUID(ada.id), role=Role.admin))
    admin = await sign_in(client, "ada")
    socket = await open_socket(client, admin, topics={"admin:queue": None})
    assert "err" not in socket.connected["topics"]["admin:queue"]
    await hold_facts(client)
    await _tell(client, SetRole(user_id=UUID(ada.id), role=Role.user))
    assert (await socket.push())["unsubscribed"] == {"topic": "admin:queue", "code": "topic_forbidden"}
    again = await open_socket(client, admin, topics={"admin:queue": None})
    assert "err" in again.connected["topics"]["admin:queue"]
