"""Signing up, in and out. A native client gets its tokens in the body, a web client in cookies no script reads."""

from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs, web

from actors.auth.credentials import ChangePassword, ConfirmAuthenticator, RemoveAuthenticator, SetUpAuthenticator
from actors.auth.messages import Client, InvalidRefreshToken, Login, Logout, Refresh, Register, SignedIn
from actors.auth.people import Account
from actors.auth.sessions import EndOtherSessions, EndSession, ListSessions
from actors.kernel.message import View
from actors.profiles.messages import GetMe
from server.http.routing import delete, get, post, put
from server.http.sessions import SESSION_COOKIE, Credentials
from server.http.tokens import LIFETIME_SECONDS
from server.keys import SESSIONS, TOKENS


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
    assert reply.web_id is not None
    csrf_token = await request.app[SESSIONS].sign_in_web(
        request, response, web_id=reply.web_id, **_credentials(request, reply)
    )
    response.text = CookiesGiven(user=reply.user, csrf_token=csrf_token).model_dump_json()
    return response


async def _refreshed(request: web.Request, reply: SignedIn) -> web.Response:
    if SESSION_COOKIE not in request.cookies:
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


def _credentials(request: web.Request, reply: SignedIn) -> Credentials:
    return {
        "access_token": request.app[TOKENS].issue(reply.caller),
        "refresh_token": reply.refresh_token,
        "refresh_expires_at": reply.refresh_expires_at.timestamp(),
    }


async def _before(request: web.Request) -> Mapping[str, Any]:
    """The web session a browser comes with when it signs in to another. Nobody can make it send that from elsewhere."""
    return {"web_id": request.cookies.get(SESSION_COOKIE)}


async def _web_session(request: web.Request) -> Mapping[str, Any]:
    """A web session, with what Redis keeps for it."""
    if SESSION_COOKIE not in request.cookies:
        return {}
    sessions = request.app[SESSIONS]
    web_id = sessions.id_of(request)
    if web_id is None:
        raise InvalidRefreshToken
    return {"web_id": web_id, "kept_token": await sessions.kept_token(request)}


async def _leaving(request: web.Request) -> Mapping[str, Any]:
    """The web session of a browser, whose access token may have expired."""
    if hdrs.AUTHORIZATION in request.headers:
        return {}
    return {"web_id": request.app[SESSIONS].id_of(request)}


async def _signed_out(request: web.Request, _: None) -> web.Response:
    response = web.Response(status=204)
    if SESSION_COOKIE in request.cookies:
        await request.app[SESSIONS].sign_out_web(request, response)
    return response


_GIVEN = TokensGiven | CookiesGiven
# `limit_by` counts guesses at a password, or a code, for the account, too: in `login` by the name that is given, for a
# limit that both names of an account share would tell whose address it is.
ROUTES = (
    post(
        "/v1/auth/register",
        Register,
        status=201,
        bucket="register",
        fill=_before,
        respond=_registered,
        renders=_GIVEN,
    ),
    post("/v1/auth/login", Login, bucket="login", limit_by="login", fill=_before, respond=_signed_in, renders=_GIVEN),
    post("/v1/auth/refresh", Refresh, bucket="auth", fill=_web_session, respond=_refreshed, renders=_GIVEN),
    post("/v1/auth/logout", Logout, status=204, bucket="auth", fill=_leaving, respond=_signed_out),
    get("/v1/auth/me", GetMe, live=True, tag="auth"),
    get("/v1/auth/sessions", ListSessions, live=True),
    delete("/v1/auth/sessions", EndOtherSessions, status=204, bucket="auth"),
    delete("/v1/auth/sessions/{id}", EndSession, status=204, bucket="auth"),
    put("/v1/auth/password", ChangePassword, status=204, bucket="auth", limit_by="caller"),
    post("/v1/auth/totp", SetUpAuthenticator, bucket="auth"),
    post("/v1/auth/totp/confirm", ConfirmAuthenticator, bucket="auth", limit_by="caller"),
    post("/v1/auth/totp/remove", RemoveAuthenticator, status=204, bucket="auth", limit_by="caller"),
)
