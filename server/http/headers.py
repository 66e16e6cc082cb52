"""The headers every reply carries, and which other web origins may read ours."""

from collections.abc import Mapping

from aiohttp import hdrs, web
from multidict import CIMultiDict

from actors.settings import Settings

EXPOSED = "Stream-Position, ETag, Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID, Idempotency-Replayed"
_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-CSRF-Token, X-Request-ID"
_ALLOWED_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE"
VARY = "Authorization, Cookie"


def security_headers(settings: Settings) -> Mapping[str, str]:
    """What tells browsers to be careful with our replies. A page of ours may set a wider policy of its own."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
        # Pages elsewhere may ask by CORS where they are allowed to, and embed nothing of ours in any other way.
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Server": "vitrine",
    }
    if settings.is_secure:
        headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
    return headers


class Cors:
    """Lets pages of the configured origins call us with credentials, and no others."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(settings.allowed_origins)
        self.vary = f"{VARY}, Origin" if self._origins else VARY

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to an OPTIONS by which a browser asks whether it may; None for one that is no such question."""
        if hdrs.ACCESS_CONTROL_REQUEST_METHOD not in request.headers:
            return None
        response = web.Response(status=204)
        if request.headers.get(hdrs.ORIGIN) in self._origins:
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_METHODS] = _ALLOWED_METHODS
            response.headers[hdrs.ACCESS_CONTROL_ALLOW_HEADERS] = _ALLOWED_HEADERS
            response.headers[hdrs.ACCESS_CONTROL_MAX_AGE] = "600"
        return response

    def allow(self, request: web.Request, headers: CIMultiDict[str]) -> None:
        """Let the page that asks read the reply, if it may."""
        if not self._origins:
            return
        origin = request.headers.get(hdrs.ORIGIN)
        if origin in self._origins:
            headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
            headers[hdrs.ACCESS_CONTROL_ALLOW_CREDENTIALS] = "true"
            headers[hdrs.ACCESS_CONTROL_EXPOSE_HEADERS] = EXPOSED
