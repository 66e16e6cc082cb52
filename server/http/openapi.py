"""The OpenAPI 3.1 document, made from the route table: what is served is what is described."""

import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from importlib.metadata import version
from typing import Any, Literal

import orjson
from pydantic import TypeAdapter

from actors.kernel.message import Command
from actors.kernel.paging import Page
from server.http import describing, wording
from server.http.binding import BODY_METHODS
from server.http.errors import codes, status_of
from server.http.routing import AnyRoute, EdgeRoute, Route

VERSION = version("vitrine")

_REFERENCE = "#/components/schemas/{model}"
_NONE = (None, type(None))
_OF_A_BODY = frozenset({400, 408, 413, 415, 422})
"""The statuses by which what is wrong with a body is told."""

Mode = Literal["validation", "serialization"]
Schemas = Mapping[tuple[Any, Mode], Any]


class Description:
    """The document of one application as JSON, made when it is first asked for: that takes a tenth of a second."""

    def __init__(self, routes: Iterable[AnyRoute], public_url: str) -> None:
        self._routes = tuple(routes)
        self._public_url = public_url

    @cached_property
    def body(self) -> bytes:
        """The bytes to serve."""
        return orjson.dumps(document(self._routes, self._public_url))


def document(routes: Iterable[AnyRoute], public_url: str) -> dict[str, Any]:
    """The whole document, ready to be written as JSON."""
    table = tuple(routes)
    schemas, components = _schemas(table)
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        operation = _operation(route, schemas) if isinstance(route, Route) else _edge_operation(route, schemas)
        paths.setdefault(route.path, {})[route.method.lower()] = operation
    described: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "Vitrine",
            "version": VERSION,
            "description": "A creative community: photographs, posts, feeds, and everything live.",
        },
        "servers": [{"url": public_url.rstrip("/")}],
        "tags": [{"name": name} for name in dict.fromkeys(tag_of(route) for route in table)],
        "paths": paths,
        "components": {
            "schemas": {**components, "Problem": describing.PROBLEM, "FieldError": describing.FIELD_ERROR},
            "responses": describing.problem_responses(),
            "headers": describing.HEADERS,
            "securitySchemes": describing.SECURITY_SCHEMES,
        },
        "x-error-codes": [code._asdict() for code in codes()],
    }
    _keep_reached(described)
    return described


def _schemas(table: tuple[AnyRoute, ...]) -> tuple[Schemas, dict[str, Any]]:
    """The schema of every message and reply, by type and mode, and the components they refer to."""
    wanted: dict[tuple[Any, Mode], TypeAdapter[Any]] = {}
    for route in table:
        if isinstance(route, Route):
            wanted[route.message, "validation"] = TypeAdapter(route.message)
            reply = route.reply
        else:
            reply = route.renders
        if reply not in _NONE:
            wanted[reply, "serialization"] = TypeAdapter(reply)
    inputs = [(kind, mode, adapter) for (kind, mode), adapter in wanted.items()]
    found, definitions = TypeAdapter.json_schemas(inputs, ref_template=_REFERENCE)
    components: dict[str, Any] = definitions.get("$defs", {})
    for kind, mode in wanted:
        schema = found[kind, mode]
        shown = components[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        if mode == "validation":
            found[kind, mode] = shown
        elif isinstance(kind, type) and issubclass(kind, Page):
            shown["properties"]["next"] = describing.NEXT
            shown["required"] = sorted({*shown.get("required", ()), "items", "next"})
    return found, components


def _operation(route: Route, schemas: Schemas) -> dict[str, Any]:
    binding = route.binding
    message = {"properties": {}, **schemas[route.message, "validation"]}
    words = wording.words_of(route.message)
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": words.summary,
        "tags": [tag_of(route)],
        "parameters": describing.parameters(route, binding, message),
        "responses": _responses(route, schemas),
        "x-rate-limit": route.bucket,
    }
    if words.more:
        operation["description"] = words.more
    if words.codes:
        operation["x-codes"] = list(words.codes)
    if binding.body:
        operation["requestBody"] = describing.request_body(binding, message)
    if "caller" in binding.trusted and route.needs.is_open:
        operation["security"] = [{}, {"bearer": []}, {"cookie": []}]
    return operation | describing.needs(route.needs)


def _responses(route: Route, schemas: Schemas) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done.", "headers": describing.success_headers(route)}
    if route.reply not in _NONE and route.status != 204:
        success["content"] = {"application/json": {"schema": schemas[route.reply, "serialization"]}}
    responses: dict[str, Any] = {str(route.status): success}
    if route.public_max_age is not None:
        responses["304"] = {"description": "You hold this version.", "headers": describing.success_headers(route)}
    for status in sorted(_errors(route)):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    return responses


def _errors(route: Route) -> set[int]:
    """Every status other than success that this route can give."""
    binding = route.binding
    errors = {400, 404, 429, 500, 503}
    if not route.needs.is_open or "caller" in binding.trusted or route.renders is not None:
        errors |= {401, 403}
    if binding.from_body:
        errors |= _OF_A_BODY
    if issubclass(route.message, Command):
        errors |= {409, 422} if route.idempotent or binding.from_body else {409}
    return errors | {status_of(refusal) for refusal in wording.refusals_of(route.message)}


def _edge_operation(route: EdgeRoute, schemas: Schemas) -> dict[str, Any]:
    schema = schemas[route.renders, "serialization"] if route.renders not in _NONE else {}
    shown: dict[str, Any] = {"description": "Done."}
    if route.renders not in _NONE:
        shown["content"] = {route.content_type: {"schema": schema}}
    responses: dict[str, Any] = {str(route.status): shown}
    errors = {500, 503, *route.refuses, *((401, 403) if route.identifies else ())}
    if route.method in BODY_METHODS:
        errors |= _OF_A_BODY
    for status in sorted(errors):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    if route.bucket is not None:
        responses["429"] = {"$ref": "#/components/responses/Problem429"}
    if route.path == "/readyz":
        responses["503"] = {**shown, "description": "Not ready."}
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": wording.plain(route.handler.__doc__ or ""),
        "tags": [tag_of(route)],
        "responses": responses,
    }
    return operation | describing.needs(route.needs)


def _operation_id(route: AnyRoute) -> str:
    words = re.findall(r"\w+", route.path.removeprefix("/v1").replace("{", "by_").replace(".", "_"))
    return "_".join((route.method.lower(), *words)) or route.method.lower()


def tag_of(route: AnyRoute) -> str:
    """The part of the service a route belongs to: the domain of its message, unless it says another."""
    if isinstance(route, EdgeRoute):
        return "service"
    return route.tag or route.message.__module__.split(".")[1]


def _keep_reached(described: dict[str, Any]) -> None:
    """Drop the schemas that only trusted fields would have referred to."""
    schemas = described["components"]["schemas"]
    reached: set[str] = set()
    waiting: list[Any] = [described["paths"], described["components"]["responses"]]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            name = str(part.get("$ref", "")).rpartition("/schemas/")[2]
            if name in schemas and name not in reached:
                reached.add(name)
                waiting.append(schemas[name])
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    described["components"]["schemas"] = {name: schemas[name] for name in sorted(reached)}
