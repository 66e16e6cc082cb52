"""The parts an OpenAPI document is put together from: parameters, bodies, headers, problems."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from actors.auth.people import Plan, Role
from server.http.binding import Binding
from server.http.errors import PROBLEM_TYPE, STATUS
from server.http.identity import ACCESS_COOKIE
from server.http.needs import Needs
from server.http.routing import Route

NEXT = {
    "type": ["string", "null"],
    "description": 'The cursor of the next page, also as `Link: rel="next"`; null at the end and nowhere else.',
}
FIELD_ERROR = {
    "type": "object",
    "required": ["field", "code", "message"],
    "properties": {
        "field": {"type": "string", "description": "a dotted path", "examples": ["tags.0"]},
        "code": {"type": "string", "examples": ["unknown_field"]},
        "message": {"type": "string"},
    },
}
PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` never changes its meaning.",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "examples": ["not_found"]},
        "request_id": {"type": "string"},
        "errors": {"type": "array", "items": {"$ref": "#/components/schemas/FieldError"}},
    },
}
SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {
        "type": "apiKey",
        "in": "cookie",
        "name": ACCESS_COOKIE,
        "description": "Web clients. An unsafe request repeats the `vitrine_csrf` cookie in `X-CSRF-Token`.",
    },
}
_TEXT = {"schema": {"type": "string"}}
HEADERS: Mapping[str, Any] = {
    "X-Request-ID": {"description": "What to name when asking about this request.", **_TEXT},
    "RateLimit-Policy": {"description": "The bucket: `q` requests in `w` seconds.", **_TEXT},
    "RateLimit": {"description": "What is left of it, and seconds until it is full.", **_TEXT},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "Stream-Position": {"description": "Subscribe with this as `since` and nothing is missed.", **_TEXT},
    "ETag": {"description": "For `If-None-Match`; only without credentials.", **_TEXT},
    "Link": {"description": '`rel="next"`, unless this is the end.', **_TEXT},
    "Idempotency-Replayed": {"description": "`true` when this is the stored reply.", **_TEXT},
}


def needs(needed: Needs) -> dict[str, Any]:
    """Who may: as `security` for tools, and the least role and plan by name in `x-role` and `x-plan`."""
    if needed.is_open:
        return {"x-role": "visitor", "x-plan": "free"}
    shown = {"x-role": str(needed.role or Role.user), "x-plan": str(needed.plan or Plan.free)}
    return {"security": [{"bearer": []}, {"cookie": []}], **shown}


def parameters(route: Route, binding: Binding, message: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Path, query and header parameters."""
    properties, required = message["properties"], set(message.get("required", ()))
    found = [
        {"name": name, "in": "path", "required": True, "schema": properties[name]}
        for name in re.findall(r"{(\w+)}", route.path)
    ]
    for name in binding.message.model_fields:
        if name not in binding.query:
            continue
        parameter = {"name": name, "in": "query", "required": name in required, "schema": properties[name]}
        if name in binding.lists:
            parameter |= {"style": "form", "explode": False}
        found.append(parameter)
    if "after" in binding.trusted and not binding.from_body:
        found.append({"name": "cursor", "in": "query", "required": False, "schema": {"type": "string"}})
    if route.idempotent:
        key = {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"}
        found.append({"name": "Idempotency-Key", "in": "header", "required": False, "schema": key})
    return found


def request_body(binding: Binding, message: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON body: the message without what comes from elsewhere."""
    required = sorted(binding.body & set(message.get("required", ())))
    schema: dict[str, Any] = {
        "type": "object",
        "title": binding.message.__name__,
        "properties": {name: part for name, part in message["properties"].items() if name in binding.body},
        "additionalProperties": False,
    }
    if required:
        schema["required"] = required
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def success_headers(route: Route) -> dict[str, Any]:
    """The headers a good reply of that route carries."""
    names = ["X-Request-ID", "RateLimit-Policy", "RateLimit"]
    if route.live:
        names.append("Stream-Position")
    if route.public_max_age is not None:
        names.append("ETag")
    if "after" in route.message.model_fields:
        names.append("Link")
    if route.idempotent:
        names.append("Idempotency-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def problem_responses() -> dict[str, Any]:
    """One response a status, all alike but for what they mean."""
    responses = {}
    for refusal, status in STATUS.items():
        names = ["X-Request-ID", *(["Retry-After"] if status in {429, 503} else [])]
        meaning = (refusal.__doc__ or "").strip().partition("\n")[0]
        responses[f"Problem{status}"] = {
            "description": f"{HTTPStatus(status).phrase}: {meaning}",
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
            "content": {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return responses
