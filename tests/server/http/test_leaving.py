"""Who stands at the door as a process leaves is let go of in silence: not waited for, nor told of being slow."""

import asyncio
import socket
import time

import pytest
from aiohttp import web

from server.app import runner
from server.http import unreadable

ASK = b"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize("turns", range(2, 6))
async def test_a_connection_that_comes_as_the_door_closes_holds_nothing_up(
    app: web.Application, monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """`turns` of the loop earlier: it is accepted, it was just made, it waits for what is asked."""
    monkeypatch.setattr(unreadable, "HEAD_SECONDS", 30.0)
    served = runner(app)
    await served.setup()
    await web.TCPSite(served, "127.0.0.1", 0).start()
    with socket.create_connection(served.addresses[0][:2]) as caller:
        caller.setblocking(False)
        for _ in range(turns):
            await asyncio.sleep(0)
        began = time.monotonic()
        leaving = asyncio.create_task(served.cleanup())
        for _ in range(4):
            await asyncio.sleep(0)
        try:
            caller.send(ASK)
            answer = await asyncio.get_running_loop().sock_recv(caller, 4096)
        except ConnectionError:
            answer = b""
        await leaving
    assert answer == b""
    assert time.monotonic() - began < 5
