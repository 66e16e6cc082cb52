"""A socket as tests need it: it keeps every frame, and waits for the one a test speaks of."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Self

import aiohttp

from tests.contract import hold_frame

Frame = dict[str, Any]


class Watcher:
    """Keeps what was pushed, in order. Knows nothing of resuming: it shows what really came."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._changed = asyncio.Condition()
        self._reading: asyncio.Task[None] | None = None
        self._last_id = 1
        self.pushed: list[Frame] = []
        self.answers: dict[int, Frame] = {}
        self.connected: Frame = {}

    @classmethod
    async def open(
        cls, http: aiohttp.ClientSession, url: str, token: str | None, topics: Mapping[str, str | None]
    ) -> Self:
        """A socket that is connected and watches `topics`, each from its position on or from now."""
        socket = await http.ws_connect(f"{url}/v1/realtime", protocols=["vitrine.v1.json"])
        watcher = cls(socket)
        frame: Frame = {"id": 1, "op": "connect", "topics": dict(topics)}
        await socket.send_json(frame if token is None else frame | {"token": token})
        watcher._reading = asyncio.create_task(watcher._read())
        answer = await watcher.answer(1)
        assert "ok" in answer, answer
        watcher.connected = answer["ok"]
        refused = {name: topic for name, topic in watcher.connected["topics"].items() if "err" in topic}
        assert not refused, refused
        return watcher

    async def answer(self, request_id: int, *, seconds: float = 30) -> Frame:
        """The answer to a request."""
        await self._until(lambda: request_id in self.answers, f"answer {request_id}", seconds)
        return self.answers[request_id]

    async def request(self, op: str, **fields: Any) -> Frame:
        """Send a request and return its answer."""
        self._last_id += 1
        await self._socket.send_json({"id": self._last_id, "op": op, **fields})
        return await self.answer(self._last_id)

    async def event(self, kind: str, *, topic: str | None = None, seconds: float = 30, **data: Any) -> Frame:
        """The first event of that type, on that topic, whose data holds these values."""

        def find() -> Frame | None:
            for frame in self.pushed:
                is_one = frame["push"] == "event" and frame["type"] == kind and topic in {None, frame["topic"]}
                if is_one and all(frame["data"].get(name) == value for name, value in data.items()):
                    return frame
            return None

        await self._until(lambda: find() is not None, f"{kind} {data}", seconds)
        found = find()
        assert found is not None
        return found

    async def counts(self, post_id: str, *, seconds: float = 30, **wanted: int) -> dict[str, int]:
        """The latest counts of a post once they are as `wanted`."""

        def fits() -> bool:
            now = self.latest_counts(post_id)
            return now is not None and all(now[name] == value for name, value in wanted.items())

        await self._until(fits, f"counts {wanted} of {post_id}, last {self.latest_counts(post_id)}", seconds)
        now = self.latest_counts(post_id)
        assert now is not None
        return now

    def latest_counts(self, post_id: str) -> dict[str, int] | None:
        """What this socket knows of a post: those with the largest `v`, its subscription's included."""
        items = [tuple(item) for item in self._subscribed_counts() if item[0] == post_id]
        items += [
            tuple(item)
            for frame in self.pushed
            if frame["push"] == "counts"
            for item in frame["items"]
            if item[0] == post_id
        ]
        if not items:
            return None
        _, v, likes, reposts, comments = max(items, key=lambda item: item[1])
        return {"v": v, "likes": likes, "reposts": reposts, "comments": comments}

    def events(self, kind: str | None = None) -> list[Frame]:
        """Every event so far, of one type if given."""
        return [f for f in self.pushed if f["push"] == "event" and kind in {None, f["type"]}]

    async def closed(self, *, seconds: float = 30) -> int | None:
        """Wait for the server to close it; the code."""
        assert self._reading is not None
        async with asyncio.timeout(seconds):
            await asyncio.shield(self._reading)
        return self._socket.close_code

    @property
    def is_closed(self) -> bool:
        """Whether no more can come."""
        return self._reading is not None and self._reading.done()

    async def close(self) -> None:
        """Hang up."""
        if self._reading is not None:
            self._reading.cancel()
        await self._socket.close()

    def _subscribed_counts(self) -> list[list[Any]]:
        answered = [*self.connected.get("topics", {}).values(), *(a.get("ok", {}) for a in self.answers.values())]
        return [item for answer in answered for item in answer.get("counts") or ()]

    async def _read(self) -> None:
        """Keep what comes, each frame held against the AsyncAPI document."""
        try:
            await self._take_all()
        finally:
            async with self._changed:
                self._changed.notify_all()

    async def _take_all(self) -> None:
        async for message in self._socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = message.json()
            hold_frame(frame)
            async with self._changed:
                if "push" in frame:
                    self.pushed.append(frame)
                else:
                    self.answers[frame["id"]] = frame
                self._changed.notify_all()
            if frame.get("push") == "ping":
                await self._socket.send_json({"op": "pong"})

    async def _until(self, condition: Callable[[], bool], what: str, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(lambda: condition() or self.is_closed)
        except TimeoutError:
            raise AssertionError(f"{what} did not come in {seconds:g} s: {self.pushed[-8:]}") from None
        if self._reading is not None and self._reading.done():
            self._reading.result()
        if not condition():
            raise AssertionError(f"{what} did not come: the socket was closed ({self._socket.close_code})")
