"""How a no becomes HTTP: refusal class → status, and every error as RFC 9457 problem details."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from math import ceil
from typing import NamedTuple

import orjson
from aiohttp import web
from multidict import CIMultiDict

from actors.kernel.errors import (
    Conflict,
    Exhausted,
    FieldError,
    Forbidden,
    Internal,
    Invalid,
    Malformed,
    NotFound,
    Refusal,
    StaleVersion,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedType,
)
from server.http.limits import RateLimited

PROBLEM_TYPE = "application/problem+json"


class TooSlow(Refusal):
    """The request did not arrive in time."""

    code = "request_timeout"


STATUS: Mapping[type[Refusal], int] = {
    Malformed: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    TooSlow: 408,
    Conflict: 409,
    StaleVersion: 412,
    TooLarge: 413,
    UnsupportedType: 415,
    Invalid: 422,
    Exhausted: 429,
    Unavailable: 503,
    Internal: 500,
}

_OF_STATUS: Mapping[int, type[Refusal]] = {status: refusal for refusal, status in STATUS.items()}
_MOST_ERRORS = 50


class Code(NamedTuple):
    """A problem's code as the documentation lists it."""

    code: str
    status: int
    meaning: str


def status_of(refusal: type[Refusal]) -> int:
    """The status code of a refusal: its own class's or the nearest ancestor's."""
    return next((STATUS[kind] for kind in refusal.__mro__ if kind in STATUS), 400)


def codes() -> tuple[Code, ...]:
    """Every code a problem can carry, in the order of status and name."""
    found = {refusal.code: Code(refusal.code, status_of(refusal), _title(refusal)) for refusal in every_refusal()}
    found["method_not_allowed"] = Code("method_not_allowed", 405, HTTPStatus(405).description)
    found.pop(Refusal.code, None)
    return tuple(sorted(found.values(), key=lambda code: (code.status, code.code)))


def refused(refusal: Refusal, request_id: str) -> web.Response:
    """The problem a refusal shows as."""
    status = status_of(type(refusal))
    headers: CIMultiDict[str] = CIMultiDict()
    if isinstance(refusal, RateLimited):
        headers["Retry-After"] = str(max(1, ceil(refusal.retry_after)))
        headers["RateLimit-Policy"] = refusal.bucket.policy
        headers["RateLimit"] = f'"{refusal.bucket.name}";r=0;t={ceil(refusal.retry_after)}'
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    elif status == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = 'Bearer realm="vitrine"'
    title = _title(type(refusal))
    response = problem(status, refusal.code, title, refusal.detail, request_id, refusal.errors, headers)
    if isinstance(refusal, TooSlow):
        response.force_close()
    return response


def answered(answer: web.HTTPException, request_id: str) -> web.Response:
    """The problem one of aiohttp's own errors shows as; its headers, such as `Allow`, stay."""
    headers = answer.headers.copy()
    headers.popall("Content-Type", None)
    status = HTTPStatus(answer.status)
    known = _OF_STATUS.get(status)
    if known is not None:
        return problem(status, known.code, _title(known), _title(known), request_id, headers=headers)
    code = status.phrase.lower().replace(" ", "_").replace("-", "_")
    return problem(status, code, status.phrase, status.description, request_id, headers=headers)


def problem(
    status: int,
    code: str,
    title: str,
    detail: str,
    request_id: str,
    errors: tuple[FieldError, ...] = (),
    headers: CIMultiDict[str] | None = None,
) -> web.Response:
    """Problem details as a response."""
    body: dict[str, object] = {
        "type": f"/docs#{code}",
        "title": title,
        "status": int(status),
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if errors:
        body["errors"] = [error.model_dump() for error in errors[:_MOST_ERRORS]]
    response = web.Response(body=orjson.dumps(body), status=status, headers=headers, content_type=PROBLEM_TYPE)
    response.headers["Cache-Control"] = "no-store"
    return response


def _title(refusal: type[Refusal]) -> str:
    """The first paragraph of the docstring, which is written for people."""
    paragraph = (refusal.__doc__ or refusal.code).strip().partition("\n\n")[0]
    return " ".join(paragraph.split())


def every_refusal() -> Iterator[type[Refusal]]:
    """All that were declared anywhere, the broader before the narrower."""
    waiting: list[type[Refusal]] = [Refusal]
    for refusal in waiting:
        yield refusal
        waiting += refusal.__subclasses__()
