"""Requests that come slowly, are too long, or not what they say: each is answered or let go of, none holds anything."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import AsyncIterator

import brotli  # type: ignore[import-untyped]  # it comes without types
import pytest
import pytest_asyncio
from aiohttp import web

from server.app import runner
from server.http import binding, unreadable
from tests.server.http.conftest import SignIn

Answer = tuple[int, dict[str, str], dict[str, object]]


class Line:
    """A connection of our own, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def answer(self, seconds: float = 30.0) -> Answer:
        """Status, headers and JSON of the next reply."""
        async with asyncio.timeout(seconds):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
            body = await self.reader.readexactly(int(headers.get("content-length", "0")))
        return int(head[0].split()[1]), headers, json.loads(body) if body else {}

    async def is_closed(self, seconds: float = 30.0) -> bool:
        """Whether the other side lets go in time, with nothing more to say."""
        try:
            async with asyncio.timeout(seconds):
                return await self.reader.read(1) == b""
        except ConnectionError:
            return True


@pytest_asyncio.fixture(loop_scope="module")
async def address(app: web.Application, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[str, int]]:
    """Where the edge listens, as it is really served, but for what it waits for after a refusal."""
    monkeypatch.setattr("server.app.LINGER_SECONDS", 0.3)
    served = runner(app)
    await served.setup()
    site = web.TCPSite(served, "127.0.0.1", 0)
    await site.start()
    yield served.addresses[0][:2]
    await served.cleanup()


@pytest_asyncio.fixture(loop_scope="module")
async def line(address: tuple[str, int]) -> AsyncIterator[Line]:
    """A connection to it."""
    line = Line(*await asyncio.open_connection(*address, limit=1 << 22))
    yield line
    line.writer.close()


def made(method: str, path: str, token: str, body: bytes = b"", **headers: str) -> bytes:
    """A request as bytes."""
    told = {"Host": "x", "Authorization": token, "Content-Type": "application/json", "Content-Length": str(len(body))}
    told |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "\r\n".join([f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())])
    return head.encode() + b"\r\n\r\n" + body


async def test_headers_that_trickle_in_are_waited_for_so_long_and_no_longer(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "HEAD_SECONDS", 0.4)
    began = time.monotonic()
    line.writer.write(b"GET /v1/toys/kite HTTP/1.1\r\nHost: x\r\n")
    trickle = asyncio.create_task(_trickle(line, b"X-A: b\r\n"))
    status, headers, problem = await line.answer()
    trickle.cancel()
    assert (status, problem["code"]) == (408, "request_timeout")
    assert 0.3 < time.monotonic() - began < 15
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-type"].startswith("application/problem+json")
    assert await line.is_closed()


async def test_a_request_that_came_whole_stops_the_clock_and_the_next_one_starts_it(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "HEAD_SECONDS", 1.0)
    whole = made("GET", "/v1/toys/kite", "").replace(b"Authorization: \r\n", b"")
    line.writer.write(whole[:20])
    await asyncio.sleep(0.1)
    line.writer.write(whole[20:])
    assert (await line.answer())[0] == 200
    await asyncio.sleep(1.3)
    line.writer.write(whole)
    assert (await line.answer())[0] == 200, "idle between requests is no fault"
    line.writer.write(whole[:20])
    assert (await line.answer())[0] == 408


async def test_a_body_that_does_not_end_is_waited_for_so_long_and_no_longer(
    line: Line, bearer: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "BODY_SECONDS", 0.4)
    token = bearer()["Authorization"]
    line.writer.write(made("POST", "/v1/toys", token, Content_Length="5000") + b'{"name": "')
    trickle = asyncio.create_task(_trickle(line, b"x"))
    status, headers, problem = await line.answer()
    trickle.cancel()
    assert (status, problem["code"], headers["connection"]) == (408, "request_timeout", "close")
    assert await line.is_closed()


async def _trickle(line: Line, what: bytes) -> None:
    while True:
        await asyncio.sleep(0.05)
        line.writer.write(what)


async def test_a_reply_nobody_reads_is_let_go(
    app: web.Application, address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unreadable, "STUCK_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection(*address, limit=2)
    ask = b"GET /docs HTTP/1.1\r\nHost: x\r\n\r\n"

    async def ask_on() -> None:
        while True:
            writer.write(ask * 50)
            await writer.drain()
            await asyncio.sleep(0)

    with pytest.raises((ConnectionError, TimeoutError)):
        async with asyncio.timeout(10):
            await ask_on()
    writer.close()
    del reader


@pytest.mark.parametrize(
    ("request_line", "status", "code"),
    [
        (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 9_000 + b"\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a" * 9_000 + b": x\r\n\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 200 + b"\r\n", 431, "headers_too_large"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nX Y: z\r\n\r\n", 400, "malformed"),
        (b"nonsense\r\n\r\n", 400, "malformed"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "malformed"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400, "malformed"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400, "malformed"),
    ],
)
async def test_what_is_too_long_or_no_http_is_a_problem_and_ends_the_connection(
    line: Line, request_line: bytes, status: int, code: str
) -> None:
    line.writer.write(request_line)
    answered, headers, problem = await line.answer()
    assert (answered, problem["status"], problem["code"]) == (status, status, code)
    assert headers["x-request-id"] == problem["request_id"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert await line.is_closed()


def _bomb(megabytes: int) -> bytes:
    return gzip.compress(b'{"name": "' + b"x" * (megabytes << 20) + b'"}')


BODY = json.dumps({"name": "kite"}).encode()


@pytest.mark.parametrize(
    ("encoding", "body", "status", "code"),
    [
        ("gzip", gzip.compress(BODY, mtime=0), 201, None),
        ("GZIP", gzip.compress(BODY, mtime=0), 201, None),
        ("deflate", zlib.compress(BODY), 201, None),
        ("br", brotli.compress(BODY), 201, None),
        ("identity", BODY, 201, None),
        ("gzip", BODY, 400, "malformed"),
        ("br", b"\xff" * 50, 400, "malformed"),
        ("deflate", b"\x78\x9c" + b"\xff" * 50, 400, "malformed"),
        ("gzip", gzip.compress(BODY, mtime=0)[:-12], 400, "malformed"),
        ("br", brotli.compress(BODY * 50)[:-5], 400, "malformed"),
        ("gzip", _bomb(40), 413, "too_large"),
        ("br", brotli.compress(b'"' + b"x" * (64 << 20), quality=1), 413, "too_large"),
        ("zstd", BODY, 415, "unsupported_type"),
        ("compress", BODY, 415, "unsupported_type"),
        ("gzip, br", BODY, 415, "unsupported_type"),
        ("x", BODY, 415, "unsupported_type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_body_is_decoded_as_far_as_it_may_be_or_refused(
    line: Line, bearer: SignIn, encoding: str, body: bytes, status: int, code: str | None
) -> None:
    line.writer.write(made("POST", "/v1/toys", bearer()["Authorization"], body, Content_Encoding=encoding))
    answered, _, reply = await line.answer(10)
    assert (answered, reply.get("code")) == (status, code), reply
