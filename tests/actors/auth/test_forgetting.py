"""What is over is forgotten by the clock, and nothing that lives; what an old key sealed is sealed anew."""

import dataclasses

import pytest
from pydantic import SecretStr

from actors.adapters.outside import Outside
from actors.auth import jobs
from actors.auth.credentials import SetUpAuthenticator
from actors.auth.messages import Login, Logout, Refresh
from actors.auth.sealing import Seal
from actors.domains import actors
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, fetch, join
from tests.actors.auth.test_authenticators import code_of, protect
from tests.actors.auth.test_sessions import is_in
from tests.actors.clock import strike


async def test_sessions_and_tokens_that_are_over_are_forgotten_in_chunks(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    alive = await join(system, "ana")
    turned = await system.ask(Refresh.model_validate({"refresh_token": alive.refresh_token}))
    ended = [await join(system, f"ended{n}") for n in range(5)]
    for each in ended:
        await system.ask(Logout(caller=each.caller))
    unused = await join(system, "unused")
    await fetch(
        database_url,
        "UPDATE sessions SET revoked_at = revoked_at - interval '8 days', "
        "expires_at = CASE WHEN user_id = $1 THEN now() - interval '8 days' ELSE expires_at END",
        unused.user.id,
    )
    fresh = await join(system, "just_left")
    await system.ask(Logout(caller=fresh.caller))
    await system.ask(SetUpAuthenticator(caller=alive.caller))
    await strike(outside, "auth.forget")
    left = await fetch(database_url, "SELECT user_id FROM sessions")
    assert {row["user_id"] for row in left} == {alive.user.id, fresh.user.id}
    # The one that was spent just now still tells a replay from a made-up token.
    assert len(await fetch(database_url, "SELECT FROM refresh_tokens")) == 3
    assert len(await fetch(database_url, "SELECT FROM authenticators")) == 1
    await fetch(database_url, "UPDATE refresh_tokens SET spent_at = spent_at - interval '31 days'")
    await fetch(database_url, "UPDATE authenticators SET created_at = created_at - interval '25 hours'")
    await strike(outside, "auth.forget")
    assert len(await fetch(database_url, "SELECT FROM refresh_tokens")) == 2
    assert await fetch(database_url, "SELECT FROM authenticators") == []
    assert await is_in(system, turned)


async def test_what_an_older_key_sealed_is_sealed_anew_before_that_key_leaves(
    system: System, outside: Outside, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 2)
    people = [await join(system, name) for name in ("ana", "bea", "carl", "dora")]
    secret, _ = await protect(system, people[0])
    for each in people[1:]:
        await system.ask(SetUpAuthenticator(caller=each.caller))
    await fetch(database_url, "UPDATE authenticators SET sealed_with = 'gone' WHERE user_id = $1", people[3].user.id)
    old = outside.settings.jwt_secret.get_secret_value()
    both, new = with_secret(outside, f"{'n' * 32},{old}"), with_secret(outside, "n" * 32)
    for _ in range(2):
        await strike(both, "auth.reseal")
    rows = await fetch(database_url, "SELECT sealed_with, count(*) AS n FROM authenticators GROUP BY 1")
    current = Seal.of(new.settings, "totp").key_id
    assert {row["sealed_with"]: row["n"] for row in rows} == {current: 3, "gone": 1}
    afterwards = System(new, actors())
    await afterwards.start()
    login = Login.model_validate({"login": "ana", "password": PASSWORD, "totp": code_of(secret)})
    assert (await afterwards.ask(login)).user.id == people[0].user.id
    await afterwards.stop()


def with_secret(outside: Outside, secret: str) -> Outside:
    """The same with another JWT_SECRET."""
    settings = outside.settings.model_copy(update={"jwt_secret": SecretStr(secret)})
    return dataclasses.replace(outside, settings=settings)
