"""A new signing secret: what the former one signed goes on to be believed, what neither did does not."""

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from jose import jwt
from pydantic import SecretStr

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.settings import Settings
from server.http.cursors import CursorInvalid, Cursors
from server.http.seals import Seals, kid_of
from server.http.sessions import CSRF_HEADER, CsrfFailed, WebSessions
from server.http.tokens import AUDIENCE, ISSUER, TokenInvalid, Tokens

OLD, NEW, FOREIGN = "o" * 32, "n" * 32, "f" * 32


def _with(settings: Settings, *secrets: str) -> Settings:
    return settings.model_copy(update={"jwt_secret": SecretStr(",".join(secrets))})


def test_the_first_secret_signs_and_all_verify(bare_settings: Settings, somebody: Callable[..., Caller]) -> None:
    before, after = Tokens.of(_with(bare_settings, OLD)), Tokens.of(_with(bare_settings, NEW, OLD))
    caller = somebody()
    assert after.verify(before.issue(caller)).caller == caller
    assert jwt.get_unverified_header(after.issue(caller))["kid"] == kid_of(NEW)
    with pytest.raises(TokenInvalid):
        before.verify(after.issue(caller))
    with pytest.raises(TokenInvalid):
        Tokens.of(_with(bare_settings, NEW)).verify(before.issue(caller))


def _claims(caller: Caller) -> dict[str, Any]:
    now = int(time.time())
    return caller.claims() | {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 600}


@pytest.mark.parametrize(
    "kid",
    [
        kid_of(FOREIGN),
        kid_of(OLD),
        "",
        "../../../../dev/null",
        "' UNION SELECT 'x",
        "\0",
        "a" * 3_000,
        0,
        None,
        True,
        ["x"],
        {"x": 1},
        1e308,
    ],
    ids=repr,
)
def test_a_kid_chooses_among_our_keys_and_does_nothing_else(
    bare_settings: Settings, somebody: Callable[..., Caller], kid: object
) -> None:
    tokens = Tokens.of(_with(bare_settings, NEW, OLD))
    for key in (FOREIGN, NEW, "", "x"):
        forged = jwt.encode(_claims(somebody()), key, algorithm="HS256", headers={"kid": kid, "typ": "at+jwt"})
        with pytest.raises(TokenInvalid):
            tokens.verify(forged)


def test_a_token_without_a_kid_is_none_of_ours(bare_settings: Settings, somebody: Callable[..., Caller]) -> None:
    bare = jwt.encode(_claims(somebody()), NEW, algorithm="HS256", headers={"typ": "at+jwt"})
    with pytest.raises(TokenInvalid):
        Tokens.of(_with(bare_settings, NEW)).verify(bare)


def test_a_cursor_outlives_the_secret_it_was_sealed_with(bare_settings: Settings) -> None:
    before, after = Cursors(_with(bare_settings, OLD)), Cursors(_with(bare_settings, NEW, OLD))
    assert after.decode("/v1/toys", before.encode("/v1/toys", (7,))) == (7,)
    with pytest.raises(CursorInvalid):
        before.decode("/v1/toys", after.encode("/v1/toys", (7,)))


def test_a_seal_of_one_purpose_is_none_of_another(bare_settings: Settings) -> None:
    one, other = Seals(bare_settings, "one", length=24), Seals(bare_settings, "other", length=24)
    assert one.fits(one.seal(b"x"), b"x")
    assert not other.fits(one.seal(b"x"), b"x")
    assert not one.fits(one.seal(b"x")[:12], b"x")


async def test_a_web_session_goes_on(settings: Settings, outside: Outside) -> None:
    before = WebSessions(_with(settings, OLD), outside.cache)
    response = web.Response()
    csrf = await before.sign_in_web(
        make_mocked_request("POST", "/"),
        response,
        web_id="w" * 43,
        access_token="a",
        refresh_token=str(uuid4()),
        refresh_expires_at=time.time() + 3600,
    )
    cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in response.cookies.items())

    def request(token: str) -> web.Request:
        return make_mocked_request("POST", "/", headers={"Cookie": cookies, CSRF_HEADER: token})

    WebSessions(_with(settings, NEW, OLD), outside.cache).check_csrf(request(csrf))
    for sessions, token in ((WebSessions(_with(settings, NEW), outside.cache), csrf), (before, csrf[:-2] + "AA")):
        with pytest.raises(CsrfFailed):
            sessions.check_csrf(request(token))
