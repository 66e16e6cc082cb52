"""What is no HTTP, too long for it, or too slow is answered by the protocol, before the application sees it."""

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, cast
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage, HttpProcessingError, LineTooLong
from aiohttp.streams import EMPTY_PAYLOAD
from aiohttp.web_protocol import _ErrInfo

from server.http import metrics
from server.http.errors import TooSlow, problem

log = structlog.get_logger(__name__)

MAX_TARGET = 8_000
MAX_HEADER = 8_190
"""Bytes in a request's target and in one header. They differ, so that an error tells which of them it was."""
HEAD_SECONDS = 10.0
"""From the first byte of a request to the end of its headers."""
STUCK_SECONDS = 30.0
"""How long a reply waits for a reader that takes nothing; sockets have a shorter one of their own."""


class _Refused(NamedTuple):
    status: int
    code: str
    detail: str


class _HeadTooSlow(BadHttpMessage):
    """The headers did not arrive in time."""


class _Protocol(web.RequestHandler):
    __slots__ = ("_head_timer", "_stuck_timer", "fixed_headers")

    def __init__(self, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._head_timer: asyncio.TimerHandle | None = None
        self._stuck_timer: asyncio.TimerHandle | None = None
        self.fixed_headers: Mapping[str, str] = {}

    async def start(self) -> None:
        """Serve, unless the door is closing: what is asked now would be read by nobody."""
        if cast("_Server", self._manager).is_leaving:
            self.force_close()
        else:
            await super().start()

    def data_received(self, data: bytes) -> None:
        """Begin to wait when a request has begun, and stop when its headers are there. A whole one costs nothing."""
        super().data_received(data)
        if self._messages or self._waiter is None or self._waiter.done():
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None and not self._upgraded:
            self._head_timer = self._loop.call_later(HEAD_SECONDS, self._give_up_on_head)

    def pause_writing(self) -> None:
        """The reader takes no more for now."""
        super().pause_writing()
        if self._stuck_timer is None:
            self._stuck_timer = self._loop.call_later(STUCK_SECONDS, self._give_up_on_reader)

    def resume_writing(self) -> None:
        """It does again."""
        super().resume_writing()
        self._end_timers(self._stuck_timer)
        self._stuck_timer = None

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing is waited for any more."""
        self._end_timers(self._head_timer, self._stuck_timer)
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """A problem instead of plain text; the connection is closed after it."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        request_id = uuid4().hex
        refused = _refusal(exc, status)
        log.info("unreadable request", request_id=request_id, address=request.remote, reason=refused.code)
        title = HTTPStatus(refused.status).phrase
        response = problem(refused.status, refused.code, title, refused.detail, request_id)
        response.headers.update(self.fixed_headers)
        response.headers["X-Request-ID"] = request_id
        response.force_close()
        return response

    def _give_up_on_head(self) -> None:
        self._head_timer = None
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            metrics.too_slow_total.labels("head").inc()
            late = _HeadTooSlow("the headers did not arrive in time")
            # As the protocol does itself with what it cannot parse.
            self._messages.append((_ErrInfo(408, late, late.message), EMPTY_PAYLOAD))
            waiter.set_result(None)

    def _give_up_on_reader(self) -> None:
        self._stuck_timer = None
        metrics.too_slow_total.labels("reply").inc()
        if self.transport is not None:
            self.transport.abort()

    @staticmethod
    def _end_timers(*timers: asyncio.TimerHandle | None) -> None:
        for timer in timers:
            if timer is not None:
                timer.cancel()


def _refusal(error: HttpProcessingError, status: int) -> _Refused:
    if isinstance(error, _HeadTooSlow):
        return _Refused(408, TooSlow.code, "The headers did not arrive in time.")
    if isinstance(error, LineTooLong):
        if error.args[1] == MAX_TARGET:
            return _Refused(414, "uri_too_long", f"An address holds at most {MAX_TARGET:,} bytes.")
        return _Refused(431, "headers_too_large", f"A header holds at most {MAX_HEADER:,} bytes.")
    if error.message.startswith("Too many headers"):
        return _Refused(431, "headers_too_large", "There are too many headers.")
    return _Refused(status, "malformed", "The request line or a header is malformed.")


class _Server(web.Server):
    fixed_headers: Mapping[str, str]
    is_leaving = False

    def pre_shutdown(self) -> None:
        """Close what is idle, and whatever comes from now on."""
        self.is_leaving = True
        super().pre_shutdown()

    def __call__(self) -> web.RequestHandler:
        protocol = _Protocol(self, loop=self._loop, **self._kwargs)
        protocol.fixed_headers = self.fixed_headers
        return protocol


class Runner(web.AppRunner):
    """Serves an application over a protocol whose own errors are problems as well, with `headers` of ours on each."""

    def __init__(self, app: web.Application, headers: Mapping[str, str], **options: Any) -> None:
        super().__init__(app, max_line_size=MAX_TARGET, max_field_size=MAX_HEADER, **options)
        self._headers = headers

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # The application makes its server itself and takes no class for it; ours adds no state but this.
        server.__class__ = _Server
        cast("_Server", server).fixed_headers = self._headers
        return server
