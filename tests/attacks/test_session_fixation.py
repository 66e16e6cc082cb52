"""A session id the attacker knows before somebody signs in is worth nothing afterwards."""

from typing import Any

from aiohttp.client_reqrep import ClientResponse

from tests.attacks.people import PASSWORD, Client, Person, ask, browse, ok

_CHOSEN = "f" * 43


def cookies_of(response: ClientResponse) -> dict[str, str]:
    """What it set."""
    return {name: morsel.value for name, morsel in response.cookies.items()}


async def entered(client: Client, how: str, cookie: str) -> dict[str, str]:
    """The cookies somebody gets who signs up or in with a browser that holds `cookie` already."""
    fields: dict[str, Any] = {"login": "ada", "password": PASSWORD}
    if how == "register":
        fields = {"username": "newcomer", "email": "newcomer@example.org", "password": PASSWORD}
    async with client.post(f"/v1/auth/{how}", json=fields | {"client": "web"}, headers={"Cookie": cookie}) as response:
        assert response.status in {200, 201}, await response.text()
        given = cookies_of(response)
    client.session.cookie_jar.clear()
    return given


async def test_an_id_of_the_attacker_s_choice_is_never_signed_in(client: Client, ada: Person) -> None:
    for how in ("register", "login"):
        given = await entered(client, how, f"vitrine_session={_CHOSEN}; vitrine_csrf=x; vitrine_access=x")
        assert given["vitrine_session"] != _CHOSEN
        for path, method in (("/v1/auth/me", "GET"), ("/v1/auth/refresh", "POST")):
            cookies = f"vitrine_session={_CHOSEN}; vitrine_csrf={given['vitrine_csrf']}"
            headers = {"Cookie": cookies, "X-CSRF-Token": given["vitrine_csrf"]}
            status, _ = await ask(client, method, path, headers=headers)
            assert status in {401, 403}, (how, path)


async def test_the_attacker_s_own_session_in_somebody_s_browser_does_not_become_theirs(
    client: Client, ada: Person, mallory: Person
) -> None:
    planted = await browse(client, "mallory")
    given = await entered(client, "login", planted.cookie["Cookie"])
    assert not set(given.values()) & set(planted.cookies.values()), "all three are new"
    status, body = await ask(client, "POST", "/v1/auth/refresh", planted, json={})
    assert status in {401, 403} or body["user"]["id"] == mallory.id
    me = await ok(client, "GET", "/v1/auth/me", headers={"Cookie": f"vitrine_access={given['vitrine_access']}"})
    assert me["user"]["id"] == ada.id


async def test_each_sign_in_has_ids_of_its_own_and_the_one_before_is_over(client: Client, ada: Person) -> None:
    first = await browse(client, "ada")
    second = await entered(client, "login", first.cookie["Cookie"])
    assert not set(first.cookies.values()) & set(second.values())
    status, _ = await ask(client, "POST", "/v1/auth/refresh", first, json={})
    assert status in {401, 403}, "its browser signed in again: nobody else may go on with the id it had"


async def test_a_refresh_token_of_one_s_own_does_not_enter_somebody_s_browser_session(
    client: Client, ada: Person, mallory: Person
) -> None:
    page = await browse(client, "ada")
    for fields in ({"refresh_token": mallory.refresh}, {}):
        status, body = await ask(client, "POST", "/v1/auth/refresh", page, json=fields)
        assert (status, body["user"]["id"]) == (200, ada.id), "a browser's session is the one its cookie names"
    given = await ok(client, "POST", "/v1/auth/refresh", json={"refresh_token": mallory.refresh})
    assert given["user"]["id"] == mallory.id


async def test_ids_are_taken_from_cookies_alone(client: Client, ada: Person) -> None:
    page = await browse(client, "ada")
    session, access = page.cookies["vitrine_session"], page.cookies["vitrine_access"]
    for query in (
        f"vitrine_session={session}",
        f"vitrine_access={access}",
        f"access_token={access}",
        f"token={access}",
    ):
        status, _ = await ask(client, "GET", f"/v1/auth/me?{query}")
        assert status in {400, 401}, query
