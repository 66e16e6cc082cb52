"""A browser's session is known by the id in its cookie: what Redis keeps for it may be lost, late or stale."""

import asyncio

import pytest

from actors.auth.messages import InvalidRefreshToken, Login, Logout, Refresh, SignedIn
from actors.auth.tokens import digest
from actors.kernel.errors import Unauthenticated
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, facts, fetch, join


async def refresh(system: System, web_id: str | None, kept_token: str | None = None, **fields: str) -> SignedIn:
    return await system.ask(Refresh.model_validate({"web_id": web_id, "kept_token": kept_token, **fields}))


async def unspent(database_url: str) -> list[bytes]:
    return [row["hash"] for row in await fetch(database_url, "SELECT hash FROM refresh_tokens WHERE spent_at IS NULL")]


async def test_the_id_is_told_once_kept_as_a_hash_and_turns_the_token_redis_kept(
    system: System, database_url: str
) -> None:
    ana = await join(system, "ana", client="web")
    assert ana.web_id is not None
    (row,) = await fetch(database_url, "SELECT web_id_hash, sessions::text AS whole FROM sessions")
    assert row["web_id_hash"] == digest(ana.web_id)
    assert ana.web_id not in row["whole"] + repr(ana)
    turned = await asyncio.gather(*(refresh(system, ana.web_id, ana.refresh_token) for _ in range(5)))
    assert len({each.refresh_token for each in turned} - {ana.refresh_token}) == 1
    assert {each.web_id for each in turned} == {None}
    assert await unspent(database_url) == [digest(turned[0].refresh_token)]


async def test_tabs_that_find_nothing_in_redis_all_stay_in_and_one_family_is_alive(
    system: System, elsewhere: System, database_url: str
) -> None:
    ana = await join(system, "ana", client="web")
    raced = await asyncio.gather(*(refresh(where, ana.web_id) for where in (system, elsewhere) * 5))
    assert {each.caller for each in raced} == {ana.caller}
    assert len(await unspent(database_url)) == 1
    # Whichever of them Redis happens to keep, the session goes on.
    for each in raced:
        await refresh(system, ana.web_id, each.refresh_token)
    assert await facts(database_url, "SessionRevoked") == []


async def test_a_token_redis_kept_from_before_a_crash_ends_nothing(system: System, database_url: str) -> None:
    ana = await join(system, "ana", client="web")
    await refresh(system, ana.web_id, ana.refresh_token)
    await fetch(database_url, "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds'")
    again = await refresh(system, ana.web_id, ana.refresh_token)
    assert again.caller == ana.caller
    assert await unspent(database_url) == [digest(again.refresh_token)]
    assert await facts(database_url, "SessionRevoked") == []


async def test_a_token_without_its_browser_s_id_is_worth_nothing_nor_is_another_s(
    system: System, database_url: str
) -> None:
    ana, bea, native = await join(system, "ana", client="web"), await join(system, "bea"), await join(system, "carl")
    for token in (ana.refresh_token, ana.web_id):
        with pytest.raises(InvalidRefreshToken):
            await refresh(system, None, refresh_token=str(token))
    for web_id in (ana.refresh_token, bea.refresh_token, "x" * 43, ""):
        with pytest.raises(InvalidRefreshToken):
            await refresh(system, web_id, native.refresh_token)
    with_another_s = await refresh(system, ana.web_id, native.refresh_token)
    assert with_another_s.caller == ana.caller
    assert digest(native.refresh_token) in await unspent(database_url)


async def test_signing_in_again_ends_the_session_the_browser_came_with(system: System, database_url: str) -> None:
    ana, bea = await join(system, "ana", client="web"), await join(system, "bea", client="web")
    login = {"login": "ana", "password": PASSWORD, "client": "web"}
    with pytest.raises(Unauthenticated):
        await system.ask(Login.model_validate({**login, "password": "wrong", "web_id": bea.web_id}))
    assert await facts(database_url, "SessionRevoked") == []
    again = await system.ask(Login.model_validate({**login, "web_id": bea.web_id}))
    assert again.web_id not in {ana.web_id, bea.web_id}
    (fact,) = await facts(database_url, "SessionRevoked")
    assert (fact["session_id"], fact["user_id"]) == (str(bea.caller.session_id), str(bea.caller.id))
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, bea.web_id, bea.refresh_token)
    await refresh(system, ana.web_id)


async def test_a_browser_signs_out_by_its_id_alone(system: System, database_url: str) -> None:
    ana = await join(system, "ana", client="web")
    for _ in range(2):
        await system.ask(Logout.model_validate({"web_id": ana.web_id}))
    assert len(await facts(database_url, "SessionRevoked")) == 1
    with pytest.raises(InvalidRefreshToken):
        await refresh(system, ana.web_id, ana.refresh_token)
    with pytest.raises(Unauthenticated):
        await system.ask(Logout())


async def test_what_was_last_used_where_is_known(system: System, database_url: str) -> None:
    ana = await join(system, "ana", client="web", client_address="192.0.2.1", user_agent="Before/1")
    await refresh(system, ana.web_id, client_address="198.51.100.1", user_agent="After/1")
    await refresh(system, ana.web_id)
    (row,) = await fetch(database_url, "SELECT address, user_agent FROM sessions")
    assert tuple(row) == ("198.51.100.1", "After/1")
