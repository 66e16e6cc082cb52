"""What open sockets may go on doing when somebody's session ends or their standing changes."""

from collections.abc import Iterable
from uuid import UUID

import orjson
import structlog
from pydantic import ValidationError

from actors.auth.people import Caller
from actors.auth.standing import EndReason, RevocationsFound, Standing
from actors.kernel.message import Live
from server.http.standings import Standings
from server.realtime.audience import Audience
from server.realtime.codes import CloseCode
from server.realtime.connection import Connection
from server.realtime.encoding import text_frame
from server.realtime.entries import REVOKED, STANDING, Entry
from server.realtime.frames import NoticePush, Unsubscribed
from server.realtime.refusals import Denied
from server.realtime.topics import check_needs

logger = structlog.get_logger(__name__)

_REASONS = frozenset(EndReason)


class Rights:
    """Follows every word on who may no longer be believed, and acts on what is news for the sockets of this process:
    its own commits at once, those of others by the log, and PostgreSQL for what the log lost."""

    def __init__(self, audience: Audience, standings: Standings) -> None:
        self._audience = audience
        self._standings = standings

    def hear(self, live: Live) -> None:
        """Act on what this process has just committed, as the log will say it, whatever becomes of Redis."""
        kind = live.type.encode()
        if kind in {REVOKED, STANDING}:
            self.heed(Entry(0, live.topics, kind, data=live.data.model_dump_json().encode()))

    def heed(self, entry: Entry) -> None:
        """Act on an entry of the log that ends a session or changes a standing."""
        try:
            self._read(entry)
        except (ValidationError, ValueError, KeyError, StopIteration):
            # Of another release, perhaps. What it meant stands in PostgreSQL, which says so within a second.
            logger.warning("a revocation could not be read", type=entry.type, id=entry.id)

    def learn(self, found: RevocationsFound) -> None:
        """Act on what PostgreSQL says is so. Standings first: it does not say that a session ended by a suspension."""
        for standing in found.standings:
            self._change(standing)
        for session in found.sessions:
            self._end(session.session_id, session.user_id, EndReason.revoked)

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

    def send_all_back(self) -> None:
        """Nobody could say for too long who may still be believed: let everybody show their token again."""
        for connection in self._signed_in():
            connection.close(CloseCode.state_changed)

    def _read(self, entry: Entry) -> None:
        if entry.type == REVOKED:
            data = orjson.loads(entry.data)
            reason = data.get("reason")
            known = EndReason(reason) if reason in _REASONS else EndReason.revoked
            whose = next(topic[5:] for topic in entry.topics if topic.startswith("user:"))
            self._end(UUID(data["session_id"]), UUID(whose), known)
        else:
            self._change(Standing.model_validate_json(entry.data, extra="ignore"))

    def _end(self, session_id: UUID, user_id: UUID, reason: EndReason) -> None:
        if self._standings.end(session_id, reason):
            self._judge_all_of(user_id)

    def _change(self, standing: Standing) -> None:
        if self._standings.change(standing):
            self._judge_all_of(standing.user_id)

    def _judge_all_of(self, user_id: UUID) -> None:
        for connection in tuple(self._audience.of_user(user_id)):
            self.judge(connection)

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
