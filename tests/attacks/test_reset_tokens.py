"""The link that resets a password is good once, for that, for half an hour, and for whoever was sent it last."""

import asyncio

import pytest

from actors.settings import Settings
from tests.actors.auth.people import fetch, prove
from tests.attacks.mail import reset_token, verify_token
from tests.attacks.people import PASSWORD, Answer, Client, Person, ask, join, ok, sign_in

CHOSEN = ("amber herons 47 kites", "copper swans 12 masts", "silver foxes 90 wells")


async def forgot(client: Client, settings: Settings, *, number: int = 1) -> str:
    """Ask for a link to an address that is verified, and read its token."""
    await prove(settings.database_url)
    await ok(client, "POST", "/v1/auth/password/forgot", json={"email": "ada@example.org"})
    return await reset_token(settings, number=number)


async def reset(client: Client, token: str, password: str = CHOSEN[0]) -> Answer:
    """Follow the link."""
    return await ask(client, "POST", "/v1/auth/password/reset", json={"token": token, "password": password})


async def is_password(client: Client, password: str) -> bool:
    """Whether Ada signs in with it."""
    status, _ = await ask(client, "POST", "/v1/auth/login", json={"login": "ada", "password": password})
    return status == 200


async def refused(client: Client, token: str) -> None:
    """The link is worth nothing, and the password stays."""
    status, problem = await reset(client, token, CHOSEN[2])
    assert (status, (problem or {}).get("code")) == (409, "invalid_mail_token")
    assert not await is_password(client, CHOSEN[2])


async def test_a_link_serves_once(client: Client, ada: Person, settings: Settings) -> None:
    token = await forgot(client, settings)
    assert (await reset(client, token))[0] == 204
    await refused(client, token)
    assert await is_password(client, CHOSEN[0])
    assert not await is_password(client, PASSWORD)


async def test_of_many_who_follow_it_at_once_one_chooses_the_password(
    client: Client, ada: Person, settings: Settings
) -> None:
    token = await forgot(client, settings)
    chosen = [f"amber herons {n} kites" for n in range(10)]
    answers = await asyncio.gather(*(reset(client, token, password) for password in chosen))
    assert sorted(status for status, _ in answers) == [204] + [409] * 9
    winner = chosen[[status for status, _ in answers].index(204)]
    assert [password for password in chosen if await is_password(client, password)] == [winner]


async def test_a_token_for_one_thing_does_nothing_else(client: Client, ada: Person, settings: Settings) -> None:
    verify = await verify_token(settings)
    await refused(client, verify)
    token = await forgot(client, settings)
    status, problem = await ask(client, "POST", "/v1/auth/email/verify", json={"token": token})
    assert (status, (problem or {}).get("code")) == (409, "invalid_mail_token")
    for path, fields in (("/v1/auth/refresh", {"refresh_token": token}),):
        assert (await ask(client, "POST", path, json=fields))[0] == 401
    assert (await ask(client, "GET", "/v1/auth/me", headers={"Authorization": f"Bearer {token}"}))[0] == 401
    assert (await reset(client, token))[0] == 204, "none of that has used it up"
    assert (await ask(client, "POST", "/v1/auth/email/verify", json={"token": verify}))[0] == 409, (
        "whoever read the mails before the reset reads none of them to any use now"
    )


async def test_only_the_latest_link_is_good(client: Client, ada: Person, settings: Settings) -> None:
    first = await forgot(client, settings)
    second = await forgot(client, settings, number=2)
    assert first != second
    await refused(client, first)
    assert (await reset(client, second))[0] == 204


async def test_after_the_password_was_changed_the_link_is_worth_nothing(
    client: Client, ada: Person, settings: Settings
) -> None:
    token = await forgot(client, settings)
    await ok(client, "PUT", "/v1/auth/password", ada, json={"current": PASSWORD, "password": CHOSEN[1]})
    await refused(client, token)
    assert await is_password(client, CHOSEN[1])


async def test_half_an_hour_later_it_is_over(client: Client, ada: Person, settings: Settings) -> None:
    token = await forgot(client, settings)
    (row,) = await fetch(
        settings.database_url, "SELECT expires_at - now() AS left FROM mail_tokens WHERE purpose = 'reset'"
    )
    assert 1700 < row["left"].total_seconds() <= 1800
    await fetch(settings.database_url, "UPDATE mail_tokens SET expires_at = now() WHERE purpose = 'reset'")
    await refused(client, token)


async def test_what_looks_like_a_token_is_none(client: Client, ada: Person, settings: Settings) -> None:
    token = await forgot(client, settings)
    (row,) = await fetch(settings.database_url, "SELECT hash FROM mail_tokens WHERE purpose = 'reset'")
    for wrong in ("", "x", token[:-1], token.swapcase(), f"{token} ", row["hash"].hex(), "' OR true --", ada.id):
        await refused(client, wrong)
    assert token.encode() not in row["hash"], "the database knows no token"
    assert (await reset(client, token))[0] == 204


async def test_the_link_is_somebody_s_whatever_else_the_request_says(
    client: Client, ada: Person, settings: Settings
) -> None:
    mallory = await join(client, "mallory")
    token = await forgot(client, settings)
    for extra in ({"user_id": mallory.id}, {"email": "mallory@example.org"}, {"login": "mallory"}):
        body = {"token": token, "password": CHOSEN[0], **extra}
        assert (await ask(client, "POST", "/v1/auth/password/reset", mallory, json=body))[0] == 422
    status, _ = await ask(
        client, "POST", "/v1/auth/password/reset", mallory, json={"token": token, "password": CHOSEN[0]}
    )
    assert status == 204
    assert await is_password(client, CHOSEN[0])
    assert (await sign_in(client, "mallory")).id == mallory.id


@pytest.mark.parametrize("host", ["evil.example", "vitrine.example@evil.example"])
async def test_the_link_leads_to_us_whatever_host_a_request_names(
    client: Client, ada: Person, settings: Settings, host: str
) -> None:
    headers = {"Host": host, "X-Forwarded-Host": host, "Origin": f"https://{host}", "Referer": f"https://{host}/"}
    await prove(settings.database_url)
    await ok(client, "POST", "/v1/auth/password/forgot", json={"email": "ada@example.org"}, headers=headers)
    await reset_token(settings)
    rows = await fetch(settings.database_url, "SELECT args::text AS args FROM job_intents")
    rows += await fetch(settings.database_url, "SELECT convert_from(payload, 'UTF8') AS args FROM outbox")
    assert all("evil.example" not in row["args"] for row in rows)
