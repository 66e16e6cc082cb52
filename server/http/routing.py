"""The typed route table: a route is a path, the message it asks and how the answer shows. OpenAPI comes from it."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypedDict, TypeVar, Unpack

from aiohttp import web

from actors.auth.people import Plan, Role
from actors.kernel.errors import DeclarationError
from actors.kernel.message import Query, Request
from server.http.binding import Binding
from server.http.needs import Needs

R = TypeVar("R")

TRUSTED_SOURCES = frozenset({"caller", "client_address", "user_agent", "after"})
"""Trusted fields the edge knows how to fill; others come from a route's `fill`."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Respond = Callable[[web.Request, Any], Awaitable[web.StreamResponse]]
Fill = Callable[[web.Request], Awaitable[Mapping[str, Any]]]
Keeps = Callable[[Any], bool]


class Options(TypedDict, total=False):
    """What else a route may say."""

    status: int
    role: Role | None
    plan: Plan | None
    bucket: str
    fixed: Mapping[str, Any]
    live: bool
    public_max_age: int | None
    keeps: Keeps | None
    idempotent: bool
    respond: Respond | None
    fill: Fill | None
    renders: Any
    limit_by: str | None
    tag: str | None
    reads_body: bool


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    `role`: the least role that may call; None lets visitors in unless the message needs a caller. `plan`: the least
    plan. `bucket`: the rate limit it spends. `fixed`: fields the route decides. `live`: carries `Stream-Position`.
    `public_max_age`: seconds others may keep what a visitor gets before they ask whether it changed. `keeps`: of
    which messages the page is kept here for an instant, each for who asked. `idempotent`: honours `Idempotency-Key`.
    `respond` makes the response itself, shaped as `renders`; `fill` gives fields that are in neither path, query
    nor body. `limit_by` names a field whose value spends the bucket too. `tag`: the part of the service it belongs
    to, unless that is its message's domain. `reads_body`: False takes whatever body it is sent, and looks at none.
    """

    method: str
    path: str
    message: type[Request[Any]]
    status: int = 200
    role: Role | None = None
    plan: Plan | None = None
    bucket: str = "writes"
    fixed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    live: bool = False
    public_max_age: int | None = None
    keeps: Keeps | None = None
    idempotent: bool = False
    respond: Respond | None = None
    fill: Fill | None = None
    renders: Any = None
    limit_by: str | None = None
    tag: str | None = None
    reads_body: bool = True

    @property
    def names(self) -> frozenset[str]:
        """The fields its path names."""
        return frozenset(re.findall(r"{(\w+)}", self.path))

    @property
    def reply(self) -> Any:
        """The type of what it shows; None where it shows nothing."""
        return self.message.reply_type() if self.renders is None else self.renders

    @property
    def needs(self) -> Needs:
        """Who may call it, also where only the message says that somebody must be signed in."""
        caller = self.message.model_fields.get("caller")
        if self.role is None and (self.plan is not None or (caller is not None and caller.is_required())):
            return Needs(Role.user, self.plan)
        return Needs(self.role, self.plan)

    @property
    def may_lag(self) -> bool:
        """Whether a read replica may answer it to visitors, who have written nothing that they could miss."""
        return self.method == "GET" and issubclass(self.message, Query) and self.needs.is_open

    @property
    def binding(self) -> Binding:
        """How its requests become its message."""
        return Binding(self.method, self.message, self.names, self.fixed, reads_body=self.reads_body)


@dataclass(frozen=True, slots=True)
class EdgeRoute:
    """An operation the edge answers itself, without a message; the handler's docstring is its summary.

    `identifies`: it is for people who are signed in; its handler finds in the exchange who. `refuses`: the statuses
    of the errors it gives besides those that every operation can.
    """

    method: str
    path: str
    handler: Handler
    renders: Any
    content_type: str = "application/json"
    bucket: str | None = None
    status: int = 200
    identifies: bool = False
    refuses: tuple[int, ...] = ()

    @property
    def needs(self) -> Needs:
        """Who may call it."""
        return Needs(Role.user if self.identifies else None)


AnyRoute = Route | EdgeRoute


def get(path: str, message: type[Request[R]], **options: Unpack[Options]) -> Route:
    """`GET path` asks the message; what the path does not name comes from the query."""
    options.setdefault("bucket", "reads")
    return Route("GET", path, message, **options)


def post(path: str, message: type[Request[R]], **options: Unpack[Options]) -> Route:
    """`POST path` asks the message; what the path does not name comes from the body."""
    return Route("POST", path, message, **options)


def put(path: str, message: type[Request[R]], **options: Unpack[Options]) -> Route:
    """`PUT path` asks the message; what the path does not name comes from the body."""
    return Route("PUT", path, message, **options)


def patch(path: str, message: type[Request[R]], **options: Unpack[Options]) -> Route:
    """`PATCH path` asks the message; what the path does not name comes from the body."""
    return Route("PATCH", path, message, **options)


def delete(path: str, message: type[Request[R]], **options: Unpack[Options]) -> Route:
    """`DELETE path` asks the message; what the path does not name comes from the query."""
    return Route("DELETE", path, message, **options)


def check(routes: Iterable[AnyRoute], buckets: Iterable[str], owned: Iterable[type]) -> None:
    """Refuse a table that makes no sense. Raises `DeclarationError` naming every fault in it."""
    faults: list[str] = []
    seen: set[tuple[str, str]] = set()
    known_buckets, owners = frozenset(buckets), frozenset(owned)
    for route in routes:
        where = f"{route.method} {route.path}"
        shape = (route.method, re.sub(r"{\w+}", "{}", route.path))
        if shape in seen:
            faults.append(f"{where} is there twice")
        seen.add(shape)
        if route.bucket is not None and route.bucket not in known_buckets:
            faults.append(f"{where}: there is no bucket {route.bucket!r}")
        if isinstance(route, Route):
            faults += [f"{where}: {fault}" for fault in _faults(route)]
            if route.message not in owners:
                faults.append(f"{where}: no actor answers {route.message.__name__}")
    if faults:
        raise DeclarationError("; ".join(faults))


def _faults(route: Route) -> Iterable[str]:
    fields, trusted = frozenset(route.message.model_fields), route.message.trusted_fields()
    name = route.message.__name__
    for missing in sorted((route.names | frozenset(route.fixed)) - fields):
        yield f"{name} has no field {missing!r}"
    for chosen in sorted((route.names | frozenset(route.fixed)) & trusted):
        yield f"{chosen!r} of {name} is trusted"
    if (unfilled := sorted(trusted - TRUSTED_SOURCES)) and route.fill is None:
        yield f"nothing fills {', '.join(unfilled)} of {name}"
    if route.limit_by is not None and route.limit_by not in fields:
        yield f"{name} has no field {route.limit_by!r} to limit by"
    if route.public_max_age is not None and (route.method != "GET" or not route.needs.is_open):
        yield "only what visitors may GET can be public"
    if (route.status == 204) != (route.reply in {None, type(None)}) and route.respond is None:
        yield f"status {route.status} does not fit a reply of {route.reply}"
