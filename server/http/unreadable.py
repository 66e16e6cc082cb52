"""What is no HTTP, or too long for it, is answered by the protocol before the application sees it: as a problem too."""

from http import HTTPStatus
from uuid import uuid4

import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from server.http.errors import problem

log = structlog.get_logger(__name__)


class _Protocol(web.RequestHandler):
    __slots__ = ()

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
        log.info("unreadable request", request_id=request_id, address=request.remote, reason=str(exc.message))
        detail = "The request line or a header is malformed or too long."
        response = problem(status, "malformed", HTTPStatus(status).phrase, detail, request_id)
        response.headers["X-Request-ID"] = request_id
        response.force_close()
        return response


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    """Serves an application over a protocol whose own errors are problems as well."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        # The application makes its server itself and takes no class for it; ours adds no state.
        server.__class__ = _Server
        return server
