"""What open sockets may go on doing when somebody's session ends or their standing changes."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

import orjson
import structlog
from pydantic import ValidationError

from actors.auth.people import Caller
from actors.auth.standing import EndReason, Standing
from server.http.standings import Standings
from server.realtime.audience import Audience
from server.realtime.codes import CloseCode
from server.realtime.connection import Connection
from server.realtime.encoding import text_frame
from server.realtime.entries import REVOKED, Entry
from server.realtime.frames import NoticePush, Unsubscribed
from server.realtime.refusals import Denied
from server.realtime.topics import check_needs

logger = structlog.get_logger(__name__)

_REASONS = frozenset(EndReason)


class Rights:
    """Follows the log's word on who may no longer be believed, and acts on it for the sockets of this process."""

    def __init__(self, audience: Audience, standings: Standings) -> None:
        self._audience = audience
        self._standings = standings
        self.in_doubt = asyncio.Event()
        """Set when the log may have lost some of it, so that PostgreSQL is to be asked."""

    def heed(self, entry: Entry) -> None:
        """Act on an entry that ends a session or changes a standing."""
        try:
            user_id = self._learn(entry)
        except (ValidationError, ValueError, KeyError):
            # Of another release, perhaps. What it meant stands in PostgreSQL.
            logger.warning("a revocation could not be read", type=entry.type, id=entry.id)
            self.in_doubt.set()
            return
        for connection in tuple(self._audience.of_user(user_id)):
            self.judge(connection)

    def judge(self, connection: Connection) -> None:
        """Close the socket, or end the topics its owner may watch no longer."""
        caller = connection.caller
        if caller is None or connection.closing_at is not None:
            return
        if (close := ended_by(self._standings, caller)) is not None:
            connection.close(close)
            return
        connection.caller = caller = self._standings.current(caller)
        for topic in tuple(connection.topics):
            try:
                check_needs(topic.name, caller)
            except Denied as denied:
                self._audience.unwatch(connection, topic)
                lost = Unsubscribed(topic=topic.name, code=denied.error.code)
                connection.send(text_frame(NoticePush(unsubscribed=lost)))

    def judge_all(self) -> None:
        """Judge every socket: what changed is known, for whom is not."""
        for connection in self._signed_in():
            self.judge(connection)

    def send_all_back(self) -> None:
        """Nobody could say for too long who may still be believed: let everybody show their token again."""
        for connection in self._signed_in():
            connection.close(CloseCode.state_changed)

    def _learn(self, entry: Entry) -> UUID:
        if entry.type == REVOKED:
            data = orjson.loads(entry.data)
            reason = data.get("reason")
            known = EndReason(reason) if reason in _REASONS else EndReason.revoked
            self._standings.end(UUID(data["session_id"]), known)
            return next(UUID(topic[5:]) for topic in entry.topics if topic.startswith("user:"))
        standing = Standing.model_validate_json(entry.data, extra="ignore")
        self._standings.change(standing)
        return standing.user_id

    def _signed_in(self) -> Iterable[Connection]:
        """Every socket of somebody signed in watches `me`."""
        return [
            connection
            for key, topic in self._audience.topics.items()
            if key.startswith("user:")
            for connection in topic.watchers
        ]


def ended_by(standings: Standings, caller: Caller) -> CloseCode | None:
    """The code a socket of theirs closes with; None for one that may stay."""
    match standings.why_ended(caller):
        case None:
            return None
        case EndReason.suspended:
            return CloseCode.account_suspended
        case _:
            return CloseCode.session_revoked
