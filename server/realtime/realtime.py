"""The live edge of one process, put together."""

from aiohttp import web

from actors.adapters.cache import Cache
from actors.settings import Settings
from server.http.identity import Revocations
from server.realtime.admission import Admission
from server.realtime.audience import Audience
from server.realtime.dispatch import Dispatch
from server.realtime.fanout import Fanout
from server.realtime.gateway import Gateway
from server.realtime.log import LiveLog
from server.realtime.questions import Ask, Questions
from server.realtime.recount import Recount
from server.realtime.subscribing import Subscribing
from server.realtime.tickets import Tickets
from server.realtime.wheel import Wheel

DRAIN_SECONDS = 5.0


class Realtime:
    """Make it, `start`, serve; then `drain` and `stop`. `ask` is the actor system's.

    `revocations` is the set the edge verifies tokens against: the live log fills it.
    """

    def __init__(self, settings: Settings, cache: Cache, ask: Ask, revocations: Revocations) -> None:
        questions = Questions(ask)
        self._audience = Audience()
        self._wheel = Wheel()
        self._fanout = Fanout(self._audience, questions, revocations.revoke)
        self._recount = Recount(self._audience, self._fanout, questions)
        self.log = LiveLog(cache.stream_client, self._fanout)
        self.tickets = Tickets(cache.redis)
        admission = Admission(settings, self.tickets, revocations)
        subscribing = Subscribing(self._audience, self._fanout, self.log, questions)
        dispatch = Dispatch(admission, self._audience, subscribing)
        self.gateway = Gateway(admission, dispatch, self._audience, self._fanout, self._wheel)

    def position(self) -> str:
        """How far the log was read and sent, as clients hold it: the `Stream-Position` of what is read from now on."""
        return str(self._fanout.position())

    async def start(self) -> None:
        """Fill the ring from the stream, or, with Redis away, begin without it and go on trying."""
        self._wheel.start()
        self._fanout.following.start()
        self._recount.start()
        await self.log.start()

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Send every socket elsewhere; afterwards none is left."""
        await self.gateway.drain(seconds)

    async def stop(self) -> None:
        """Close what is still open and follow the log no longer."""
        await self.gateway.drain(0)
        await self.log.stop()
        await self._recount.stop()
        await self._fanout.following.stop()
        await self._wheel.stop()


REALTIME = web.AppKey("realtime", Realtime)
