"""Refresh tokens that were stolen: whoever comes second ends the session, and who is honest and quick never does."""

import asyncio

from tests.actors.auth.people import fetch
from tests.attacks.people import Browser, Client, Person, ask, browse, ok, open_socket, sign_in

_GRACE_PASSED = "UPDATE refresh_tokens SET spent_at = spent_at - interval '11 seconds' WHERE spent_at IS NOT NULL"


async def refresh(client: Client, token: str) -> tuple[int, dict[str, str]]:
    """As an app does it."""
    return await ask(client, "POST", "/v1/auth/refresh", json={"refresh_token": token})


async def is_in(client: Client, token: str) -> bool:
    """Whether an access token is believed."""
    status, _ = await ask(client, "GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    return status == 200


async def test_a_token_replayed_after_its_grace_ends_everything_of_its_session(
    client: Client, ada: Person, database_url: str
) -> None:
    other_device = await sign_in(client, "ada")
    stolen = ada.refresh
    status, honest = await refresh(client, stolen)
    assert status == 200
    socket = await open_socket(client, Person(ada.id, "ada", honest["access_token"], ""))
    await fetch(database_url, _GRACE_PASSED)

    status, problem = await refresh(client, stolen)
    assert (status, (problem or {}).get("code")) == (401, "invalid_refresh_token")
    assert await socket.closed() == 4501
    assert not await is_in(client, honest["access_token"])
    assert not await is_in(client, ada.access)
    for token in (honest["refresh_token"], stolen):
        assert (await refresh(client, token))[0] == 401
    assert await is_in(client, other_device.access), "another session of hers is none of the thief's"
    assert (await refresh(client, other_device.refresh))[0] == 200


async def test_a_thief_who_is_quicker_is_thrown_out_by_whom_it_was_stolen_from(
    client: Client, ada: Person, database_url: str
) -> None:
    _, thief = await refresh(client, ada.refresh)
    _, thief = await refresh(client, thief["refresh_token"])
    status, _ = await refresh(client, ada.refresh)
    assert status == 401, "only the immediate parent has grace"
    assert not await is_in(client, thief["access_token"])
    assert (await refresh(client, thief["refresh_token"]))[0] == 401


async def test_many_at_once_with_one_token_have_one_successor_and_nobody_is_out(
    client: Client, client_elsewhere: Client, ada: Person
) -> None:
    raced = await asyncio.gather(*(refresh(where, ada.refresh) for where in (client, client_elsewhere) * 10))
    assert {status for status, _ in raced} == {200}
    assert len({given["refresh_token"] for _, given in raced}) == 1
    assert (await refresh(client, raced[0][1]["refresh_token"]))[0] == 200


async def test_tabs_of_one_browser_that_race_stay_in(client: Client, client_elsewhere: Client, ada: Person) -> None:
    page = await browse(client, "ada")
    raced = await asyncio.gather(
        *(ask(where, "POST", "/v1/auth/refresh", page, json={}) for where in (client, client_elsewhere) * 5)
    )
    assert {status for status, _ in raced} == {200}
    again = await ok(client, "POST", "/v1/auth/refresh", page, json={})
    assert again["user"]["id"] == ada.id


async def test_a_browser_s_cookies_that_were_copied_die_with_its_session(client: Client, ada: Person) -> None:
    page = await browse(client, "ada")
    copy = Browser(page.id, page.username, dict(page.cookies))
    await ok(client, "POST", "/v1/auth/logout", page)
    for method, path in (("GET", "/v1/auth/me"), ("POST", "/v1/auth/refresh"), ("PATCH", "/v1/profiles/me")):
        status, _ = await ask(client, method, path, copy, json={} if method != "GET" else None)
        assert status in {401, 403}, path


async def test_what_looks_like_a_refresh_token_is_none(client: Client, ada: Person) -> None:
    wrong = {
        "an access token": ada.access[:200],
        "an account's id": ada.id,
        "other case": ada.refresh.swapcase(),
        "padded": f"{ada.refresh}=",
        "cut": ada.refresh[:-1],
        "a space": f" {ada.refresh}",
        "nothing": "",
        "SQL": "' OR '1'='1",
    }
    for why, token in wrong.items():
        status, problem = await refresh(client, token)
        assert (status, (problem or {}).get("code")) == (401, "invalid_refresh_token"), (why, problem)
    assert (await refresh(client, ada.refresh))[0] == 200
