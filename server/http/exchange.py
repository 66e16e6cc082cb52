"""What is known about the request at hand, filled in as it passes through the edge."""

from dataclasses import dataclass
from typing import Any

from aiohttp import web

from actors.kernel.message import Request
from server.http.limits import Quota
from server.http.tokens import Identity


@dataclass(slots=True)
class Exchange:
    """One request and its reply: its id, its route's template, who sent it, what it asks, what it may still spend."""

    request_id: str
    route: str = "unmatched"
    identity: Identity | None = None
    message: Request[Any] | None = None
    quota: Quota | None = None


EXCHANGE = web.RequestKey("exchange", Exchange)
