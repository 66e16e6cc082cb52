"""Tokens nobody issued, or that ended: every operation that knows people answers 401, the socket closes with 4500."""

import base64
import json
import time
from typing import Any

import aiohttp
from jose import jwt

from actors.auth.people import Caller
from server.http.tokens import AUDIENCE, ISSUER, Tokens
from tests.flows.people import Person
from tests.flows.stack import Stack

FOREIGN_KEY = "another secret that is long enough to sign with"


def tampered(stack: Stack, person: Person) -> dict[str, str]:
    """Tokens that claim to be of somebody, by what is wrong with them."""
    header, payload, signature = person.token.split(".")
    claims: dict[str, Any] = jwt.get_unverified_claims(person.token)
    known: dict[str, Any] = jwt.get_unverified_header(person.token)
    own_key = stack.settings.jwt_secret.get_secret_value()

    def signed(key: str = own_key, headers: dict[str, Any] | None = None, **changed: Any) -> str:
        return str(jwt.encode(claims | changed, key, algorithm="HS256", headers=known | (headers or {})))

    def encoded(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    now = int(time.time())
    caller = Caller.of_claims(claims)
    return {
        "alg none": f"{encoded(known | {'alg': 'none'})}.{payload}.",
        "alg none, signed": f"{encoded(known | {'alg': 'none'})}.{payload}.{signature}",
        "another payload": f"{header}.{encoded(claims | {'role': 'admin'})}.{signature}",
        "another key": signed(FOREIGN_KEY),
        "another kid": signed(headers={"kid": "../../dev/null"}),
        "another type": signed(headers={"typ": "JWT"}),
        "expired": Tokens.of(stack.settings).issue(caller, lifetime=-1),
        "issued tomorrow": signed(iat=now + 86_400, exp=now + 90_000),
        "of another issuer": signed(iss=f"not {ISSUER}"),
        "for somebody else": signed(aud=f"not {AUDIENCE}"),
        "of no role there is": signed(role="owner"),
        "of nobody": signed(sub="nobody"),
        "no token": "x",
        "three dots": "...",
        "no UTF-8": f"{header}.{base64.urlsafe_b64encode(bytes([255, 254])).decode()}.{signature}",
        "too long": person.token + "A" * 5_000,
    }


async def test_no_token_but_our_own_is_believed(stack: Stack) -> None:
    author, person = await stack.people(2)
    (post,) = await stack.posts(author)
    served = await stack.serve()
    for why, token in tampered(stack, person).items():
        headers = {"Authorization": f"Bearer {token}"}
        for method, path in (
            ("PUT", f"/v1/posts/{post}/like"),
            ("GET", "/v1/auth/me"),
            ("GET", "/v1/feed"),
            ("POST", "/v1/uploads/sign"),
        ):
            async with stack.http.request(method, served.url + path, headers=headers) as response:
                problem = await response.json()
                assert response.status == 401, (why, method, path, problem)
                assert problem["code"] == ("token_expired" if why == "expired" else "unauthorized"), (why, path)
        if len(token) < 4096:
            await _socket_is_refused(stack, served.url, why, token)
    assert await stack.value("SELECT count(*) FROM likes") == 0
    liked = await stack.ok(served, "PUT", f"/v1/posts/{post}/like", person)
    assert liked["liked"] is True, "the token they were made from is good"


async def _socket_is_refused(stack: Stack, url: str, why: str, token: str) -> None:
    async with stack.http.ws_connect(f"{url}/v1/realtime") as socket:
        await socket.send_json({"id": 1, "op": "connect", "token": token, "topics": {}})
        answer = await socket.receive_json()
        assert answer["err"]["code"] == ("token_expired" if why == "expired" else "unauthorized"), (why, answer)
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        assert socket.close_code == (4001 if why == "expired" else 4500), why


async def test_roles_and_plans_come_from_the_token_alone(stack: Stack) -> None:
    (person,) = await stack.people(1)
    served = await stack.serve()
    for field in ("role", "plan", "caller"):
        body = {"display_name": "Ada", field: "admin"}
        status, problem = await stack.ask(served, "PATCH", "/v1/profiles/me", person, json=body)
        assert status == 422, problem
        assert field in {error["field"] for error in problem["errors"]}
    assert await stack.value("SELECT role FROM users WHERE id = $1", person.id) == "user"
