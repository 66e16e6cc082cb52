"""A client for the live socket (`vitrine.v1.json`), small enough to read: what an app has to do to miss nothing.

    async with aiohttp.ClientSession() as http:
        live = LiveClient(http, "ws://127.0.0.1:8080/v1/realtime", token=my_token, refetch=load_again)
        live.watch("feed:following", since=response.headers["Stream-Position"])
        async for event in live.events():
            ...

Its duties: it answers pings, and takes a server that is silent for gone; it remembers the last position it was sent and
continues every topic from there after a reconnect; it drops what it has by (topic, id) and counts by `v`; it calls
`refetch(topic)` when something is missing or may be seen no longer, once more if that fails, and goes on from the
`Stream-Position` that it returns, that of the new page: somebody may have kept it for a while; it shows a newer token
before the old one runs out; it waits with full jitter between attempts, asks again what was refused for now, and stops
where that cannot help.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

import aiohttp
import orjson

from load.memory import Memory
from load.patience import BACKOFF, Patience
from load.requests import Frame, Requests, Ws, send

PROTOCOL = "vitrine.v1.json"
SILENCE_SECONDS = 40.0
"""A server pings every 25 s, give or take a tenth, and waits ten for the answer."""
STOP_FROM = 4500
AGAIN_SECONDS = 1.0


class Stopped(Exception):
    """The server closed with a code that asks not to come back before something changes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class LiveClient:
    """One socket, opened again whenever it closes. `memory.counts` holds the newest counts of each post.

    Without `refetch` what is missing stays missing, and nobody says so.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: str,
        *,
        token: Callable[[], Awaitable[str | None]] | None = None,
        refetch: Callable[[str], Awaitable[str | None]] | None = None,
        backoff: tuple[float, float] = BACKOFF,
    ) -> None:
        self.memory = Memory()
        self.connected: Frame | None = None
        self.connections = 0
        self.position: str | None = None
        """Everything up to here has arrived."""
        self._http = http
        self._url = url
        self._token = token
        self._refetch = refetch
        self._patience = Patience(backoff)
        self._topics: dict[str, str | None] = {}
        """Where each topic goes on; None for those that go on from `position`, or begin."""
        self._live: set[str] = set()
        """Those that this connection carries: `position` speaks for them, and for no others."""
        self._stale: set[str] = set()
        """Those that are to be fetched again: until that is done no position speaks for them, on any connection."""
        self._behind: set[str] = set()
        """Those that are asked to go on from their new page: what they say before that is answered they say again."""
        self._tracked: set[str] = set()
        self._requests = Requests()
        self._ws: Ws | None = None

    def watch(self, topic: str, since: str | None = None) -> None:
        """Watch a topic from the next connection on; `sub` does it at once."""
        self._topics[topic] = since

    async def sub(self, topic: str, since: str | None = None) -> Frame:
        """Watch a topic. Raises `RequestFailed`."""
        return await self.request("sub", topic=topic, since=since)

    async def unsub(self, topic: str) -> None:
        """Watch it no longer. Raises `RequestFailed`."""
        self._forget(topic)
        await self.request("unsub", topic=topic)

    async def track(self, posts: Iterable[str]) -> None:
        """Keep `counts` of these posts up to date. Raises `RequestFailed`."""
        wanted = list(posts)
        await self.request("track", posts=wanted)
        self._tracked.update(wanted)

    async def untrack(self, posts: Iterable[str]) -> None:
        """Keep them up to date no longer: those that left the screen. Raises `RequestFailed`."""
        gone = list(posts)
        self._tracked.difference_update(gone)
        await self.request("untrack", posts=gone)

    async def request(self, op: str, **fields: Any) -> Frame:
        """Send a request; its answer comes while `events` is read. Raises `RequestFailed` and `ConnectionError`."""
        if self._ws is None:
            raise ConnectionError("not connected")
        return await self._requests.ask(self._ws, {"op": op, **fields})

    async def events(self) -> AsyncGenerator[Frame, None]:
        """Each event once, in order, over as many connections as it takes. Raises `Stopped`."""
        while True:
            try:
                async with self._http.ws_connect(self._url, protocols=(PROTOCOL,), max_msg_size=0) as ws:
                    await self._connect(ws)
                    while (message := await ws.receive(SILENCE_SECONDS)).type is aiohttp.WSMsgType.TEXT:
                        event = await self._take(ws, orjson.loads(message.data))
                        if event is not None:
                            yield event
                    _stop_if_told(ws)
            except (TimeoutError, aiohttp.ClientError, OSError):
                pass
            finally:
                self._lost()
            await asyncio.sleep(self._patience.next())

    async def close(self) -> None:
        """Close the socket; leave the loop over `events` too, or it connects again."""
        if self._ws is not None:
            await self._ws.close()

    async def _connect(self, ws: Ws) -> None:
        topics = {name: None if name in self._stale else at or self.position for name, at in self._topics.items()}
        token = None if self._token is None else await self._token()
        await send(ws, {"id": 0, "op": "connect", "token": token, "topics": topics})
        frame: Frame = {}
        while frame.get("id") != 0:
            message = await ws.receive(SILENCE_SECONDS)
            if message.type is not aiohttp.WSMsgType.TEXT:
                break
            # What is pushed before the answer speaks of nothing that is ours.
            frame = orjson.loads(message.data)
        if "ok" not in frame:
            await ws.receive(SILENCE_SECONDS)
            _stop_if_told(ws)
            raise ConnectionError("closed before it was open")
        self._patience.opened()
        self.connected = frame["ok"]
        self.connections += 1
        self._ws = ws
        for topic, outcome in frame["ok"]["topics"].items():
            await self._begun(ws, topic, outcome)
        for lost in self._stale.difference(self._topics):
            await self._fetch_again(ws, lost)
        self.position = self.position or frame["ok"]["position"]
        if self._tracked:
            # Its answer is read like any other frame: waiting here would wait for ourselves.
            await self._requests.send(ws, {"op": "track", "posts": sorted(self._tracked)})

    async def _begun(self, ws: Ws, topic: str, outcome: Frame) -> None:
        """What became of a topic: it goes on, it begins anew, it is asked for again, or it is none of ours."""
        error = outcome.get("err")
        if error is None:
            self._topics[topic] = outcome["position"]
            self._live.add(topic)
            self.memory.count(outcome.get("counts") or ())
            is_again = topic in self._behind
            self._behind.discard(topic)
            if not outcome["recovered"]:
                if is_again:
                    # Even its new page was made too long ago: in a moment nobody will keep it any more.
                    await asyncio.sleep(AGAIN_SECONDS)
                await self._fetch_again(ws, topic)
        elif error["temporary"]:
            if topic in self._topics:
                since = self._topics[topic] = self._topics[topic] or self.position
                request = {"op": "sub", "topic": topic, "since": since}
                self._requests.send_later(ws, request, error, if_still=lambda: topic in self._topics)
        elif error["code"] != "already_subscribed":
            self._forget(topic)

    async def _take(self, ws: Ws, frame: Frame) -> Frame | None:
        if "push" not in frame:
            await self._answered(ws, frame)
            return None
        if "position" in frame:
            self.position = frame["position"]
            self._topics.update(dict.fromkeys(self._live))
        match frame["push"]:
            case "ping":
                await send(ws, {"op": "pong"})
            case "counts":
                self.memory.count(frame["items"])
            case "lag":
                await self._fetch_again(ws, frame["topic"])
            case "notice" if "expiring" in frame and self._token is not None:
                await self._requests.send(ws, {"op": "refresh", "token": await self._token()})
            case "notice" if "unsubscribed" in frame:
                self._forget(frame["unsubscribed"]["topic"])
                await self._fetch_again(ws, frame["unsubscribed"]["topic"])
            case "event" if frame["topic"] not in self._behind and self.memory.is_first(frame["topic"], frame["id"]):
                return frame
        # `reconnect` asks for nothing: the server closes the socket at the moment that it drew.
        return None

    async def _answered(self, ws: Ws, frame: Frame) -> None:
        request, is_awaited = self._requests.request_of(frame)
        error = frame.get("err")
        if request.get("op") == "sub":
            await self._begun(ws, request["topic"], frame.get("ok") or frame)
        elif error is None:
            self.memory.count(frame["ok"].get("counts") or ())
        elif error["temporary"] and not is_awaited:
            self._requests.send_later(ws, request, error, if_still=lambda: True)
        # Only now: where fetching again fails, the one who waits is told that the connection is lost.
        self._requests.settle(frame)

    def _forget(self, topic: str) -> None:
        self._topics.pop(topic, None)
        self._live.discard(topic)
        self._behind.discard(topic)

    async def _fetch_again(self, ws: Ws, topic: str) -> None:
        """What happens meanwhile waits in the socket. If it fails the connection ends, and the next begins with it."""
        self._stale.add(topic)
        position = None
        if self._refetch is not None:
            position = await self._refetch(topic)
            self.memory.forget(topic)
        self._stale.discard(topic)
        if position is not None and topic in self._topics:
            self._topics[topic] = position
            self._live.discard(topic)
            self._behind.add(topic)
            await self._requests.send(ws, {"op": "sub", "topic": topic, "since": position})

    def _lost(self) -> None:
        self._ws = None
        self._live.clear()
        self._behind.clear()
        self._requests.lose_all()


def _stop_if_told(ws: Ws) -> None:
    if ws.close_code is not None and ws.close_code >= STOP_FROM:
        raise Stopped(ws.close_code)
