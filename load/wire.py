"""HTTP/1.1 as cheap as Python has it: requests packed by hand, one in flight on a connection, no pipelining."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple, cast
from urllib.parse import urlsplit

OnReply = Callable[[int, bytes], None]
"""Called with the status, 0 for a connection that was lost, and the body."""


class Reply(NamedTuple):
    """What came back; status 0: the connection was lost."""

    status: int
    body: bytes


class Wire(asyncio.Protocol):
    """A keep-alive connection."""

    def __init__(self) -> None:
        self._received = b""
        self._on_reply: OnReply | None = None
        self._transport: asyncio.Transport | None = None
        self.head = b""
        """Status line and headers of the last reply, in lower case."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection is up."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits for a reply learns that none comes."""
        self._transport = None
        self._answer(0, repr(exc).encode())

    def data_received(self, data: bytes) -> None:
        """Put a reply together."""
        if self._received:
            data = self._received + data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            self._received = data
            return
        head = data[:end].lower()
        at = head.find(b"content-length:")
        size = 0 if at < 0 else int(head[at + 15 : (head + b"\r\n").find(b"\r\n", at)])
        if len(data) < end + 4 + size:
            self._received = data
            return
        self._received = b""
        self.head = head
        self._answer(int(data[9:12]), data[end + 4 : end + 4 + size])

    def _answer(self, status: int, body: bytes) -> None:
        on_reply, self._on_reply = self._on_reply, None
        if on_reply is not None:
            on_reply(status, body)

    def send(self, request: bytes, on_reply: OnReply) -> None:
        """Send a packed request; `on_reply` may send the next one."""
        if self._on_reply is not None:
            raise RuntimeError("one request at a time on a connection")
        if self._transport is None:
            on_reply(0, b"not connected")
            return
        self._on_reply = on_reply
        self._transport.write(request)

    async def ask(self, request: bytes) -> Reply:
        """Send a packed request and wait for its reply."""
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def replied(status: int, body: bytes) -> None:
            if not reply.done():
                reply.set_result(Reply(status, body))

        self.send(request, replied)
        return await reply

    def close(self) -> None:
        """Hang up."""
        if self._transport is not None:
            self._transport.close()


async def connect(url: str) -> Wire:
    """A connection to the server at `url`."""
    host, port = address_of(url)
    _, wire = await asyncio.get_running_loop().create_connection(Wire, host, port)
    return wire


def address_of(url: str) -> tuple[str, int]:
    """Host and port."""
    parts = urlsplit(url)
    return parts.hostname or "127.0.0.1", parts.port or 80


def packed(method: str, path: str, token: str | None = None, body: bytes = b"", *, address: str = "") -> bytes:
    """A request, ready to send; with `address` as a proxy in front of the server hands it on for a client there."""
    head = f"X-Forwarded-For: {address}\r\n".encode() if address else b""
    return b"%s %s HTTP/1.1\r\n%s%s%s" % (method.encode(), path.encode(), head, tail(token, len(body)), body)


def tail(token: str | None, size: int = 0) -> bytes:
    """Everything after the request line, for those who pack many requests of one person."""
    authorization = f"Authorization: Bearer {token}\r\n" if token else ""
    kind = "Content-Type: application/json\r\n" if size else ""
    return f"Host: load\r\n{authorization}{kind}Content-Length: {size}\r\n\r\n".encode()
