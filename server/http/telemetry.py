"""What is known of a request afterwards: its id, a line in the log, a measurement."""

import re
import time

import structlog
from aiohttp import web
from uuid_utils import uuid7

from server.http import metrics
from server.http.exchange import Exchange

access_log = structlog.get_logger("access")

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,100}")


def request_id_of(request: web.Request) -> str:
    """The id the client or a proxy gave, if it is a sane one, else a new one."""
    given = request.headers.get("X-Request-ID")
    if given is not None and _SANE_ID.fullmatch(given):
        return given
    return str(uuid7())


def record(request: web.Request, exchange: Exchange, response: web.StreamResponse, started: float) -> None:
    """Measure and log a finished request. Neither the query string is logged nor a token in the path: both may hold
    what is nobody's business."""
    seconds = time.perf_counter() - started
    status = response.status
    method = request.method if request.method in _METHODS else "other"
    metrics.seconds_of(method, exchange.route, f"{status // 100}xx").observe(seconds)
    identity = exchange.identity
    access_log.info(
        "request",
        request_id=exchange.request_id,
        method=method,
        path=exchange.route if "token" in request.match_info else request.path,
        route=exchange.route,
        status=status,
        ms=round(seconds * 1000, 2),
        user=None if identity is None else identity.caller.id,
    )
