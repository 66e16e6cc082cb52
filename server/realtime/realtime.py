"""The live edge of one process, put together."""

from aiohttp import web

from actors.adapters.cache import Cache
from actors.settings import Settings
from server.http.standings import Standings
from server.realtime.admission import Admission
from server.realtime.audience import Audience
from server.realtime.dispatch import Dispatch
from server.realtime.entries import Position
from server.realtime.fanout import Fanout
from server.realtime.following import Following
from server.realtime.gateway import Gateway
from server.realtime.log import LiveLog
from server.realtime.places import Places
from server.realtime.questions import Ask, Questions
from server.realtime.recheck import Recheck
from server.realtime.recount import Recount
from server.realtime.rights import Rights
from server.realtime.screening import Screening
from server.realtime.sights import Sights
from server.realtime.subscribing import Subscribing
from server.realtime.tickets import Tickets
from server.realtime.watchers import Watchers
from server.realtime.wheel import Wheel

DRAIN_SECONDS = 5.0


class Realtime:
    """Make it, `start`, serve; then `drain` and `stop`. `ask` is the actor system's.

    `standings` is what the edge verifies tokens against: the live log fills it, and PostgreSQL.
    """

    def __init__(self, settings: Settings, cache: Cache, ask: Ask, standings: Standings) -> None:
        questions = Questions(ask)
        self._audience = Audience()
        self._wheel = Wheel()
        self.rights = rights = Rights(self._audience, standings)
        screening = Screening(self._audience, questions)
        self._sights = Sights(self._audience, questions, screening)
        following = Following(self._audience, questions.readers_among)
        self._fanout = Fanout(self._audience, following, screening, rights, self._sights)
        self._recount = Recount(self._audience, self._fanout, questions)
        self.log = LiveLog(cache.stream_client, self._fanout)
        self._recheck = Recheck(questions, rights)
        self.tickets = Tickets(cache.redis)
        admission = Admission(settings, self.tickets, standings)
        subscribing = Subscribing(self._audience, self._fanout, self.log, questions, self._sights, screening)
        self._places = Places(cache.redis, per_address=settings.sockets_per_address)
        self._watchers = Watchers(cache.redis, self._audience, self._fanout.latest, self._places.process)
        dispatch = Dispatch(admission, self._audience, subscribing, rights, self._places)
        self.gateway = Gateway(admission, dispatch, self._audience, self._fanout, self._wheel, self._places)

    def position(self, shown: tuple[int, int] | None = None) -> str:
        """How far the log was read and sent, as clients hold it: the `Stream-Position` of what is read from now on.

        It is no later than the epoch and number `shown`, up to which the rows are known to be where they are read.
        """
        position = self._fanout.position()
        return str(position if shown is None else min(position, Position(*shown)))

    async def start(self) -> None:
        """Fill the ring from the stream, or, with Redis away, begin without it and go on trying; then learn who may
        no longer be believed. Raises `Unavailable` when PostgreSQL does not say."""
        self._wheel.start()
        self._fanout.start()
        self._sights.start()
        self._recount.start()
        self._places.start()
        self._watchers.start()
        await self.log.start()
        await self._recheck.start()

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Send every socket elsewhere; afterwards none is left."""
        await self.gateway.drain(seconds)

    async def stop(self) -> None:
        """Close what is still open and follow the log no longer."""
        await self.gateway.drain(0)
        await self._recheck.stop()
        await self.log.stop()
        await self._recount.stop()
        await self._sights.stop()
        await self._fanout.stop()
        await self._watchers.stop()
        await self._places.stop()
        await self._wheel.stop()


REALTIME = web.AppKey("realtime", Realtime)
