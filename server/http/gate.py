"""Who gets in: who it is, how often, and whether they may."""

from aiohttp import web

from actors.kernel.errors import Unauthenticated
from server.http.addresses import network_of
from server.http.exchange import Exchange
from server.http.identity import Source
from server.http.limits import Bucket
from server.http.needs import Needs
from server.http.sessions import SAFE_METHODS
from server.keys import IDENTITIES, LIMITER, SESSIONS


class Gate:
    """Lets the requests of one route in, or raises the `Refusal` that says why not."""

    def __init__(self, app: web.Application, bucket: str | None, needs: Needs, *, identifies: bool) -> None:
        self._identities, self._sessions, self._limiter = app[IDENTITIES], app[SESSIONS], app[LIMITER]
        self._bucket = None if bucket is None else self._limiter.buckets[bucket]
        self._needs = needs
        self._is_open = needs.is_open
        self._identifies = identifies or not needs.is_open

    async def admit(self, request: web.Request, exchange: Exchange, address: str) -> None:
        """Identity, then the rate limit, then role and plan: a forged token spends its address's limit too.

        Puts who it is and what they may still spend into the exchange.
        """
        refusal: Unauthenticated | None = None
        source = Source.nothing
        if self._identifies:
            try:
                source, exchange.identity = self._identities.of_request(request)
            except Unauthenticated as error:
                refusal = error
        if self._bucket is not None:
            subject = _subject(exchange, self._bucket, address)
            exchange.quota = await self._limiter.spend(self._bucket, subject)
        if refusal is not None:
            raise refusal
        if not self._is_open:
            caller = None if exchange.identity is None else exchange.identity.caller
            if (unmet := self._needs.refusal(caller)) is not None:
                raise unmet
        if source is Source.cookie and request.method not in SAFE_METHODS:
            self._sessions.check_csrf(request)

    async def spend(self, subject: str) -> None:
        """Spend one more request of the route's bucket. Raises `RateLimited`."""
        assert self._bucket is not None
        await self._limiter.spend(self._bucket, subject)


def _subject(exchange: Exchange, bucket: Bucket, address: str) -> str:
    if exchange.identity is not None and bucket.per == "person":
        return f"user:{exchange.identity.caller.id.hex}"
    return f"address:{network_of(address)}"
