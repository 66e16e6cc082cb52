"""The reference client: a static page at `/`, without a build step and without anything from elsewhere."""

from functools import partial
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import hdrs, web
from multidict import CIMultiDict

from actors.settings import Settings
from server.http import caching
from server.keys import SETTINGS

_FOLDER = Path(__file__).parent
_TYPES = frozenset({".html", ".css", ".js", ".svg"})


def add_web(app: web.Application) -> None:
    """Serve the page at `/` and its parts at `/web/<name>`, read once. A browser asks each time whether its copy is
    still right (ETag), and runs nothing that does not come from here (CSP)."""
    policy = content_security_policy(app[SETTINGS])
    for file in sorted(_FOLDER.iterdir()):
        if file.suffix in _TYPES:
            path = "/" if file.name == "index.html" else f"/web/{file.name}"
            content_type = f"{guess_type(file.name)[0]}; charset=utf-8"
            app.router.add_get(path, partial(_serve, file.read_bytes(), content_type, policy))


async def _serve(body: bytes, content_type: str, policy: str, request: web.Request) -> web.Response:
    headers = CIMultiDict(
        {
            hdrs.CONTENT_TYPE: content_type,
            "Content-Security-Policy": policy,
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }
    )
    return caching.public(request, body, headers, max_age=0)


def content_security_policy(settings: Settings) -> str:
    """Everything from here alone, but pictures from where media lie, and uploads to where they go."""
    ours = urlsplit(settings.public_url)
    socket = f"{'wss' if settings.is_secure else 'ws'}://{ours.netloc}"
    uploads = _origin(settings.s3_public_endpoint or settings.s3_endpoint)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' blob: {_origin(settings.media_url)} {uploads}",
            f"connect-src 'self' {socket} {uploads}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
