"""About the service itself: whether it is well, what it measures, what it allows, how it is described."""

from http import HTTPStatus
from typing import Any

from aiohttp import web

from actors.auth.people import ENTITLEMENTS, Entitlements, Plan
from actors.graph.messages import MOST_BLOCKED, MOST_FOLLOWED, MOST_MUTED
from actors.kernel.message import View
from actors.media.messages import MAX_BYTES
from actors.posts.messages import MOST_BOOKMARKS
from actors.posts.tag_messages import MOST_TAGS
from server.http import docs, openapi
from server.http.binding import MAX_BODY
from server.http.metrics import exposition
from server.http.readiness import ReadinessView
from server.http.routing import EdgeRoute
from server.keys import DESCRIPTION, LIFECYCLE, LIMITER, READINESS, SETTINGS, SYSTEM, TABLE

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_NEVER = {"Cache-Control": "no-store"}
_BRIEFLY = {"Cache-Control": "public, max-age=5"}


class Alive(View):
    """The process answers."""

    status: str = "alive"


class LimitView(View):
    """`limit` requests in `window_seconds`, for an `address` or for a `person` (a visitor's address)."""

    name: str
    limit: int
    window_seconds: int
    per: str


class LimitsView(View):
    """Every bucket; `enforced` is false where limits are switched off."""

    items: tuple[LimitView, ...]
    enforced: bool


class PlanView(View):
    """A plan and what it gives."""

    name: Plan
    entitlements: Entitlements


class InstanceView(View):
    """What a client wants to know before it starts."""

    name: str
    version: str
    realtime_url: str
    documentation_url: str
    media_url: str
    upload_bytes: int
    body_bytes: int
    page_items: int
    people_followed: int
    people_blocked: int
    people_muted: int
    posts_kept: int
    tags_followed: int
    plans: tuple[PlanView, ...]
    features: tuple[str, ...]


async def healthz(_: web.Request) -> web.StreamResponse:
    """The process answers."""
    return _json(Alive(status="alive"))


async def readyz(request: web.Request) -> web.StreamResponse:
    """200 when requests can be served; with `?full=1` only when nothing at all is amiss."""
    view = await request.app[READINESS].look()
    is_ready = view.status == "ready" and not request.app[LIFECYCLE].is_draining
    if "full" in request.query:
        is_ready = is_ready and not view.degraded
    return _json(view, HTTPStatus.OK if is_ready else HTTPStatus.SERVICE_UNAVAILABLE)


async def metrics(request: web.Request) -> web.StreamResponse:
    """Every metric of this process, for Prometheus, as of the last second."""
    text = exposition.text(request.app[SYSTEM].measure)
    return web.Response(body=text, headers={"Content-Type": _METRICS_TYPE, "Cache-Control": "no-store"})


async def limits(request: web.Request) -> web.StreamResponse:
    """Every rate limit by its bucket's name."""
    limiter = request.app[LIMITER]
    items = tuple(
        LimitView(name=bucket.name, limit=bucket.amount, window_seconds=bucket.seconds, per=bucket.per)
        for bucket in limiter.buckets.values()
    )
    return _json(LimitsView(items=items, enforced=limiter.enabled), headers=_BRIEFLY)


async def instance(request: web.Request) -> web.StreamResponse:
    """What this instance allows and where its other doors are."""
    settings = request.app[SETTINGS]
    base = settings.public_url.rstrip("/")
    view = InstanceView(
        name="Vitrine",
        version=openapi.VERSION,
        realtime_url=f"ws{base.removeprefix('http')}/v1/realtime",
        documentation_url=f"{base}/docs",
        media_url=settings.media_url,
        upload_bytes=MAX_BYTES,
        body_bytes=MAX_BODY,
        page_items=100,
        people_followed=MOST_FOLLOWED,
        people_blocked=MOST_BLOCKED,
        people_muted=MOST_MUTED,
        posts_kept=MOST_BOOKMARKS,
        tags_followed=MOST_TAGS,
        plans=tuple(PlanView(name=plan, entitlements=given) for plan, given in ENTITLEMENTS.items()),
        features=tuple(dict.fromkeys(openapi.tag_of(route) for route in request.app[TABLE])),
    )
    return _json(view, headers=_BRIEFLY)


async def described(request: web.Request) -> web.StreamResponse:
    """This description of the API."""
    body = request.app[DESCRIPTION].body
    return web.Response(body=body, content_type="application/json", headers=_BRIEFLY)


async def documentation(_: web.Request) -> web.StreamResponse:
    """The description of the API, for people."""
    return web.Response(text=docs.PAGE, content_type="text/html", headers=docs.HEADERS)


def _json(view: View, status: int = 200, headers: dict[str, str] = _NEVER) -> web.Response:
    return web.Response(text=view.model_dump_json(), status=status, content_type="application/json", headers=headers)


ROUTES = (
    EdgeRoute("GET", "/healthz", healthz, Alive),
    EdgeRoute("GET", "/readyz", readyz, ReadinessView),
    EdgeRoute("GET", "/metrics", metrics, str, content_type="text/plain"),
    EdgeRoute("GET", "/v1/limits", limits, LimitsView, bucket="reads"),
    EdgeRoute("GET", "/v1/instance", instance, InstanceView, bucket="reads"),
    EdgeRoute("GET", "/v1/openapi.json", described, dict[str, Any]),
    EdgeRoute("GET", "/docs", documentation, str, content_type="text/html"),
)
