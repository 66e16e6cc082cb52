"""What is settled by mail, as clients ask for it."""

from aiohttp import web
from aiohttp.test_utils import TestClient
from pydantic import SecretStr

from actors.accounts.messages import VerifyEmail
from actors.kernel.system import System
from tests.actors.accounts.mailroom import Mailroom
from tests.actors.auth.people import PASSWORD, join, prove

Client = TestClient[web.Request, web.Application]
NEW = "quite another long phrase"


async def register(client: Client, username: str) -> dict[str, str]:
    """An account; returns its headers."""
    body = {"username": username, "email": f"{username}@example.org", "password": PASSWORD}
    async with client.post("/v1/auth/register", json=body) as response:
        assert response.status == 201
        return {"Authorization": f"Bearer {(await response.json())['access_token']}"}


async def is_refused(client: Client, headers: dict[str, str]) -> bool:
    """Whether a token is worth nothing any more."""
    async with client.get("/v1/auth/sessions", headers=headers) as response:
        return response.status == 401


async def test_a_forgotten_password_from_mail_to_sign_in(client: Client, mailroom: Mailroom) -> None:
    ana = await register(client, "ana")
    await prove(mailroom.database_url)
    answers = []
    for email in ("ana@example.org", "nobody@example.org"):
        async with client.post("/v1/auth/password/forgot", json={"email": email}) as response:
            kept = {name: value for name, value in response.headers.items() if name not in {"X-Request-ID", "Date"}}
            answers.append((response.status, await response.text(), kept))
    assert answers[0] == answers[1]
    assert answers[0][:2] == (202, '{"expires_in":1800}')
    body = {"token": await mailroom.token("Choose", "ana@example.org"), "password": "short"}
    async with client.post("/v1/auth/password/reset", json=body) as response:
        assert response.status == 422
    async with client.post("/v1/auth/password/reset", json=body | {"password": NEW}) as response:
        assert response.status == 204
    async with client.post("/v1/auth/password/reset", json=body | {"password": NEW}) as response:
        assert (response.status, (await response.json())["code"]) == (409, "invalid_mail_token")
    assert await is_refused(client, ana), "at once, here"
    async with client.post("/v1/auth/login", json={"login": "ana", "password": NEW}) as response:
        assert response.status == 200


async def test_an_address_is_proved_and_changed(client: Client, system: System, mailroom: Mailroom) -> None:
    ana = await register(client, "ana")
    async with client.post("/v1/auth/email/resend", headers=ana) as response:
        assert (response.status, await response.json()) == (202, {"expires_in": 86_400})
    token = await mailroom.token("Confirm", "ana@example.org")
    async with client.post("/v1/auth/email/verify", json={"token": token}) as response:
        assert response.status == 204
    async with client.get("/v1/auth/me", headers=ana) as response:
        assert (await response.json())["user"]["email_verified"] is True
    wish = {"email": "new@example.org", "password": "wrong"}
    async with client.put("/v1/auth/email", json=wish, headers=ana) as response:
        assert (response.status, (await response.json())["code"]) == (403, "wrong_password")
    async with client.put("/v1/auth/email", json=wish | {"password": PASSWORD}, headers=ana) as response:
        assert (response.status, await response.json()) == (202, {"expires_in": 3600})
    await system.ask(VerifyEmail(token=SecretStr(await mailroom.token("Confirm your new", "new@example.org"))))
    async with client.get("/v1/auth/me", headers=ana) as response:
        assert (await response.json())["user"]["email"] == "new@example.org"
    for path, method in (("/v1/auth/email/resend", client.post), ("/v1/auth/email", client.put)):
        async with method(path, json=wish if method == client.put else None) as response:
            assert response.status == 401, "visitors have no address"


async def test_an_account_is_closed_for_everybody_at_once_and_for_its_cookies(
    client: Client, system: System, mailroom: Mailroom
) -> None:
    await join(system, "ana")
    body = {"login": "ana", "password": PASSWORD, "client": "web"}
    async with client.post("/v1/auth/login", json=body) as response:
        csrf = {"X-CSRF-Token": (await response.json())["csrf_token"]}
    async with client.post("/v1/auth/me/delete", json={"password": PASSWORD}) as response:
        assert response.status == 403, "another site cannot close it"
    async with client.post("/v1/auth/me/delete", json={"password": "wrong"}, headers=csrf) as response:
        assert (response.status, (await response.json())["code"]) == (403, "wrong_password")
    async with client.post("/v1/auth/me/delete", json={"password": PASSWORD}, headers=csrf) as response:
        assert response.status == 202
        assert list(await response.json()) == ["erased_at"]
    assert not [cookie for cookie in client.session.cookie_jar if cookie.value]
    async with client.get("/v1/profiles/ana") as response:
        assert response.status == 404
    async with client.post("/v1/auth/login", json=body | {"client": "native"}) as response:
        assert response.status == 200, "and had back by signing in"
    async with client.get("/v1/profiles/ana") as response:
        assert response.status == 200
    await mailroom.heard()
