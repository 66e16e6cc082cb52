"""Web sessions: what a browser keeps instead of tokens, and the proof that its own page sends a request."""

import hmac
import re
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web
from aiohttp_session import Session
from aiohttp_session.redis_storage import RedisStorage
from redis.exceptions import RedisError

from actors.adapters.cache import Cache
from actors.kernel.errors import Forbidden, Unavailable
from actors.settings import Settings
from server.http.identity import ACCESS_COOKIE
from server.http.seals import Seals
from server.http.tokens import LIFETIME_SECONDS

SESSION_COOKIE = "vitrine_session"
CSRF_COOKIE = "vitrine_csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REFRESH_TOKEN = "refresh_token"  # noqa: S105  a name in the session, not a secret
_IDENTITY = re.compile(r"[A-Za-z0-9_-]{43}")
_CSRF_BYTES = 24


class CsrfFailed(Forbidden):
    """Send the `vitrine_csrf` cookie's value in `X-CSRF-Token`."""

    code = "csrf_failed"


class WebSessions:
    """Keeps refresh credentials in Redis under the `vitrine_session` cookie; tokens never reach a page's scripts.

    Loaded only where a session is refreshed or ended: other requests carry `vitrine_access`.
    """

    def __init__(self, settings: Settings, cache: Cache) -> None:
        self._secure = settings.secure_cookies
        self._redis = cache.redis
        self._seals = Seals(settings, "csrf", length=_CSRF_BYTES)
        self._storage = RedisStorage(
            cache.redis,
            cookie_name=SESSION_COOKIE,
            secure=self._secure,
            httponly=True,
            samesite="Lax",
            key_factory=lambda: secrets.token_urlsafe(32),
        )

    async def sign_in_web(
        self,
        request: web.Request,
        response: web.Response,
        *,
        access_token: str,
        refresh_token: str,
        refresh_expires_at: float,
    ) -> str:
        """Set the three cookies under a new session id, ending the one the request came with.

        Returns the CSRF token, for the body. `refresh_expires_at` is in Unix seconds. Raises `Unavailable`.
        """
        await self._forget(request)
        async with _reachable():
            session = await self._storage.new_session()
            session.set_new_identity(secrets.token_urlsafe(32))
            csrf = await self._save(request, response, session, refresh_token, refresh_expires_at)
        self._set_access(response, access_token)
        return csrf

    async def refresh_web(
        self,
        request: web.Request,
        response: web.Response,
        *,
        access_token: str,
        refresh_token: str,
        refresh_expires_at: float,
    ) -> str:
        """Put the rotated credential into the session the request came with, so that racing tabs share it.

        Returns the CSRF token. Raises `Unavailable`.
        """
        async with _reachable():
            session = await self._storage.load_session(request)
            if session.new:
                session.set_new_identity(secrets.token_urlsafe(32))
            csrf = await self._save(request, response, session, refresh_token, refresh_expires_at)
        self._set_access(response, access_token)
        return csrf

    async def refresh_credential(self, request: web.Request) -> str | None:
        """The refresh token of the session the request's cookie names, or None.

        Raises `CsrfFailed` when the cookie names one and the request does not prove that our page sent it.
        """
        if not _IDENTITY.fullmatch(request.cookies.get(SESSION_COOKIE, "")):
            return None
        self.check_csrf(request)
        async with _reachable():
            session = await self._storage.load_session(request)
        token = session.get(_REFRESH_TOKEN)
        return token if isinstance(token, str) else None

    async def sign_out_web(self, request: web.Request, response: web.Response) -> None:
        """End the session the request came with, in Redis and in the browser. Raises `Unavailable`."""
        await self._forget(request)
        for name in (SESSION_COOKIE, ACCESS_COOKIE, CSRF_COOKIE):
            response.del_cookie(name, path="/", secure=self._secure, samesite="Lax")

    def check_csrf(self, request: web.Request) -> None:
        """Double submit, bound to the session: raises `CsrfFailed` unless an unsafe request's header says the token."""
        if request.method in SAFE_METHODS:
            return
        sent = request.headers.get(CSRF_HEADER, "").encode(errors="replace")
        cookie = request.cookies.get(CSRF_COOKIE, "").encode(errors="replace")
        identity = request.cookies.get(SESSION_COOKIE, "").encode(errors="replace")
        if not (hmac.compare_digest(sent, cookie) and self._seals.fits(_decoded(sent), identity)):
            raise CsrfFailed

    def _csrf_token(self, identity: str) -> str:
        return urlsafe_b64encode(self._seals.seal(identity.encode())).decode()

    async def _save(
        self, request: web.Request, response: web.Response, session: Session, refresh_token: str, until: float
    ) -> str:
        seconds = max(1, int(until - time.time()))
        session.max_age = seconds
        session[_REFRESH_TOKEN] = refresh_token
        await self._storage.save_session(request, response, session)
        csrf = self._csrf_token(str(session.identity))
        response.set_cookie(
            CSRF_COOKIE, csrf, max_age=seconds, secure=self._secure, httponly=False, samesite="Lax", path="/"
        )
        return csrf

    def _set_access(self, response: web.Response, token: str) -> None:
        response.set_cookie(
            ACCESS_COOKIE,
            token,
            max_age=LIFETIME_SECONDS,
            secure=self._secure,
            httponly=True,
            samesite="Lax",
            path="/",
        )

    async def _forget(self, request: web.Request) -> None:
        """aiohttp-session keeps the key of a session it invalidates; a fixed or stolen id must not live on."""
        identity = request.cookies.get(SESSION_COOKIE, "")
        if _IDENTITY.fullmatch(identity):
            async with _reachable():
                await self._redis.delete(f"{SESSION_COOKIE}_{identity}")


def _decoded(csrf: bytes) -> bytes:
    try:
        return urlsafe_b64decode(csrf)
    except ValueError:
        return b""


@asynccontextmanager
async def _reachable() -> AsyncIterator[None]:
    try:
        yield
    except (RedisError, TimeoutError, OSError):
        raise Unavailable("web sessions cannot be reached right now") from None
