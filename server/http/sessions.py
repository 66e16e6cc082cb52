"""Web sessions: what a browser keeps instead of tokens, and the proof that its own page sends a request."""

import hmac
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypedDict, Unpack

import structlog
from aiohttp import web
from aiohttp_session import Session
from aiohttp_session.redis_storage import RedisStorage
from redis.exceptions import RedisError

from actors.adapters.cache import Cache
from actors.kernel.errors import Forbidden
from actors.settings import Settings
from server.http import metrics
from server.http.identity import ACCESS_COOKIE
from server.http.seals import Seals
from server.http.tokens import LIFETIME_SECONDS

log = structlog.get_logger(__name__)

SESSION_COOKIE = "vitrine_session"
CSRF_COOKIE = "vitrine_csrf"
CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_REFRESH_TOKEN = "refresh_token"  # noqa: S105  a name in the session, not a secret
_WEB_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_CSRF_BYTES = 24


class CsrfFailed(Forbidden):
    """Send the `vitrine_csrf` cookie's value in `X-CSRF-Token`."""

    code = "csrf_failed"


class Credentials(TypedDict):
    """What somebody signed in goes on with; `refresh_expires_at` is in Unix seconds."""

    access_token: str
    refresh_token: str
    refresh_expires_at: float


class WebSessions:
    """Keeps refresh credentials in Redis under the `vitrine_session` cookie; tokens never reach a page's scripts.

    Loaded only where a session is refreshed: other requests carry `vitrine_access`. Redis holds no only copy: the id in
    the cookie is known to PostgreSQL, which answers for what Redis lost, or could not be told.
    """

    def __init__(self, settings: Settings, cache: Cache) -> None:
        self._secure = settings.secure_cookies
        self._redis = cache.redis
        self._seals = Seals(settings, "csrf", length=_CSRF_BYTES)
        self._storage = RedisStorage(
            cache.redis, cookie_name=SESSION_COOKIE, secure=self._secure, httponly=True, samesite="Lax"
        )

    def id_of(self, request: web.Request) -> str | None:
        """The id in the request's cookie, which names its session and proves that it is its browser's.

        Raises `CsrfFailed` unless the request proves that our page sent it.
        """
        web_id = request.cookies.get(SESSION_COOKIE, "")
        if not _WEB_ID.fullmatch(web_id):
            return None
        self.check_csrf(request)
        return web_id

    async def kept_token(self, request: web.Request) -> str | None:
        """The refresh token Redis keeps for the request's session, if it does."""
        token = None
        with _as_far_as_reachable():
            token = (await self._storage.load_session(request)).get(_REFRESH_TOKEN)
        return token if isinstance(token, str) else None

    async def sign_in_web(
        self, request: web.Request, response: web.Response, *, web_id: str, **credentials: Unpack[Credentials]
    ) -> str:
        """Set the three cookies under a new id; the one the request came with is forgotten. Returns the CSRF token."""
        await self._forget(request)
        return await self._keep(request, response, web_id, credentials)

    async def refresh_web(
        self, request: web.Request, response: web.Response, **credentials: Unpack[Credentials]
    ) -> str:
        """Keep the turned credential under the id the request came with, so that racing tabs share it.

        Returns the CSRF token.
        """
        return await self._keep(request, response, request.cookies[SESSION_COOKIE], credentials)

    async def sign_out_web(self, request: web.Request, response: web.Response) -> None:
        """Forget the session the request came with, in Redis and in the browser."""
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

    async def _keep(self, request: web.Request, response: web.Response, web_id: str, credentials: Credentials) -> str:
        seconds = max(1, int(credentials["refresh_expires_at"] - time.time()))
        session = Session(web_id, data=None, new=True, max_age=seconds)
        session[_REFRESH_TOKEN] = credentials["refresh_token"]
        with _as_far_as_reachable():
            await self._storage.save_session(request, response, session)
        csrf = self._csrf_token(web_id)
        response.set_cookie(
            CSRF_COOKIE, csrf, max_age=seconds, secure=self._secure, httponly=False, samesite="Lax", path="/"
        )
        self._set_access(response, credentials["access_token"])
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
        web_id = request.cookies.get(SESSION_COOKIE, "")
        if _WEB_ID.fullmatch(web_id):
            with _as_far_as_reachable():
                await self._redis.delete(f"{SESSION_COOKIE}_{web_id}")


def _decoded(csrf: bytes) -> bytes:
    try:
        return urlsafe_b64decode(csrf)
    except ValueError:
        return b""


@contextmanager
def _as_far_as_reachable() -> Iterator[None]:
    try:
        yield
    except (RedisError, TimeoutError, OSError) as error:
        metrics.web_session_failures_total.inc()
        log.warning("Redis keeps no web sessions right now: PostgreSQL answers for them", error=error)
