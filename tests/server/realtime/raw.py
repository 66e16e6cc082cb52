"""A WebSocket by hand: frames as bytes, right and wrong ones."""

import asyncio
import base64
import os
from contextlib import suppress
from typing import NamedTuple

TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0


class Heard(NamedTuple):
    """What a peer answered: its frames before the close, and the code it closed with, None without a word."""

    frames: tuple[tuple[int, bytes], ...]
    code: int | None


def frame(opcode: int, payload: bytes = b"", *, fin: bool = True, rsv: int = 0, masked: bool = True) -> bytes:
    """A frame as a client must send it, unless told otherwise."""
    size = len(payload)
    head = bytes([fin << 7 | rsv << 4 | opcode])
    bit = masked << 7
    if size < 126:
        head += bytes([bit | size])
    elif size < 65536:
        head += bytes([bit | 126]) + size.to_bytes(2, "big")
    else:
        head += bytes([bit | 127]) + size.to_bytes(8, "big")
    if not masked:
        return head + payload
    mask = os.urandom(4)
    return head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))


def announced(opcode: int, size: int) -> bytes:
    """The head of a frame of which nothing else comes."""
    return bytes([0x80 | opcode, 0x80 | 127]) + size.to_bytes(8, "big") + b"mask"


def closing(code: int, reason: bytes = b"") -> bytes:
    """A close frame."""
    return frame(CLOSE, code.to_bytes(2, "big") + reason)


async def converse(port: int, sent: bytes, *, chop: int = 0, seconds: float = 30) -> Heard:
    """Open a socket, send these bytes, all at once or `chop` at a time, and read until the other side closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with asyncio.timeout(seconds):
            key = base64.b64encode(os.urandom(16)).decode()
            writer.write(
                "GET /v1/realtime HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
            )
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 101"), head
            # Whoever is refused half-way may not be there for the rest.
            with suppress(OSError):
                for start in range(0, len(sent), chop or max(1, len(sent))):
                    writer.write(sent[start : start + (chop or len(sent))])
                    await writer.drain()
                    await asyncio.sleep(0)
            return await _read(reader)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> Heard:
    frames: list[tuple[int, bytes]] = []
    while True:
        try:
            head = await reader.readexactly(2)
        except (asyncio.IncompleteReadError, OSError):
            return Heard(tuple(frames), None)
        assert head[0] & 0x70 == 0, "reserved bits"
        assert head[0] & 0x80, "fragments"
        assert head[1] & 0x80 == 0, "a server masks nothing"
        size = head[1]
        if size >= 126:
            size = int.from_bytes(await reader.readexactly(2 if size == 126 else 8), "big")
        payload = await reader.readexactly(size)
        if head[0] & 15 == CLOSE:
            return Heard(tuple(frames), int.from_bytes(payload[:2], "big"))
        frames.append((head[0] & 15, payload))
