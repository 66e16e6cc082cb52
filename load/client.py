"""A client for the live socket (`vitrine.v1.json`), small enough to read: what an app has to do to miss nothing.

    async with aiohttp.ClientSession() as http:
        live = LiveClient(http, "ws://127.0.0.1:8080/v1/realtime", token=my_token, refetch=load_again)
        live.watch("feed:following", since=response.headers["Stream-Position"])
        async for event in live.events():
            ...

Its duties: it answers pings; it remembers the last position it was sent and continues every topic from there after a
reconnect; it drops what it has by (topic, id) and counts by `v`; it calls `refetch(topic)` when the server says that
something is missing; it waits with full jitter between attempts, and stops where trying again cannot help.
"""

import argparse
import asyncio
import random
from collections import OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

import aiohttp
import orjson

PROTOCOL = "vitrine.v1.json"
BACKOFF = (0.5, 30.0)
REMEMBERED = 2_000
STOP_FROM = 4500

Frame = dict[str, Any]


class Stopped(Exception):
    """The server closed with a code that asks not to come back before something changes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class RequestFailed(Exception):
    """A request was answered by an error."""

    def __init__(self, error: Frame) -> None:
        super().__init__(error["code"], error["detail"])
        self.error = error


class LiveClient:
    """One socket, opened again whenever it closes. `counts` holds the latest of each post: (v, likes, reposts,
    comments)."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        token: Callable[[], Awaitable[str | None]] | None = None,
        refetch: Callable[[str], Awaitable[None]] | None = None,
        backoff: tuple[float, float] = BACKOFF,
    ) -> None:
        self.counts: dict[str, tuple[int, int, int, int]] = {}
        self.connected: Frame | None = None
        self.connections = 0
        self._http = http
        self._url = url
        self._token = token
        self._refetch = refetch
        self._backoff = backoff
        self._position: str | None = None
        self._topics: dict[str, str | None] = {}
        """Where each topic goes on; None for those that go on from `_position`, or begin."""
        self._tracked: set[str] = set()
        self._seen: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._answers: dict[int, asyncio.Future[Frame]] = {}
        self._ids = 0
        self._ws: aiohttp.ClientWebSocketResponse | None = None

    @property
    def position(self) -> str | None:
        """Everything up to here has arrived."""
        return self._position

    def watch(self, topic: str, since: str | None = None) -> None:
        """Watch a topic from the next connection on; `sub` does it at once."""
        self._topics[topic] = since

    async def sub(self, topic: str, since: str | None = None) -> Frame:
        """Watch a topic. Raises `RequestFailed`."""
        answer = await self.request("sub", topic=topic, since=since)
        await self._begun(topic, answer)
        return answer

    async def unsub(self, topic: str) -> None:
        """Watch it no longer. Raises `RequestFailed`."""
        self._topics.pop(topic, None)
        await self.request("unsub", topic=topic)

    async def track(self, posts: Iterable[str]) -> None:
        """Keep `counts` of these posts up to date. Raises `RequestFailed`."""
        wanted = list(posts)
        answer = await self.request("track", posts=wanted)
        self._tracked.update(wanted)
        self._count(answer["counts"])

    async def request(self, op: str, **fields: Any) -> Frame:
        """Send a request and wait for its answer. Raises `RequestFailed`, or `ConnectionError` without a socket."""
        if self._ws is None:
            raise ConnectionError("not connected")
        self._ids += 1
        answer = self._answers[self._ids] = asyncio.get_running_loop().create_future()
        try:
            await self._send(self._ws, {"id": self._ids, "op": op, **fields})
            frame = await answer
        finally:
            self._answers.pop(self._ids, None)
        return _ok(frame)

    async def events(self) -> AsyncGenerator[Frame, None]:
        """Each event once, in order, over as many connections as it takes. Raises `Stopped`."""
        attempt = 0
        while True:
            try:
                async with self._http.ws_connect(self._url, protocols=(PROTOCOL,), max_msg_size=0) as ws:
                    await self._connect(ws)
                    attempt = 0
                    async for message in ws:
                        event = await self._take(ws, orjson.loads(message.data))
                        if event is not None:
                            yield event
                    if ws.close_code is not None and ws.close_code >= STOP_FROM:
                        raise Stopped(ws.close_code)
            except (TimeoutError, aiohttp.ClientError, OSError):
                pass
            finally:
                self._lost()
            await asyncio.sleep(random.uniform(0, min(self._backoff[1], self._backoff[0] * 2**attempt)))
            attempt += 1

    async def close(self) -> None:
        """Close the socket; leave the loop over `events` too, or it connects again."""
        if self._ws is not None:
            await self._ws.close()

    async def _connect(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        topics = {topic: since or self._position for topic, since in self._topics.items()}
        token = None if self._token is None else await self._token()
        await self._send(ws, {"id": 0, "op": "connect", "token": token, "topics": topics})
        message = await ws.receive()
        if message.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionError("closed before it was open")
        frame = orjson.loads(message.data)
        if "err" in frame:
            await ws.receive()
            if ws.close_code is not None and ws.close_code >= STOP_FROM:
                raise Stopped(ws.close_code)
            raise ConnectionError(frame["err"]["code"])
        self.connected = _ok(frame)
        self.connections += 1
        self._ws = ws
        for topic, outcome in self.connected["topics"].items():
            await self._begun(topic, outcome)
        if self._position is None:
            self._position = self.connected["position"]
        if self._tracked:
            self._ids += 1
            # Its answer is read like any other frame: waiting here would wait for ourselves.
            await self._send(ws, {"id": self._ids, "op": "track", "posts": sorted(self._tracked)})

    async def _begun(self, topic: str, outcome: Frame) -> None:
        if "err" in outcome:
            self._topics.pop(topic, None)
            return
        self._topics[topic] = outcome["position"]
        self._count(outcome.get("counts") or ())
        if not outcome["recovered"]:
            await self._ask_to_refetch(topic)

    async def _take(self, ws: aiohttp.ClientWebSocketResponse, frame: Frame) -> Frame | None:
        if "push" not in frame:
            waiting = self._answers.get(frame["id"])
            if waiting is not None and not waiting.done():
                waiting.set_result(frame)
            elif "ok" in frame:
                self._count(frame["ok"].get("counts") or ())
            return None
        if "position" in frame:
            self._advance(frame["position"])
        match frame["push"]:
            case "ping":
                await self._send(ws, {"op": "pong"})
            case "counts":
                self._count(frame["items"])
            case "lag":
                await self._ask_to_refetch(frame["topic"])
            case "notice" if "unsubscribed" in frame:
                self._topics.pop(frame["unsubscribed"]["topic"], None)
            case "event" if self._is_new(frame):
                return frame
        return None

    def _advance(self, position: str) -> None:
        self._position = position
        for topic in self._topics:
            self._topics[topic] = None

    def _is_new(self, event: Frame) -> bool:
        key = (event["topic"], event["id"])
        if key in self._seen:
            return False
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def _count(self, items: Iterable[list[Any]]) -> None:
        for post_id, v, *rest in items:
            if post_id not in self.counts or self.counts[post_id][0] < v:
                self.counts[post_id] = (v, rest[0], rest[1], rest[2])

    async def _ask_to_refetch(self, topic: str) -> None:
        if self._refetch is not None:
            await self._refetch(topic)

    def _lost(self) -> None:
        self._ws = None
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(ConnectionError("the socket closed"))

    @staticmethod
    async def _send(ws: aiohttp.ClientWebSocketResponse, frame: Frame) -> None:
        await ws.send_str(orjson.dumps(frame).decode())


def _ok(frame: Frame) -> Frame:
    if "err" in frame:
        raise RequestFailed(frame["err"])
    answer: Frame = frame["ok"]
    return answer


async def show(url: str, topics: Iterable[str], token: str | None) -> None:
    """Print every frame of these topics as it comes."""
    async with aiohttp.ClientSession() as http, http.ws_connect(url, protocols=(PROTOCOL,)) as ws:
        await ws.send_json({"id": 1, "op": "connect", "token": token, "topics": dict.fromkeys(topics)})
        async for message in ws:
            print(message.data, flush=True)
            if orjson.loads(message.data).get("push") == "ping":
                await ws.send_json({"op": "pong"})


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(
        description="Print what is live, frame by frame.",
        epilog="Example: python -m load.client feed:forYou post:01a2032f-1e4c-7003-b8c9-3957cdcbe6e7",
    )
    arguments.add_argument("topics", nargs="+", help="for instance feed:following, me, post:<id>, profile:<username>")
    arguments.add_argument("--url", default="ws://127.0.0.1:8080/v1/realtime")
    arguments.add_argument("--token", help="an access token; without one, as a visitor")
    given = arguments.parse_args()
    try:
        asyncio.run(show(given.url, given.topics, given.token))
    except KeyboardInterrupt:
        pass
    except aiohttp.ClientError as error:
        arguments.exit(1, f"{error}. Does Vitrine run there? --url takes another address.\n")
