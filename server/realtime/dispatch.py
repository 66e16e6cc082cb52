"""What each request on a socket does, and how it is answered."""

import asyncio
from collections.abc import Mapping

import orjson
import structlog
from pydantic import ValidationError

from actors.auth.people import Caller
from server.realtime import metrics
from server.realtime.admission import Admission, Admitted
from server.realtime.audience import Audience
from server.realtime.codes import CloseCode, ErrorCode
from server.realtime.connection import Connection
from server.realtime.encoding import text_frame
from server.realtime.entries import Position
from server.realtime.frames import (
    MAX_COMMAS,
    REQUESTS,
    Answer,
    Connect,
    Connected,
    Done,
    Error,
    Pong,
    Refresh,
    Refreshed,
    Refused,
    Sub,
    Subscribed,
    TopicRefused,
    Track,
    Tracked,
    Unsub,
    Untrack,
    User,
)
from server.realtime.places import Places
from server.realtime.refusals import Denied
from server.realtime.rights import Rights
from server.realtime.subscribing import Outcome, Subscribing

logger = structlog.get_logger(__name__)

POSTS_A_FRAME = 20
"""Posts of a `track` that cost us about as much as a frame of any other kind: 200 of them took 8 ms."""

CONNECTING = 64
"""Sockets let in at once. When a crowd comes back the others wait: were all let in side by side, none would be done
before the last, and most would have given up by then."""

AnyRequest = Connect | Sub | Unsub | Track | Untrack | Refresh | Pong


