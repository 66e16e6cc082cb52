"""The one middleware: every request comes in and every reply goes out through here."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from multidict import CIMultiDict
from structlog.contextvars import bind_contextvars

from actors.kernel.errors import Internal, Refusal
from actors.settings import Settings
from server.http import metrics
from server.http.errors import answered, refused
from server.http.exchange import EXCHANGE, Exchange
from server.http.headers import Cors, security_headers
from server.http.telemetry import record, request_id_of
from server.keys import Lifecycle

log = structlog.get_logger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def edge(settings: Settings, lifecycle: Lifecycle) -> Middleware:
    """Gives each request its id, each error the shape of a problem, each reply its headers, and logs and measures."""
    cors = Cors(settings)
    fixed = CIMultiDict({**security_headers(settings), hdrs.VARY: cors.vary})

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        started = time.perf_counter()
        exchange = request[EXCHANGE] = Exchange(request_id_of(request))
        bind_contextvars(request_id=exchange.request_id)
        metrics.in_flight.now += 1
        try:
            response = await _answer(request, handler, exchange, cors)
            if not response.prepared:
                headers = response.headers
                headers["X-Request-ID"] = exchange.request_id
                headers.merge(fixed)
                cors.allow(request, headers)
                if exchange.quota is not None and "RateLimit" not in headers:
                    headers["RateLimit-Policy"] = exchange.quota.bucket.policy
                    headers["RateLimit"] = exchange.quota.value
                if lifecycle.is_draining:
                    response.force_close()
            record(request, exchange, response, started)
        finally:
            metrics.in_flight.now -= 1
        return response

    return middleware


async def _answer(request: web.Request, handler: Handler, exchange: Exchange, cors: Cors) -> web.StreamResponse:
    try:
        if request.method == hdrs.METH_OPTIONS and (allowed := cors.preflight(request)) is not None:
            return allowed
        return await handler(request)
    except Refusal as refusal:
        return refused(refusal, exchange.request_id)
    except web.HTTPException as answer:
        if answer.status < 400:
            return web.Response(status=answer.status, headers=answer.headers)
        return answered(answer, exchange.request_id)
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("a handler broke", route=exchange.route, method=request.method)
        return refused(Internal(), exchange.request_id)
