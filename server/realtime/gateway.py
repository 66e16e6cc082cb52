"""`GET /v1/realtime`: opens sockets, reads what clients send, and lets them go."""

import asyncio
import random
import socket
from contextlib import suppress
from typing import cast
from uuid import uuid4

import structlog
from aiohttp import WSMessage, WSMsgType, hdrs, web

from actors.kernel.errors import Malformed, Unavailable
from server.http.addresses import client_address, network_of
from server.keys import SETTINGS
from server.realtime import metrics
from server.realtime.admission import Admission, Admitted
from server.realtime.audience import Audience
from server.realtime.codes import CloseCode
from server.realtime.connection import Connection
from server.realtime.dispatch import Dispatch
from server.realtime.encoding import pong_frame, text_frame
from server.realtime.fanout import Fanout
from server.realtime.frames import MAX_FRAME_BYTES, PROTOCOL, NoticePush, Reconnect
from server.realtime.places import Places
from server.realtime.wheel import Wheel

UNSENT_BYTES = 64 * 1024
"""What the kernel may hold of a socket beyond what its peer has room for: more would only grow old there."""
BEYOND = 60
"""Frames beyond what a client may send that are refused one by one, before its socket is closed."""
_CLOSE_SECONDS = 2.0
_NOTHING, _NEVER_SENT, _LAST_CODE = 0, 1006, 4999
_ENDS = frozenset({WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR})


logger = structlog.get_logger(__name__)


class UpgradeNeeded(Malformed):
    """This address speaks WebSocket only."""

    code = "upgrade_needed"


class Leaving(Unavailable):
    """This process is going; connect again and another will answer."""


class Gateway:
    """Every socket of this process."""

    def __init__(
        self,
        admission: Admission,
        dispatch: Dispatch,
        audience: Audience,
        fanout: Fanout,
        wheel: Wheel,
        places: Places,
    ) -> None:
        self.sockets: set[Connection] = set()
        self._admission = admission
        self._dispatch = dispatch
        self._audience = audience
        self._fanout = fanout
        self._wheel = wheel
        self._places = places
        self._is_draining = False
        self._gone = asyncio.Event()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Open a socket and serve it until it closes."""
        if self._is_draining:
            raise Leaving
        upgrade = self._admission.of_upgrade(request)
        ws = web.WebSocketResponse(
            timeout=_CLOSE_SECONDS,
            autoclose=False,
            autoping=False,
            protocols=(PROTOCOL,),
            # Deflate would cost a hundred kilobytes a socket.
            compress=False,
            max_msg_size=MAX_FRAME_BYTES + 1,
        )
        try:
            writer = await ws.prepare(request)
        except web.HTTPBadRequest:
            raise UpgradeNeeded from None
        transport = request.transport
        if transport is None:
            return ws
        _keep_kernel_buffer_small(transport)
        network = network_of(client_address(request, request.app[SETTINGS].trusted_proxies))
        connection = Connection(uuid4().hex, network, transport, writer, self._wheel, self._fanout.position)
        self.sockets.add(connection)
        metrics.sockets.inc()
        try:
            if ws.ws_protocol is None and hdrs.SEC_WEBSOCKET_PROTOCOL in request.headers:
                connection.close(CloseCode.unsupported_version)
            while (message := await ws.receive()).type not in _ENDS:
                if connection.closing_at is None:
                    await self._take(message, connection, upgrade)
            if message.type is WSMsgType.CLOSE:
                connection.close(CloseCode.ok if _may_be_sent(message.data) else CloseCode.not_websocket)
        except Exception:
            logger.exception("a live socket broke")
            connection.close(CloseCode.internal)
        finally:
            metrics.sockets.dec()
            self.sockets.discard(connection)
            if not self.sockets:
                self._gone.set()
            self._audience.forget(connection)
            self._places.leave(connection.holder, connection.session)
            connection.end()
        return ws

    async def drain(self, seconds: float) -> None:
        """Ask everybody to go elsewhere, each at a moment drawn here, within so many seconds; nobody new comes in."""
        self._is_draining = True
        loop = asyncio.get_running_loop()
        for connection in tuple(self.sockets):
            delay = random.uniform(0, seconds)  # noqa: S311  # jitter, not a secret
            connection.send(text_frame(NoticePush(reconnect=Reconnect(after_ms=int(delay * 1000)))))
            loop.call_later(delay, connection.close, CloseCode.draining)
        if self.sockets:
            self._gone.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds + 2 * _CLOSE_SECONDS):
                    await self._gone.wait()

    async def _take(self, message: WSMessage, connection: Connection, upgrade: Admitted | None) -> None:
        left = connection.hear()
        if left < -BEYOND:
            connection.close(CloseCode.rate_limited)
            return
        match message.type:
            case WSMsgType.TEXT if left < 0:
                self._dispatch.refuse_for_now(connection, message.data)
            case WSMsgType.TEXT:
                error = await self._dispatch.answer(connection, message.data, upgrade)
                if error is not None and not connection.may_err_again():
                    connection.close(CloseCode.too_many_errors)
            case WSMsgType.BINARY:
                connection.close(CloseCode.not_text)
            case WSMsgType.PING:
                connection.send(pong_frame(message.data))
        await connection.drained()


def _may_be_sent(code: int) -> bool:
    """Whether a peer may close with it; 0 stands for none. Most others are refused before they come here."""
    return code == _NOTHING or (code != _NEVER_SENT and code <= _LAST_CODE)


def _keep_kernel_buffer_small(transport: asyncio.Transport) -> None:
    found = transport.get_extra_info("socket")
    option = getattr(socket, "TCP_NOTSENT_LOWAT", 25 if hasattr(socket, "TCP_CORK") else None)
    if found is not None and option is not None and found.family in {socket.AF_INET, socket.AF_INET6}:
        cast("socket.socket", found).setsockopt(socket.IPPROTO_TCP, option, UNSENT_BYTES)
