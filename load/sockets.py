"""WebSockets as cheap as Python has them: frames cut by hand, so that thousands can be read beside a server."""

import asyncio
import base64
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

import orjson

from load.wire import address_of

OnFrame = Callable[["Socket", bytes, float], None]
"""Called with the socket, a text frame's payload and when it was received (`time.monotonic`)."""
Topics = Mapping[str, str | None] | Sequence[str]
"""What to watch, each from its position on or from now."""
_PING = b'{"push":"ping"'


class SocketClosed(Exception):
    """The server closed the socket or never opened it."""


class Socket(asyncio.Protocol):
    """One WebSocket of `vitrine.v1.json`. Answers pings by itself."""

    def __init__(self, on_frame: OnFrame) -> None:
        self._on_frame = on_frame
        self._rest = b""
        self._is_upgraded = False
        self._transport: asyncio.Transport | None = None
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.frames = 0
        self.close_code: int | None = None
        self.closed: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        """When the server closed it (`time.monotonic`)."""
        self.connected: dict[str, Any] = {}
        """What the server said to `connect`."""
        self.seen: list[tuple[float, int]] = []
        """For the scenario: what this socket has seen, and when."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up: ask for the upgrade."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            "GET /v1/realtime HTTP/1.1\r\nHost: load\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            "Sec-WebSocket-Protocol: vitrine.v1.json\r\n\r\n".encode()
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """The server is gone."""
        self._transport = None
        self.close_code = self.close_code or 1006
        self._note_end(time.monotonic())
        if not self.upgraded.done():
            self.upgraded.set_exception(SocketClosed(repr(exc)))

    def data_received(self, data: bytes) -> None:
        """Cut what came into frames."""
        now = time.monotonic()
        data = self._rest + data if self._rest else data
        if not self._is_upgraded:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self._rest = data
                return
            self._is_upgraded = data.startswith(b"HTTP/1.1 101")
            if self.upgraded.done():
                return  # nobody waits any longer
            if not self._is_upgraded:
                self.upgraded.set_exception(SocketClosed(data[:200].decode(errors="replace")))
                return
            self.upgraded.set_result(None)
            data = data[end + 4 :]
        self._rest = data[self._cut(data, now) :]

    def _cut(self, data: bytes, now: float) -> int:
        """Hand on whole frames; returns where the first one that is not whole begins."""
        at, size = 0, len(data)
        while size - at >= 2:
            start, length = at + 2, data[at + 1]
            if length >= 126:
                width = 2 if length == 126 else 8
                if size < start + width:
                    break
                length = int.from_bytes(data[start : start + width], "big")
                start += width
            if size < start + length:
                break
            self._take(data[at] & 15, data[start : start + length], now)
            at = start + length
        return at

    def _take(self, opcode: int, payload: bytes, now: float) -> None:
        if opcode == 1:
            self.frames += 1
            if payload.startswith(_PING):
                self.send({"op": "pong"})
            else:
                self._on_frame(self, payload, now)
        elif opcode == 8:
            self.close_code = int.from_bytes(payload[:2], "big")
            self._note_end(now)
            self.close()

    def _note_end(self, now: float) -> None:
        if not self.closed.done():
            self.closed.set_result(now)

    def send(self, frame: object) -> None:
        """Send a JSON frame, masked as a client's must be."""
        if self._transport is None:
            raise SocketClosed(f"closed with {self.close_code}")
        payload = orjson.dumps(frame)
        size = len(payload)
        header = bytes([0x81, 0x80 | size]) if size < 126 else b"\x81\xfe" + size.to_bytes(2, "big")
        mask = os.urandom(4)
        pad = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
        self._transport.write(header + mask + (int.from_bytes(payload, "big") ^ pad).to_bytes(size, "big"))

    def replace_listener(self, on_frame: OnFrame) -> None:
        """Give further frames to somebody else."""
        self._on_frame = on_frame

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def watch(url: str, topics: Topics, token: str | None, on_frame: OnFrame) -> Socket:
    """A socket that watches `topics` already. Raises `SocketClosed` when the server refuses any of it."""
    host, port = address_of(url)
    connected: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def first(socket: Socket, payload: bytes, now: float) -> None:
        if connected.done():
            on_frame(socket, payload, now)
        else:
            connected.set_result(payload)

    _, socket = await asyncio.get_running_loop().create_connection(lambda: Socket(first), host, port)
    try:
        async with asyncio.timeout(20):
            await socket.upgraded
            frame: dict[str, object] = {
                "id": 1,
                "op": "connect",
                "topics": topics if isinstance(topics, Mapping) else dict.fromkeys(topics),
            }
            socket.send(frame if token is None else frame | {"token": token})
            answer = orjson.loads(await connected)
    except BaseException:
        socket.close()
        raise
    refused = "ok" not in answer or any("err" in topic for topic in answer["ok"]["topics"].values())
    if refused:
        socket.close()
        raise SocketClosed(f"connect was answered {answer}")
    socket.connected = answer["ok"]
    socket.replace_listener(on_frame)
    return socket


async def watch_many(
    url: str, topics: Topics, tokens: list[str], on_frame: OnFrame, *, at_once: int = 64
) -> list[Socket]:
    """One socket for each token, so many at once."""
    gate = asyncio.Semaphore(at_once)

    async def one(token: str) -> Socket:
        async with gate:
            return await watch(url, topics, token, on_frame)

    return list(await asyncio.gather(*(one(token) for token in tokens)))


def close_all(sockets: list[Socket]) -> None:
    """Hang up on all."""
    for socket in sockets:
        with suppress(OSError):
            socket.close()
