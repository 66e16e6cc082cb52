"""The addresses of objects: public ones, and signed ones for what is not for everybody."""

import time
from base64 import b64encode
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from botocore.auth import S3SigV4QueryAuth  # type: ignore[import-untyped]  # the library ships no types
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]  # the library ships no types
from botocore.credentials import Credentials  # type: ignore[import-untyped]  # the library ships no types

from actors.settings import Settings

LIFETIME_SECONDS = 3600
KEPT = 20_000
"""Signed addresses remembered, some 400 bytes each."""


@dataclass(frozen=True, slots=True)
class SignedPut:
    """An upload somebody else may do, once or more, until `expires_at`: PUT to `url` with exactly `headers`.
    The length is signed too; every HTTP client sends it by itself."""

    url: str
    headers: Mapping[str, str]
    expires_at: datetime


class Addresses:
    """Where the objects of one bucket are found. Nobody is asked: an address does not say that something is there."""

    def __init__(self, settings: Settings) -> None:
        self._base = settings.media_url
        self._bucket = f"{(settings.s3_public_endpoint or settings.s3_endpoint).rstrip('/')}/{settings.s3_bucket}"
        self._region = settings.s3_region
        self._credentials = Credentials(*settings.storage_pair)
        self._known: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def public(self, key: str) -> str:
        """Where everybody finds the object, if it lies where it is public."""
        return f"{self._base}/{key}"

    def key_of(self, address: str) -> str | None:
        """The key of the object whose public address this is; None: it is no such address."""
        base, _, key = address.partition(f"{self._base}/")
        return None if base else key or None

    def private(self, key: str) -> str:
        """Where whoever was told finds the object, good for half an hour at least and an hour at most.

        Signing takes 120 µs, so that an address is given again until half of its life is over: a page of private
        photographs costs nothing then, and browsers find in their caches what they have seen.
        """
        now = time.monotonic()
        url, good_until = self._known.pop(key, ("", 0.0))
        if good_until <= now:
            url, good_until = self.sign_get(key, LIFETIME_SECONDS), now + LIFETIME_SECONDS / 2
        self._known[key] = url, good_until
        if len(self._known) > KEPT:
            self._known.popitem(last=False)
        return url

    def sign_put(
        self, key: str, content_type: str, size: int, sha256: str | None = None, expires_in: int = 600
    ) -> SignedPut:
        """Let somebody PUT exactly `size` bytes of `content_type` at `key` for `expires_in` seconds.

        `sha256` (hex) travels in the query, as a browser may not send it as a header across origins. Storages
        that verify sums refuse other bytes; not all do, so whoever reads the object verifies it again.
        """
        expires_at = datetime.now(UTC) + timedelta(seconds=expires_in)
        signed = {"Content-Type": content_type, "Content-Length": str(size)}
        sums = {"x-amz-checksum-sha256": b64encode(bytes.fromhex(sha256)).decode()} if sha256 else {}
        url = self._sign("PUT", key, expires_in, headers=signed, query=sums)
        return SignedPut(url, {"Content-Type": content_type}, expires_at)

    def sign_get(self, key: str, expires_in: int = 600, filename: str | None = None) -> str:
        """An address that shows the object for `expires_in` seconds, or downloads it as `filename`."""
        query = {}
        if filename is not None:
            query["response-content-disposition"] = f"attachment; filename*=UTF-8''{quote(filename, safe='')}"
        return self._sign("GET", key, expires_in, query=query)

    def _sign(
        self,
        method: str,
        key: str,
        expires_in: int,
        *,
        query: Mapping[str, str],
        headers: Mapping[str, str] = {},
    ) -> str:
        url = f"{self._bucket}/{quote(key, safe='/~')}"
        request = AWSRequest(method, url, headers=dict(headers), params=dict(query))
        S3SigV4QueryAuth(self._credentials, "s3", self._region, expires=expires_in).add_auth(request)
        return str(request.url)
