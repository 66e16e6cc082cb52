"""The live edge on a real Redis and real sockets; the domains it asks are a few sets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from actors.adapters.cache import open_cache
from actors.auth.people import Caller, Plan, Role
from actors.kernel.streams import KEPT, LIVE
from actors.settings import Settings, load_settings
from server.http.edge import edge
from server.http.endpoint import register
from server.http.identity import Identities
from server.http.limits import BUCKETS, Limiter
from server.http.sessions import WebSessions
from server.http.standings import Standings
from server.http.tokens import Tokens
from server.keys import IDENTITIES, LIFECYCLE, LIMITER, SESSIONS, SETTINGS, TOKENS, Lifecycle
from server.realtime.realtime import REALTIME, Realtime
from server.routes.realtime import ROUTES
from tests.server.realtime.people import People

Frame = dict[str, Any]


class Stream:
    """Writes the live log as the relay does."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.epoch = 0
        self.n = 0
        self.kept = 0

    async def begin(self, epoch: int) -> None:
        self.epoch, self.n, self.kept = epoch, 0, 0
        for stream in (LIVE, KEPT):
            await self.redis.xadd(stream, {"y": "epoch"}, id=f"{epoch}-0")
        await self.redis.xtrim(KEPT, minid=f"{epoch}-0", approximate=False)

    async def add(
        self,
        topics: str,
        type: str,  # noqa: A002  # the wire's own word
        data: Any,
        *,
        ephemeral: bool = False,
        skip: int = 0,
        work_of: UUID | None = None,
        near: tuple[UUID, ...] = (),
    ) -> str:
        self.n += 1 + skip
        fields: dict[Any, Any] = {"t": topics, "y": type, "i": str(uuid4()), "a": "2026-11-22T12:00:00+00:00"}
        fields |= {"d": orjson.dumps(data), "b": self.kept}
        if ephemeral:
            fields["e"] = "1"
        if work_of is not None:
            fields["s"] = str(work_of)
        if near:
            fields["m"] = " ".join(map(str, near))
        entry = f"{self.epoch}-{self.n}"
        self.kept = self.kept if ephemeral else self.n
        # In both at once: whoever reads it in the one may already cause the next.
        async with self.redis.pipeline() as both:
            for stream in (LIVE,) if ephemeral else (LIVE, KEPT):
                both.xadd(stream, fields, id=entry, nomkstream=True)
            await both.execute()
        return entry

    async def lose(self, *ids: str) -> None:
        """Redis came back without these."""
        for stream in (LIVE, KEPT):
            await self.redis.xdel(stream, *ids)

    async def trim(self, n: int, *streams: str) -> None:
        """Nothing is left of these streams before that entry."""
        for stream in streams:
            await self.redis.xtrim(stream, minid=f"{self.epoch}-{n}", approximate=False)

    async def counts(self, post_id: UUID, v: int, likes: int) -> None:
        items = [[str(post_id), v, likes, 0, 0]]
        await self.add(f"post:{post_id}", "counts", {"items": items}, ephemeral=True)


async def until(holds: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that nobody announces. Raises `TimeoutError`."""
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.01)


class Socket:
    """One client's socket, frame by frame."""

    def __init__(self, ws: aiohttp.ClientWebSocketResponse) -> None:
        self.ws = ws
        self._id = 0
        self.pushed: list[Frame] = []
        self.connected: Frame = {}

    async def frame(self, seconds: float = 30.0) -> Frame:
        async with asyncio.timeout(seconds):
            message = await self.ws.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.ws.close_code)
        frame: Frame = orjson.loads(message.data)
        return frame

    async def ask(self, op: str, **fields: Any) -> Frame:
        """The answer; what was pushed meanwhile is in `pushed`."""
        self._id += 1
        await self.ws.send_json({"id": self._id, "op": op, **fields})
        while "push" in (frame := await self.frame()):
            self.pushed.append(frame)
        assert frame["id"] == self._id
        return frame

    async def push(self, seconds: float = 30.0) -> Frame:
        """The next push, pings and numbers of watchers left out."""
        while True:
            frame = self.pushed.pop(0) if self.pushed else await self.frame(seconds)
            if frame["push"] != "ping" and frame.get("type") != "watchers":
                return frame

    async def closed(self, seconds: float = 30.0) -> int | None:
        """The code it is closed with; frames before that are dropped."""
        async with asyncio.timeout(seconds):
            while (await self.ws.receive()).type is aiohttp.WSMsgType.TEXT:
                pass
        return self.ws.close_code


