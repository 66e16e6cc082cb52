"""Another site sends requests with somebody's cookies: none has an effect."""

from collections.abc import Mapping

from tests.attacks.operations import Operations, allowed, send
from tests.attacks.people import HERE, Browser, Client, Person, ask, browse, join
from tests.attacks.rows import changed, everything, settled
from tests.attacks.world import World

EVIL = "https://evil.example"
_FORMS = {
    "text/plain": b'{"login": "ada", "password": "x", "a": "="}',
    "application/x-www-form-urlencoded": b"login=ada&password=x",
    "multipart/form-data; boundary=b": b'--b\r\nContent-Disposition: form-data; name="login"\r\n\r\nada\r\n--b--\r\n',
}
"""What a page can send to another site without asking: browsers ask first for everything else."""


def forged(victim: Browser, attacker: Browser) -> Mapping[str, dict[str, str]]:
    """Headers of requests in the victim's name, by how they are forged."""
    own, foreign = victim.cookies["vitrine_csrf"], attacker.cookies["vitrine_csrf"]
    tossed = Browser(victim.id, victim.username, victim.cookies | {"vitrine_csrf": foreign})
    planted = Browser(victim.id, victim.username, victim.cookies | {"vitrine_csrf": "planted"})
    bare = Browser(victim.id, victim.username, {name: victim.cookies[name] for name in ("vitrine_access",)})
    return {
        "no token": victim.cookie,
        "an empty token": victim.cookie | {"X-CSRF-Token": ""},
        "a wrong token": victim.cookie | {"X-CSRF-Token": own[::-1]},
        "a part of it": victim.cookie | {"X-CSRF-Token": own[:-1]},
        "no ASCII": victim.cookie | {"X-CSRF-Token": "ø" * 8},
        "another session's token": victim.cookie | {"X-CSRF-Token": foreign},
        "another session's token, its cookie tossed too": tossed.cookie | {"X-CSRF-Token": foreign},
        "a pair of the attacker's choice": planted.cookie | {"X-CSRF-Token": "planted"},
        "an empty pair": Browser("", "", victim.cookies | {"vitrine_csrf": ""}).cookie | {"X-CSRF-Token": ""},
        "the cookie in the address": victim.cookie | {"Referer": f"{HERE}/?csrf={own}"},
        "without its session, a pair of the attacker's": bare.cookie | {"X-CSRF-Token": foreign},
    }


async def browser(client: Client, person: Person) -> Browser:
    """The same person at a browser."""
    return await browse(client, person.username)


async def test_no_operation_is_done_with_cookies_alone(client: Client, world: World) -> None:
    operations = await Operations.of(client)
    attacker = await browser(client, await world.person())
    for name in operations.unsafe():
        if operations.takes_cookies(name):
            caller, call = await allowed(world, name)
            victim = await browser(client, caller)
            await settled(world.database)
            before = await everything(world.database)
            for why, headers in forged(victim, attacker).items():
                status, text = await send(client, name, call, headers=headers | {"Origin": EVIL})
                assert (status, '"code":"csrf_failed"' in text) == (403, True), (name, why, status, text)
            assert not changed(before, await everything(world.database)), name


async def test_our_own_page_may(client: Client, ada: Person) -> None:
    page = await browser(client, ada)
    for headers, expected in ((page.headers, 200), (page.cookie, 403)):
        status, _ = await ask(client, "PATCH", "/v1/profiles/me", json={"bio": "Paints."}, headers=headers)
        assert status == expected


async def test_a_session_is_not_refreshed_for_another_site(client: Client, ada: Person) -> None:
    await join(client, "mallory")
    page, attacker = await browser(client, ada), await browse(client, "mallory")
    for why, headers in forged(page, attacker).items():
        if "without its session" in why:
            continue
        status, problem = await ask(client, "POST", "/v1/auth/refresh", headers=headers, json={})
        assert (status, (problem or {}).get("code")) == (403, "csrf_failed"), (why, problem)
    status, _ = await ask(client, "POST", "/v1/auth/refresh", headers=page.headers, json={})
    assert status == 200


async def test_what_a_form_can_send_is_read_by_no_operation(client: Client, world: World) -> None:
    """So nobody is signed in as somebody else by a page, and nothing is reset or verified by one."""
    operations = await Operations.of(client)
    for name in operations.with_body():
        if not operations.fields(name):
            continue
        caller, call = await allowed(world, name)
        await settled(world.database)
        before = await everything(world.database)
        for kind, data in _FORMS.items():
            headers = {"Content-Type": kind, "Origin": EVIL}
            status, text = await send(client, name, call, caller, headers=headers, json=None, data=data)
            assert status == 415, (name, kind, status, text)
        assert not changed(before, await everything(world.database)), name


async def test_another_site_is_not_told_that_it_may_ask(client: Client, ada: Person) -> None:
    page = await browser(client, ada)
    for origin in (EVIL, "null", f"{HERE}.evil.example", HERE.replace("8080", "8081")):
        preflight = {"Origin": origin, "Access-Control-Request-Method": "PATCH"}
        preflight["Access-Control-Request-Headers"] = "x-csrf-token, content-type"
        async with client.options("/v1/profiles/me", headers=preflight) as response:
            assert not [name for name in response.headers if name.lower().startswith("access-control")], origin
        async with client.get("/v1/auth/me", headers=page.cookie | {"Origin": origin}) as response:
            assert "Access-Control-Allow-Origin" not in response.headers, origin


async def test_what_only_reads_changes_nothing(client: Client, world: World) -> None:
    """Links and images are fetched with cookies from anywhere."""
    operations = await Operations.of(client)
    for name in operations.by_name:
        if name.startswith("GET") and operations.takes_cookies(name):
            caller, call = await allowed(world, name)
            page = await browser(client, caller)
            await settled(world.database)
            before = await everything(world.database)
            status, text = await send(client, name, call, headers=page.cookie)
            assert status in {200, 302}, (name, status, text)
            assert not changed(before, await everything(world.database)), name
