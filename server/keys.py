"""What the application holds, by typed key. `create_app` fills it; handlers read it."""

from collections.abc import Sequence
from typing import Protocol

from aiohttp import web

from actors.adapters.cache import Cache
from actors.kernel.system import System
from actors.settings import Settings
from server.http.cursors import Cursors
from server.http.identity import Identities
from server.http.limits import Limiter
from server.http.openapi import Description
from server.http.pages import Pages
from server.http.readiness import Readiness
from server.http.routing import AnyRoute
from server.http.sessions import WebSessions
from server.http.standings import Standings
from server.http.tokens import Tokens


class Lifecycle:
    """Whether this process still takes new work."""

    is_draining = False


class LiveHead(Protocol):
    """The live log, as far as REST needs it."""

    def position(self, shown: tuple[int, int] | None = None) -> str:
        """Where the log stands now, as clients hold it; no later than the epoch and number `shown`."""


SETTINGS = web.AppKey("settings", Settings)
SYSTEM = web.AppKey("system", System)
CACHE = web.AppKey("cache", Cache)
LIVE_LOG: web.AppKey[LiveHead] = web.AppKey("live_log")
TOKENS = web.AppKey("tokens", Tokens)
STANDINGS = web.AppKey("standings", Standings)
IDENTITIES = web.AppKey("identities", Identities)
SESSIONS = web.AppKey("sessions", WebSessions)
CURSORS = web.AppKey("cursors", Cursors)
LIMITER = web.AppKey("limiter", Limiter)
PAGES = web.AppKey("pages", Pages)
LIFECYCLE = web.AppKey("lifecycle", Lifecycle)
READINESS = web.AppKey("readiness", Readiness)
DESCRIPTION = web.AppKey("description", Description)
TABLE: web.AppKey[Sequence[AnyRoute]] = web.AppKey("table")
