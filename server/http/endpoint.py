"""What happens to one request of a route: who, how often, what, the question, the answer."""

import asyncio
import hashlib
import re
from collections.abc import Iterable
from typing import Any

from aiohttp import hdrs, web
from pydantic import SecretStr

from actors.kernel.envelope import Origin
from actors.kernel.errors import Malformed
from actors.kernel.message import Request
from actors.kernel.once import Idempotency
from server.http.addresses import client_address
from server.http.binding import BODY_METHODS, bind_nothing
from server.http.exchange import EXCHANGE, Exchange
from server.http.gate import Gate
from server.http.pages import KeptPage, Key
from server.http.rendering import Rendering
from server.http.routing import AnyRoute, EdgeRoute, Route
from server.http.sessions import SAFE_METHODS
from server.keys import CURSORS, LIVE_LOG, PAGES, SETTINGS, SYSTEM

ASK_SECONDS = 10.0
"""How long a request may wait for its turn; its client is answered 503 after that."""
_USER_AGENT_LENGTH = 200
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


class KeyMalformed(Malformed):
    """An Idempotency-Key holds 1 to 255 printable ASCII characters."""

    code = "idempotency_key_malformed"


class Endpoint:
    """Answers the requests of one route."""

    def __init__(self, app: web.Application, route: Route) -> None:
        self.route = route
        self._binding = route.binding
        self._rendering = Rendering(route, app[CURSORS])
        self._gate = Gate(app, route.bucket, route.needs, identifies="caller" in self._binding.trusted)
        self._trusted = self._binding.trusted - {"caller"}
        self._system, self._cursors = app[SYSTEM], app[CURSORS]
        self._live_log = app[LIVE_LOG] if route.live else None
        self._replica = self._system.replica if route.may_lag else None
        self._proxies = app[SETTINGS].trusted_proxies
        self._pages, self._changes = app[PAGES], route.method not in SAFE_METHODS

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request. Raises a `Refusal` for the edge to show as a problem."""
        exchange = request[EXCHANGE]
        exchange.route = self.route.path
        address = client_address(request, self._proxies)
        await self._gate.admit(request, exchange, address)
        key: Key = (None if exchange.identity is None else exchange.identity.caller.id, request.raw_path)
        if self.route.keeps is not None and (page := self._pages.find(key)) is not None:
            return self._rendering.show(request, page, is_private=_shows_credentials(request))
        told: dict[str, Any] = {}
        if self._trusted:
            self._tell(request, address, told)
        if self.route.fill is not None:
            told.update(await self.route.fill(request))
        message = await self._binding.bind(request, exchange.identity, told)
        exchange.message = message
        if self.route.limit_by is not None:
            await self._gate.spend(f"field:{_hidden(getattr(message, self.route.limit_by))}")
        if self.route.keeps is not None and self.route.keeps(message):
            page = await self._pages.find_or_make(key, lambda: self._make_page(request, exchange, message))
            return self._rendering.show(request, page, is_private=_shows_credentials(request))
        origin, position = self._departure(request, exchange)
        if self.route.idempotent:
            origin.idempotency = self._idempotency(request, exchange, message)
        try:
            reply: Any = await self._system.ask(message, origin=origin)
        finally:
            if self._changes and exchange.identity is not None:
                self._pages.forget(exchange.identity.caller.id)
        if self.route.respond is not None:
            response = await self.route.respond(request, reply)
            response.headers.setdefault("Cache-Control", "private, no-store")
        else:
            response = self._rendering.render(request, reply, is_private=_shows_credentials(request), position=position)
        if origin.replayed:
            response.headers["Idempotency-Replayed"] = "true"
        return response

    def _departure(self, request: web.Request, exchange: Exchange) -> tuple[Origin, str | None]:
        """What goes with the message, and the position of its answer where that is live.

        A position is read before the rows, and where they are read: what happens in between is then replayed, not lost.
        """
        shown = None if self._replica is None or _shows_credentials(request) else self._replica.position
        position = None if self._live_log is None else self._live_log.position(shown)
        deadline = asyncio.get_running_loop().time() + ASK_SECONDS
        return Origin(exchange.request_id, deadline, may_lag=shown is not None), position

    async def _make_page(self, request: web.Request, exchange: Exchange, message: Request[Any]) -> KeptPage:
        origin, position = self._departure(request, exchange)
        reply: Any = await self._system.ask(message, origin=origin)
        return self._rendering.kept(request, reply, position=position)

    def _tell(self, request: web.Request, address: str, told: dict[str, Any]) -> None:
        """Fill what only the edge knows."""
        if "client_address" in self._trusted:
            told["client_address"] = address
        if "user_agent" in self._trusted:
            agent = request.headers.get("User-Agent", "")[:_USER_AGENT_LENGTH]
            told["user_agent"] = agent.encode(errors="replace").decode()
        if "after" in self._trusted and (cursor := request.query.get("cursor")) is not None:
            told["after"] = self._cursors.decode(self.route.path, cursor)

    @staticmethod
    def _idempotency(request: web.Request, exchange: Exchange, message: Request[Any]) -> Idempotency | None:
        key = request.headers.get("Idempotency-Key")
        if key is None or exchange.identity is None:
            return None
        if not _KEY.fullmatch(key):
            raise KeyMalformed
        said = message.model_dump_json(exclude=set(message.trusted_fields()))
        fingerprint = hashlib.sha256(f"{type(message).__name__} {said}".encode()).digest()
        return Idempotency(str(exchange.identity.caller.id), key, fingerprint)


def _shows_credentials(request: web.Request) -> bool:
    """Whether the request carries what might identify somebody, whether or not this route asks who."""
    return hdrs.AUTHORIZATION in request.headers or hdrs.COOKIE in request.headers


def _hidden(value: Any) -> str:
    """A value as a limiter's key: names and addresses of people do not stand in Redis."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
    return hashlib.sha256(text.casefold().encode(errors="replace")).hexdigest()[:32]


class EdgeEndpoint:
    """Answers the requests of a route that asks no message."""

    def __init__(self, app: web.Application, route: EdgeRoute) -> None:
        self._route = route
        self._gate = Gate(app, route.bucket, route.needs, identifies=False)
        self._proxies = app[SETTINGS].trusted_proxies

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        exchange = request[EXCHANGE]
        exchange.route = self._route.path
        await self._gate.admit(request, exchange, client_address(request, self._proxies))
        if self._route.method in BODY_METHODS:
            await bind_nothing(request)
        return await self._route.handler(request)


def register(app: web.Application, routes: Iterable[AnyRoute]) -> None:
    """Let the application answer every route; a GET answers HEAD too."""
    resources: dict[str, web.Resource] = {}
    for route in routes:
        endpoint = Endpoint(app, route) if isinstance(route, Route) else EdgeEndpoint(app, route)
        resource = resources.get(route.path)
        if resource is None:
            resource = resources[route.path] = app.router.add_resource(route.path)
        for method in (route.method, "HEAD") if route.method == "GET" else (route.method,):
            resource.add_route(method, endpoint.answer)
