"""What open sockets may go on watching when somebody may see an author no longer."""

import asyncio
from collections.abc import Collection, Mapping
from itertools import islice
from uuid import UUID

import orjson
import structlog

from actors.kernel.errors import Refusal
from actors.kernel.tools import end, keep_running
from server.realtime.audience import Audience
from server.realtime.codes import ErrorCode
from server.realtime.connection import Connection
from server.realtime.encoding import text_frame
from server.realtime.entries import Entry
from server.realtime.frames import NoticePush, Unsubscribed
from server.realtime.screening import AsksWhoSees, Screening, ViewerId, viewer_of

logger = structlog.get_logger(__name__)

PAUSE_SECONDS = 0.2
ASKED_AT_ONCE = 200


class Sights:
    """Follows the log's word on whose sight has narrowed; asks who of those connected here is meant, and ends for them
    the posts and profiles of that author that they watch or track."""

    def __init__(self, audience: Audience, questions: AsksWhoSees, screening: Screening) -> None:
        self._audience = audience
        self._questions = questions
        self._screening = screening
        self._doubts: dict[UUID, set[UUID] | None] = {}
        """Authors, and which viewers are to be asked about; None: all of them."""
        self._asked: Mapping[UUID, set[UUID] | None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask."""
        self._task = asyncio.create_task(keep_running(self._run, "live sights"), name="live sights")

    async def stop(self) -> None:
        """Ask no more."""
        await end([self._task])

    def heed(self, entry: Entry) -> None:
        """Act on an entry that narrows somebody's sight."""
        author_id = UUID(entry.topics[0].removeprefix("sight:"))
        viewer_id = orjson.loads(entry.data).get("viewer_id")
        self._screening.narrowed(author_id)
        self.doubt(author_id, None if viewer_id is None else UUID(viewer_id))

    def doubt(self, author_id: UUID, viewer_id: UUID | None = None) -> None:
        """Ask whether this viewer, or anybody, may still see that author."""
        if not self._audience.owned_by(author_id):
            return
        viewers = self._doubts.get(author_id, set())
        self._doubts[author_id] = None if viewer_id is None or viewers is None else viewers | {viewer_id}
        self._wake.set()

    def doubt_all(self) -> None:
        """The log began anew: ask about everybody."""
        for author_id in self._audience.owners():
            self.doubt(author_id)

    def doubts(self, author_id: UUID | None) -> bool:
        """Whether it is not known who may see that author; until it is, no counts of their posts go out."""
        return author_id is not None and (author_id in self._doubts or author_id in self._asked)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._doubts:
                self._asked = dict(islice(self._doubts.items(), ASKED_AT_ONCE))
                for author_id in self._asked:
                    del self._doubts[author_id]
                try:
                    await self._settle_all(self._asked)
                except Exception as error:
                    # Whatever they do meanwhile is screened for itself, and counts wait.
                    for author_id in self._asked:
                        self.doubt(author_id)
                    if not isinstance(error, Refusal):
                        raise
                    logger.warning("live: who may still see an author is not known", error=error)
                    await asyncio.sleep(PAUSE_SECONDS)
                finally:
                    self._asked = {}

    async def _settle_all(self, doubts: Mapping[UUID, Collection[UUID] | None]) -> None:
        hides_from_nobody = await self._questions.open_among(tuple(doubts))
        for author_id, viewers in doubts.items():
            if author_id not in hides_from_nobody:
                await self._settle(author_id, viewers)

    async def _settle(self, author_id: UUID, among: Collection[UUID] | None) -> None:
        viewers = {viewer_of(connection) for connection in self._connections(author_id)}
        if among is not None:
            viewers &= set(among)
        if viewers:
            hidden = await self._questions.hidden_from(viewers, seen=(author_id,), met=())
            self._end(author_id, hidden)

    def _end(self, author_id: UUID, hidden: Collection[ViewerId]) -> None:
        for topic in tuple(self._audience.owned_by(author_id)):
            for connection in tuple(topic.watchers):
                if viewer_of(connection) in hidden:
                    self._audience.unwatch(connection, topic)
                    lost = Unsubscribed(topic=topic.name, code=ErrorCode.topic_forbidden)
                    connection.send(text_frame(NoticePush(unsubscribed=lost)))
            for connection in tuple(topic.trackers or ()):
                if viewer_of(connection) in hidden:
                    self._audience.untrack(connection, [UUID(topic.key.removeprefix("post:"))])

    def _connections(self, author_id: UUID) -> set[Connection]:
        topics = self._audience.owned_by(author_id)
        return {one for topic in topics for one in (*topic.watchers, *(topic.trackers or ()))}