class Dispatch:
    """Answers one request at a time for each socket, in the order they came."""

    def __init__(
        self, admission: Admission, audience: Audience, subscribing: Subscribing, rights: Rights, places: Places
    ) -> None:
        self._admission = admission
        self._audience = audience
        self._subscribing = subscribing
        self._rights = rights
        self._places = places
        self._turns = asyncio.Semaphore(CONNECTING)

    async def answer(self, connection: Connection, text: str, upgrade: Admitted | None) -> ErrorCode | None:
        """Do what the frame asks and send the answer; says by which error it was answered, if by one."""
        request_id, request = None, None
        try:
            request = _read(text)
            request_id = None if isinstance(request, Pong) else request.id
            await self._carry_out(connection, request, upgrade)
        except Denied as denied:
            error, close = denied.error, denied.close
            request_id = _id_of(text) if request_id is None else request_id
        except Exception:
            logger.exception("a live request broke")
            error = Denied(ErrorCode.internal, "something unexpected went wrong").error
            # A socket that is half open can be used for nothing, and only another one can be opened.
            close = CloseCode.internal if isinstance(request, Connect) else None
        else:
            return None
        _refuse(connection, request_id, error)
        if close is not None:
            connection.close(close)
        return error.code

    def refuse_for_now(self, connection: Connection, text: str) -> None:
        """Do nothing of what the frame asks: its client sends too many."""
        _refuse(connection, _id_of(text), Denied(ErrorCode.rate_limited, "too many frames in too short a time").error)

    async def _carry_out(self, connection: Connection, request: AnyRequest, upgrade: Admitted | None) -> None:
        if isinstance(request, Connect):
            await self._connect(connection, request, upgrade)
            return
        if not connection.opened:
            raise Denied(ErrorCode.bad_request, "the first frame is `connect`", close=CloseCode.protocol_error)
        match request:
            case Sub():
                await self._sub(connection, request)
            case Unsub():
                self._subscribing.unwatch(connection, request.topic)
                connection.send(text_frame(Answer(id=request.id, ok=Done())))
            case Track():
                connection.weigh(len(request.posts) / POSTS_A_FRAME)
                counts = await self._subscribing.track(connection, request.posts)
                connection.send(text_frame(Answer(id=request.id, ok=Tracked(counts=counts))))
            case Untrack():
                self._audience.untrack(connection, request.posts)
                connection.send(text_frame(Answer(id=request.id, ok=Done())))
            case Refresh():
                await self._refresh(connection, request)
            case Pong():
                pass

    async def _connect(self, connection: Connection, request: Connect, upgrade: Admitted | None) -> None:
        if connection.opened:
            raise Denied(ErrorCode.bad_request, "this socket is connected already")
        connection.has_asked = True
        async with self._turns:
            if not connection.is_gone:
                await self._let_in(connection, request, upgrade)

    async def _let_in(self, connection: Connection, request: Connect, upgrade: Admitted | None) -> None:
        admitted = await self._admission.of_credentials(request.token, request.ticket) or upgrade
        caller, expires_at = (None, None) if admitted is None else self._admission.now(admitted)
        await self._places.take(connection.holder_as(caller), connection.session, is_visitor=caller is None)
        await self._open(connection, request, caller, expires_at)
        # Who it is may have changed meanwhile, while the socket could not be found by it.
        self._rights.judge(connection)

    async def _open(
        self, connection: Connection, request: Connect, caller: Caller | None, expires_at: float | None
    ) -> None:
        connection.open(caller, expires_at)
        # `me` first: it always has room, because the end of the session reaches the socket through it.
        wanted = dict(request.topics) if caller is None else {"me": None, **request.topics}

        def connected(outcomes: Mapping[str, Outcome], position: Position) -> bytes:
            named = {name: _shown(outcomes[name]) for name in wanted if name in request.topics}
            ok = Connected(
                session=connection.session,
                user=None if caller is None else _user(caller),
                position=str(position),
                expires_in_ms=connection.expires_in_ms,
                topics=named,
            )
            return text_frame(Answer(id=request.id, ok=ok))

        await self._subscribing.watch(connection, wanted, connected)
        connection.live_until(expires_at)

    async def _sub(self, connection: Connection, request: Sub) -> None:
        def subscribed(outcomes: Mapping[str, Outcome], _: Position) -> bytes:
            outcome = outcomes[request.topic]
            if isinstance(outcome, Denied):
                raise outcome
            return text_frame(Answer(id=request.id, ok=outcome))

        await self._subscribing.watch(connection, {request.topic: request.since}, subscribed)

    async def _refresh(self, connection: Connection, request: Refresh) -> None:
        admitted = await self._admission.of_credentials(request.token, request.ticket)
        if admitted is None:
            raise Denied(ErrorCode.bad_request, "give a token or a ticket")
        if connection.caller is None or admitted.caller.id != connection.caller.id:
            raise Denied(ErrorCode.unauthorized, "this socket belongs to somebody else")
        connection.caller, expires_at = self._admission.now(admitted)
        connection.live_until(expires_at)
        connection.send(text_frame(Answer(id=request.id, ok=Refreshed(expires_in_ms=connection.expires_in_ms))))
        self._rights.judge(connection)


def _refuse(connection: Connection, request_id: int | None, error: Error) -> None:
    metrics.errors_total.labels(error.code.value).inc()
    connection.send(text_frame(Refused(id=request_id, err=error)))


def _read(text: str) -> AnyRequest:
    if text.count(",") > MAX_COMMAS:
        raise Denied(ErrorCode.bad_request, "the frame holds too many values")
    try:
        return REQUESTS.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        if first["type"] == "union_tag_invalid":
            raise Denied(ErrorCode.op_unknown, "there is no such op") from None
        where = ".".join(str(part) for part in first["loc"])
        raise Denied(ErrorCode.bad_request, f"{where}: {first['msg']}" if where else first["msg"]) from None


def _id_of(text: str) -> int | None:
    """The id of a frame that could not be understood otherwise."""
    try:
        frame = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    found = frame.get("id") if isinstance(frame, dict) else None
    return found if type(found) is int else None


def _shown(outcome: Outcome) -> Subscribed | TopicRefused:
    return TopicRefused(err=outcome.error) if isinstance(outcome, Denied) else outcome


def _user(caller: Caller) -> User:
    return User(id=caller.id, username=caller.username, role=caller.role, plan=caller.plan)