class Live:
    """A process with the live edge, and ways to reach it."""

    def __init__(self, realtime: Realtime, tokens: Tokens, people: People, stack: AsyncExitStack) -> None:
        self.realtime = realtime
        self.tokens = tokens
        self.people = people
        self.server: TestServer
        self.http: aiohttp.ClientSession
        self._stack = stack

    @property
    def url(self) -> str:
        return str(self.server.make_url("/v1/realtime"))

    def token_of(self, user_id: UUID, **options: Any) -> str:
        session_id = options.pop("session_id", None) or uuid4()
        role = options.pop("role", Role.user)
        caller = Caller(id=user_id, username="ann", role=role, plan=Plan.free, session_id=session_id)
        return self.tokens.issue(caller, **options)

    async def open(self, **options: Any) -> Socket:
        """A socket that has not said `connect`."""
        options.setdefault("protocols", ("vitrine.v1.json",))
        ws = await self._stack.enter_async_context(self.http.ws_connect(self.url, max_msg_size=0, **options))
        return Socket(ws)

    async def connect(self, user_id: UUID | None = None, **fields: Any) -> Socket:
        """A socket that has."""
        socket = await self.open()
        if user_id is not None:
            fields.setdefault("token", self.token_of(user_id))
        answer = await socket.ask("connect", **fields)
        assert "ok" in answer, answer
        socket.connected = answer["ok"]
        return socket


@pytest.fixture
def live_settings(redis_url: str) -> Settings:
    return load_settings(
        environment="test",
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url=redis_url,
        jwt_secret="s" * 40,
        s3_endpoint="http://127.0.0.1:1",
        storage_keys="key:secret",
        allowed_origins="https://app.example",
        rate_limits="off",
    )


@pytest.fixture
async def stream(redis_url: str) -> AsyncIterator[Stream]:
    async with Redis.from_url(redis_url) as redis:
        stream = Stream(redis)
        await stream.begin(5)
        yield stream


Start = Callable[..., Awaitable[Live]]


@pytest.fixture
async def start_live(live_settings: Settings, stream: Stream) -> AsyncIterator[Start]:
    """Starts another process's worth of live edge on the same log."""
    async with AsyncExitStack() as stack:

        async def start(**known: Any) -> Live:
            cache = open_cache(live_settings)
            stack.push_async_callback(cache.close)
            people, standings = People(**known), Standings()
            realtime = Realtime(live_settings, cache, people.ask, standings)
            lifecycle = Lifecycle()
            app = web.Application(middlewares=[edge(live_settings, lifecycle)])
            app[SETTINGS], app[LIFECYCLE], app[REALTIME] = live_settings, lifecycle, realtime
            app[TOKENS] = Tokens.of(live_settings)
            app[IDENTITIES] = Identities(app[TOKENS], standings)
            app[SESSIONS] = WebSessions(live_settings, cache)
            app[LIMITER] = Limiter(cache.redis, BUCKETS, enabled=False)
            register(app, ROUTES)
            live = Live(realtime, app[TOKENS], people, stack)
            await realtime.start()
            live.server = TestServer(app)
            await live.server.start_server()
            live.http = await stack.enter_async_context(aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)))
            stack.push_async_callback(live.server.close)
            stack.push_async_callback(realtime.stop)
            return live

        yield start


@pytest.fixture
async def live(start_live: Start) -> Live:
    """A process with the live edge."""
    return await start_live()
