"""Requests on a live socket, and who waits for their answers."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
import orjson

Frame = dict[str, Any]
Ws = aiohttp.ClientWebSocketResponse


class RequestFailed(Exception):
    """A request was answered by an error."""

    def __init__(self, error: Frame) -> None:
        super().__init__(error["code"], error["detail"])
        self.error = error


class Requests:
    """Those of one connection at a time: a lost one answers nothing any more."""

    def __init__(self) -> None:
        self._ids = 0
        self._open: dict[int, tuple[Frame, asyncio.Future[Frame] | None]] = {}
        """By id: the request, and who waits, if somebody does."""
        self._later: set[asyncio.Task[None]] = set()

    async def ask(self, ws: Ws, request: Frame) -> Frame:
        """Send it and wait for what it is answered. Raises `RequestFailed` and `ConnectionError`."""
        waiting: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        await self.send(ws, request, waiting)
        frame = await waiting
        if "err" in frame:
            raise RequestFailed(frame["err"])
        answer: Frame = frame["ok"]
        return answer

    async def send(self, ws: Ws, request: Frame, waiting: "asyncio.Future[Frame] | None" = None) -> None:
        """Send it; `answered` brings its answer, unless somebody waits, to nobody."""
        self._ids += 1
        self._open[self._ids] = (request, waiting)
        await send(ws, {"id": self._ids, **request})

    def send_later(self, ws: Ws, request: Frame, error: Frame, *, if_still: Callable[[], bool]) -> None:
        """Send it again after it was refused for now, if it is still wanted then."""

        async def again() -> None:
            await asyncio.sleep(error["retry_after_ms"] / 1000)
            if if_still():
                with suppress(aiohttp.ClientError, OSError):
                    await self.send(ws, request)

        task = asyncio.create_task(again())
        self._later.add(task)
        task.add_done_callback(self._later.discard)

    def request_of(self, answer: Frame) -> tuple[Frame, bool]:
        """Which request that answers, and whether somebody waits for it."""
        request, waiting = self._open.get(answer["id"], ({}, None))
        return request, waiting is not None

    def settle(self, answer: Frame) -> None:
        """Give it to who waits for it."""
        _, waiting = self._open.pop(answer["id"], (None, None))
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def lose_all(self) -> None:
        """The socket closed."""
        for task in self._later:
            task.cancel()
        for _, waiting in self._open.values():
            if waiting is not None and not waiting.done():
                waiting.set_exception(ConnectionError("the socket closed"))
        self._open.clear()


async def send(ws: Ws, frame: Frame) -> None:
    """Send a frame."""
    await ws.send_str(orjson.dumps(frame).decode())
