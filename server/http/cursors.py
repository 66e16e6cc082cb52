"""Cursors: where a page ended, opaque to clients and refused when tampered with."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import orjson

from actors.kernel.errors import Malformed
from actors.kernel.paging import Key
from actors.settings import Settings
from server.http.seals import Seals

_MAC_BYTES = 12
_LONGEST = 3072


class CursorInvalid(Malformed):
    """This cursor was not made by this list."""

    code = "cursor_invalid"


class Cursors:
    """Signs keys for one route and reads them back."""

    def __init__(self, settings: Settings) -> None:
        self._seals = Seals(settings, "cursor", length=_MAC_BYTES)

    def encode(self, route: str, key: Key) -> str:
        """The key as a cursor of that route: URL-safe text."""
        payload = orjson.dumps(key)
        return urlsafe_b64encode(self._seals.seal(_sealed(route, payload)) + payload).rstrip(b"=").decode()

    def decode(self, route: str, cursor: str) -> Key:
        """The key inside. Raises `CursorInvalid` unless this deployment made it for that route."""
        try:
            raw = urlsafe_b64decode(cursor[:_LONGEST].encode("ascii") + b"==")
        except ValueError:
            raise CursorInvalid from None
        seal, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        is_canonical = urlsafe_b64encode(raw).rstrip(b"=").decode() == cursor
        if not is_canonical or not self._seals.fits(seal, _sealed(route, payload)):
            raise CursorInvalid
        return tuple(orjson.loads(payload))


def _sealed(route: str, payload: bytes) -> bytes:
    return route.encode() + b"\0" + payload
