"""The live edge on a real Redis and real sockets; the domains it asks are a few sets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import orjson
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from redis.asyncio import Redis

from actors.adapters.cache import open_cache
from actors.auth.people import Caller, Plan, Role, id_of
from actors.auth.standing import RecentRevocations, RevocationsFound
from actors.graph.sight_messages import (
    Hidden,
    HiddenAmong,
    OpenAmong,
    OpenFound,
    PersonSeen,
    ReadersAmong,
    ReadersFound,
    SeePerson,
)
from actors.kernel.errors import NotFound, Unavailable
from actors.posts.messages import CountsFound, GetCounts
from actors.posts.sight_messages import PostSeen, PostsSeen, SeePosts
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

Frame = dict[str, Any]
NOTHING_REVOKED = RevocationsFound(sessions=(), standings=())
SOMEBODY = uuid4()
"""Whose all is that is nobody else's."""


@dataclass
class People:
    """Who there is, what they published, whom they follow: what the live edge asks the domains about.

    `unseen` and `unmet` are pairs of a viewer (None: visitors) and somebody hidden from them.
    """

    posts: dict[UUID, tuple[int, int, int, int]] = field(default_factory=dict)
    owners: dict[UUID | str, UUID] = field(default_factory=dict)
    follows: set[tuple[UUID, UUID]] = field(default_factory=set)
    unseen: set[tuple[UUID | None, UUID]] = field(default_factory=set)
    unmet: set[tuple[UUID | None, UUID]] = field(default_factory=set)
    asked: list[Any] = field(default_factory=list)
    delay: float = 0.0
    during: Callable[[], Awaitable[None]] | None = None
    revocations: RevocationsFound = NOTHING_REVOKED
    is_away: bool = False
    refusals: int = 0

    async def ask(self, message: Any) -> Any:
        if self.during is not None:
            during, self.during = self.during, None
            await during()
        await asyncio.sleep(self.delay)
        self.asked.append(message)
        match message:
            case RecentRevocations() | OpenAmong() | SeePosts() if self.is_away:
                self.refusals += 1
                raise Unavailable
            case RecentRevocations():
                return self.revocations
            case SeePosts():
                return PostsSeen(items=tuple(self._seen(message.caller, message.post_ids)))
            case SeePerson():
                if message.username == "nobody":
                    raise NotFound
                return PersonSeen(id=self.owners.get(message.username, SOMEBODY))
            case GetCounts():
                return CountsFound(
                    items=tuple((one, *self.posts[one]) for one in message.post_ids if one in self.posts)
                )
            case OpenAmong():
                hiding = {author for _, author in self.unseen | self.unmet}
                return OpenFound(user_ids=tuple(one for one in message.user_ids if one not in hiding))
            case HiddenAmong():
                pairs = {(v, a) for v in message.viewer_ids for a in message.seen + message.met}
                unseen = {pair for pair in pairs if pair[1] in message.seen} & (self.unseen | self.unmet)
                unmet = {pair for pair in pairs if pair[1] in message.met} & self.unmet
                return Hidden(unseen=frozenset(unseen), unmet=frozenset(unmet))
            case ReadersAmong():
                hidden = self.unseen | self.unmet
                return ReadersFound(
                    items=frozenset(
                        (user, (by, author))
                        for user in message.user_ids
                        for by, author in message.shown
                        if (user, by) in self.follows and not {(user, by), (user, author)} & hidden
                    )
                )
        return None

    def _seen(self, caller: Caller | None, post_ids: Iterable[UUID]) -> Iterable[PostSeen]:
        for post_id in post_ids:
            owner = self.owners.get(post_id, SOMEBODY)
            if post_id in self.posts and (id_of(caller), owner) not in self.unseen | self.unmet:
                yield PostSeen(author_id=owner, counts=(post_id, *self.posts[post_id]))


class Stream:
    """Writes the live log as the relay does."""

    def __init__(self, redis: Redis) -> None:
        self.redis = redis
        self.epoch = 0
        self.n = 0

    async def begin(self, epoch: int) -> None:
        self.epoch, self.n = epoch, 0
        await self.redis.xadd("live", {"y": "epoch"}, id=f"{epoch}-0")

    async def add(
        self,
        topics: str,
        type: str,  # noqa: A002  # the wire's own word
        data: Any,
        *,
        ephemeral: bool = False,
        skip: int = 0,
        work_of: UUID | None = None,
    ) -> str:
        self.n += 1 + skip
        fields: dict[Any, Any] = {"t": topics, "y": type, "i": str(uuid4()), "a": "2026-11-22T12:00:00+00:00"}
        fields["d"] = orjson.dumps(data)
        if ephemeral:
            fields["e"] = "1"
        if work_of is not None:
            fields["s"] = str(work_of)
        await self.redis.xadd("live", fields, id=f"{self.epoch}-{self.n}", nomkstream=True)
        return f"{self.epoch}-{self.n}"

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
