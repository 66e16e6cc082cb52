"""The live edge's addresses: the socket, tickets for it, and its description."""

from collections.abc import Awaitable
from functools import lru_cache
from typing import Any

import orjson
from aiohttp import web

from actors.kernel.message import View
from server.http.exchange import EXCHANGE
from server.http.routing import EdgeRoute
from server.keys import SETTINGS
from server.realtime.asyncapi import document
from server.realtime.realtime import REALTIME
from server.realtime.tickets import LIFETIME_SECONDS


class TicketView(View):
    """Name it in `connect`, once, before it expires."""

    ticket: str
    expires_in: int


def connect(request: web.Request) -> Awaitable[web.StreamResponse]:
    """Open the live socket; it speaks `vitrine.v1.json`, see `/v1/asyncapi.json`."""
    return request.app[REALTIME].gateway.handle(request)


async def issue_ticket(request: web.Request) -> web.StreamResponse:
    """A one-use ticket for the socket, for clients that can send it neither a header nor a cookie."""
    identity = request[EXCHANGE].identity
    assert identity is not None
    ticket = await request.app[REALTIME].tickets.issue(identity.caller)
    view = TicketView(ticket=ticket, expires_in=LIFETIME_SECONDS)
    return web.Response(
        status=201,
        text=view.model_dump_json(),
        content_type="application/json",
        headers={"Cache-Control": "private, no-store"},
    )


async def described(request: web.Request) -> web.StreamResponse:
    """The description of the live protocol."""
    return web.Response(
        body=_description(request.app[SETTINGS].public_url),
        content_type="application/json",
        headers={"Cache-Control": "public, max-age=5"},
    )


@lru_cache(maxsize=1)
def _description(public_url: str) -> bytes:
    return orjson.dumps(document(public_url))


ROUTES = (
    EdgeRoute("GET", "/v1/realtime", connect, None, bucket="sockets", status=101, refuses=(400, 401, 403)),
    EdgeRoute("POST", "/v1/realtime/tickets", issue_ticket, TicketView, bucket="tickets", status=201, identifies=True),
    EdgeRoute("GET", "/v1/asyncapi.json", described, dict[str, Any]),
)
