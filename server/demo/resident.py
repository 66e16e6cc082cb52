"""One of the demo people at their phone: signed in over HTTP like anybody, with nothing but a name and a password."""

import time
from collections.abc import Mapping
from typing import Any, Self

import aiohttp

from server.demo import words

_EARLY_SECONDS = 60.0


class Away(Exception):
    """The server does not answer, or cannot take more now. `retry_after` is in seconds, 0 when it did not say."""

    def __init__(self, why: str, retry_after: float = 0.0) -> None:
        self.retry_after = retry_after
        super().__init__(why)


class Declined(Exception):
    """The server said no to this one request."""


class Resident:
    """A signed-in person. Every method raises `Away` or `Declined`."""

    def __init__(self, http: aiohttp.ClientSession, base: str, username: str) -> None:
        self.username = username
        self._http = http
        self._base = base.rstrip("/")
        self._access = self._refresh = ""
        self._fresh_until = 0.0

    @classmethod
    async def sign_in(cls, http: aiohttp.ClientSession, base: str, username: str) -> Self:
        """Sign somebody in."""
        resident = cls(http, base, username)
        resident._keep(await resident._send("POST", "/v1/auth/login", {"login": username, "password": words.PASSWORD}))
        return resident

    async def ask(self, path: str, **query: str) -> Any:
        """GET something; who never signed in asks as a visitor."""
        if self._refresh:
            await self._stay_signed_in()
        return await self._send("GET", path, query=query)

    async def do(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Change something."""
        await self._stay_signed_in()
        return await self._send(method, path, body)

    async def publish(self, photograph: bytes, caption: str, tags: list[str], alt: str) -> None:
        """Upload a JPEG and post it."""
        signed = await self.do("POST", "/v1/uploads/sign", {"content_type": "image/jpeg", "bytes": len(photograph)})
        try:
            async with self._http.put(signed["url"], data=photograph, headers=signed["headers"]) as response:
                if response.status >= 300:
                    raise Away(f"the storage answers {response.status}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Away(str(error)) from error
        body = {"upload_id": signed["upload_id"], "caption": caption, "tags": tags, "alt": alt}
        await self.do("POST", "/v1/posts", body)

    async def _stay_signed_in(self) -> None:
        if time.monotonic() > self._fresh_until:
            self._keep(await self._send("POST", "/v1/auth/refresh", {"refresh_token": self._refresh}, signed=False))

    def _keep(self, given: Mapping[str, Any]) -> None:
        self._access, self._refresh = given["access_token"], given["refresh_token"]
        self._fresh_until = time.monotonic() + given["expires_in"] - _EARLY_SECONDS

    async def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        query: Mapping[str, str] | None = None,
        signed: bool = True,
    ) -> Any:
        headers = {"Authorization": f"Bearer {self._access}"} if signed and self._access else {}
        try:
            async with self._http.request(
                method, self._base + path, json=body, params=query, headers=headers
            ) as response:
                if response.status == 429 or response.status >= 500:
                    pause = response.headers.get("Retry-After", "0")
                    raise Away(f"{path} answers {response.status}", float(pause) if pause.isdigit() else 0.0)
                if response.status >= 400:
                    raise Declined(f"{method} {path}: {response.status} {await response.text()}")
                return await response.json() if response.status != 204 else None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Away(str(error) or type(error).__name__) from error
