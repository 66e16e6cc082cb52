"""The composition root of the edge: one application, with everything it holds made here."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from actors.adapters.cache import Cache
from actors.kernel.system import System
from actors.settings import Settings
from server.dev_mail import add_dev_mail
from server.http.binding import MAX_BODY
from server.http.cursors import Cursors
from server.http.edge import edge
from server.http.endpoint import register
from server.http.headers import security_headers
from server.http.identity import Identities
from server.http.limits import Bucket, Limiter, buckets_of
from server.http.openapi import Description
from server.http.pages import Pages
from server.http.probe import Probe
from server.http.readiness import Check, Readiness
from server.http.routing import AnyRoute, check
from server.http.sessions import WebSessions
from server.http.standings import Standings
from server.http.tokens import Tokens
from server.http.unreadable import Runner
from server.keys import (
    CACHE,
    CURSORS,
    DESCRIPTION,
    IDENTITIES,
    LIFECYCLE,
    LIMITER,
    LIVE_LOG,
    PAGES,
    READINESS,
    SESSIONS,
    SETTINGS,
    STANDINGS,
    SYSTEM,
    TABLE,
    TOKENS,
    Lifecycle,
    LiveHead,
)
from server.routes import table
from server.web import add_web

DRAIN_SECONDS = 10.0
KEEPALIVE_SECONDS = 75.0
LINGER_SECONDS = 5.0
"""How long what is left of a refused body is read, so that its sender reads the refusal."""


def create_app(
    settings: Settings,
    *,
    system: System,
    cache: Cache,
    live_log: LiveHead,
    standings: Standings | None = None,
    probe: Probe | None = None,
    checks: Mapping[str, Check] | None = None,
    buckets: Mapping[str, Bucket] | None = None,
    routes: Sequence[AnyRoute] | None = None,
) -> web.Application:
    """The application, its routes checked against the actors of `system`.

    `standings` is what the live edge keeps; `probe` asks PostgreSQL whether parts work; `checks` are parts whose
    absence only degrades. Raises `DeclarationError` for a table that makes no sense.
    """
    lifecycle = Lifecycle()
    app = web.Application(client_max_size=MAX_BODY, middlewares=[edge(settings, lifecycle)])
    app[SETTINGS], app[SYSTEM], app[CACHE], app[LIVE_LOG] = settings, system, cache, live_log
    app[TOKENS] = Tokens.of(settings)
    app[STANDINGS] = Standings() if standings is None else standings
    app[IDENTITIES] = Identities(app[TOKENS], app[STANDINGS])
    app[SESSIONS] = WebSessions(settings, cache)
    app[CURSORS] = Cursors(settings)
    buckets = buckets_of(settings) if buckets is None else buckets
    app[LIMITER] = Limiter(cache.redis, buckets, enabled=settings.rate_limits == "on")
    app[PAGES] = Pages()
    probe = probe or Probe(system.database)
    app[READINESS] = Readiness(system, cache, probe, checks or {})
    app.on_cleanup.append(lambda _: probe.close())
    app[LIFECYCLE] = lifecycle
    app[TABLE] = routes = table() if routes is None else routes
    app[DESCRIPTION] = Description(routes, settings.public_url)
    check(routes, buckets, system.owners)
    register(app, routes)
    add_web(app)
    add_dev_mail(app, settings)
    return app


def runner(app: web.Application) -> web.AppRunner:
    """What serves the application.

    A client that hangs up cancels nothing: a command it has sent may be halfway through its transaction.
    """
    return Runner(
        app,
        security_headers(app[SETTINGS]),
        handler_cancellation=False,
        access_log=None,
        keepalive_timeout=KEEPALIVE_SECONDS,
        lingering_time=LINGER_SECONDS,
        shutdown_timeout=DRAIN_SECONDS,
    )


def begin_drain(app: web.Application) -> None:
    """Go on answering, but say that this process is leaving: `/readyz` turns red, connections close after a reply."""
    app[LIFECYCLE].is_draining = True
