"""What may be kept by whom: public pages briefly and by tag, everything that has to do with somebody not at all."""

from hashlib import blake2b

from aiohttp import hdrs, web
from multidict import CIMultiDict

PRIVATE = "private, no-store"


def etag_of(body: bytes) -> str:
    """A strong validator of these bytes."""
    return f'"{blake2b(body, digest_size=12).hexdigest()}"'


def matches(request: web.Request, etag: str) -> bool:
    """Whether the client holds that version already, by `If-None-Match`."""
    held = request.headers.get(hdrs.IF_NONE_MATCH)
    if held is None:
        return False
    return held.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in held.split(",")}


def public(
    request: web.Request, body: bytes, headers: CIMultiDict[str], max_age: int, etag: str | None = None
) -> web.Response:
    """A reply anybody may keep for `max_age` seconds; 304 when the client holds it. `etag`: the body's, if known."""
    etag = etag or etag_of(body)
    headers[hdrs.ETAG] = etag
    headers[hdrs.CACHE_CONTROL] = f"public, max-age={max_age}"
    if matches(request, etag):
        headers.pop(hdrs.CONTENT_TYPE, None)
        return web.Response(status=304, headers=headers)
    return web.Response(body=body, headers=headers)
