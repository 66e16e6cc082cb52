"""Signing up, in and out. A native client gets its tokens in the body, a web client in cookies no script reads."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from actors.auth.messages import Client, InvalidRefreshToken, Login, Logout, Refresh, Register, SignedIn
from actors.auth.people import Account
from actors.kernel.message import View
from actors.profiles.messages import GetMe
from server.http.exchange import EXCHANGE
from server.http.routing import get, post
from server.http.sessions import SESSION_COOKIE
from server.http.tokens import LIFETIME_SECONDS
from server.keys import REVOCATIONS, SESSIONS, TOKENS


class TokensGiven(View):
    """What a native client keeps; the access token ends in `expires_in` seconds."""

    user: Account
    access_token: str
    refresh_token: str
    expires_in: int


class CookiesGiven(View):
    """What a web client is told; `csrf_token` goes into `X-CSRF-Token` of every unsafe request."""

    user: Account
    csrf_token: str


async def _registered(request: web.Request, reply: SignedIn) -> web.Response:
    return await _signed_in(request, reply, status=201)


async def _signed_in(request: web.Request, reply: SignedIn, *, status: int = 200) -> web.Response:
    if reply.client is Client.native:
        return _tokens(request, reply, status=status)
    response = web.Response(status=status, content_type="application/json")
    csrf_token = await request.app[SESSIONS].sign_in_web(request, response, **_credentials(request, reply))
    response.text = CookiesGiven(user=reply.user, csrf_token=csrf_token).model_dump_json()
    return response


async def _refreshed(request: web.Request, reply: SignedIn) -> web.Response:
    if reply.client is Client.native:
        return _tokens(request, reply, status=200)
    response = web.Response(content_type="application/json")
    csrf_token = await request.app[SESSIONS].refresh_web(request, response, **_credentials(request, reply))
    response.text = CookiesGiven(user=reply.user, csrf_token=csrf_token).model_dump_json()
    return response


def _tokens(request: web.Request, reply: SignedIn, *, status: int) -> web.Response:
    given = TokensGiven(
        user=reply.user,
        access_token=request.app[TOKENS].issue(reply.caller),
        refresh_token=reply.refresh_token,
        expires_in=LIFETIME_SECONDS,
    )
    return web.Response(text=given.model_dump_json(), status=status, content_type="application/json")


def _credentials(request: web.Request, reply: SignedIn) -> dict[str, Any]:
    return {
        "access_token": request.app[TOKENS].issue(reply.caller),
        "refresh_token": reply.refresh_token,
        "refresh_expires_at": reply.refresh_expires_at.timestamp(),
    }


async def _from_cookie(request: web.Request) -> Mapping[str, Any]:
    """The credential of a web session, for a body that holds none."""
    if SESSION_COOKIE not in request.cookies:
        return {}
    token = await request.app[SESSIONS].refresh_credential(request)
    if token is None:
        raise InvalidRefreshToken
    return {"refresh_token": token}


async def _signed_out(request: web.Request, _: None) -> web.Response:
    identity = request[EXCHANGE].identity
    assert identity is not None
    # Every process learns of it from the live log; this one must not believe the token once more meanwhile.
    request.app[REVOCATIONS].revoke(identity.caller.session_id)
    response = web.Response(status=204)
    if SESSION_COOKIE in request.cookies:
        await request.app[SESSIONS].sign_out_web(request, response)
    return response


_GIVEN = TokensGiven | CookiesGiven

ROUTES = (
    post("/v1/auth/register", Register, status=201, bucket="register", respond=_registered, renders=_GIVEN),
    post("/v1/auth/login", Login, bucket="login", limit_by="login", respond=_signed_in, renders=_GIVEN),
    post("/v1/auth/refresh", Refresh, bucket="auth", fill=_from_cookie, respond=_refreshed, renders=_GIVEN),
    post("/v1/auth/logout", Logout, status=204, bucket="auth", respond=_signed_out),
    get("/v1/auth/me", GetMe, live=True, tag="auth"),
)
