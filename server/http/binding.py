"""From a request to its message: path, query or body, and what only the edge may say. Every wrong field is named."""

import asyncio
import typing
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from aiohttp import hdrs, web
from pydantic import ValidationError
from pydantic_core import to_jsonable_python

from actors.kernel.errors import FieldError, Invalid, Malformed, TooLarge, UnsupportedType
from actors.kernel.message import Request
from server.http import metrics
from server.http.errors import TooSlow
from server.http.tokens import Identity

MAX_BODY = 1 << 20
BODY_SECONDS = 20.0
ENCODINGS = ("identity", "gzip", "deflate", "br")
MAX_VALUES = 1_000
"""Values in a body, however nested: each of them that is wrong costs 15 µs to name."""
BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_UNKNOWN = "unknown_field"


class Binding:
    """How requests of one route become its message.

    A JSON body is validated strictly: `"5"` is no number and `1` no boolean. Path and query are text and are read
    leniently; beside a body no query is taken. Raises `Malformed` for path and query, `Invalid` for the body, each with
    all errors at once.
    """

    def __init__(
        self,
        method: str,
        message: type[Request[Any]],
        path: frozenset[str],
        fixed: Mapping[str, Any],
        *,
        reads_body: bool = True,
    ) -> None:
        self.message = message
        self.path = path
        self.fixed = fixed
        self.from_body = reads_body and method in BODY_METHODS
        self.trusted = message.trusted_fields()
        self.open = frozenset(message.model_fields) - self.trusted - path - frozenset(fixed)
        self.body = self.open if self.from_body else frozenset()
        self.query = frozenset() if self.from_body else self.open
        self.lists = frozenset(name for name in self.query if _is_list(message.model_fields[name].annotation))

    async def bind(self, request: web.Request, identity: Identity | None, told: Mapping[str, Any]) -> Request[Any]:
        """The message. `told` holds trusted fields; what else it names stands in for what the request leaves out."""
        path = {name: _text(name, value) for name, value in request.match_info.items()}
        body = await read_json(request) if self.from_body else None
        if body is None and not self.body:
            given = {**told, **self._query(request), **path, **self.fixed}
            if "caller" in self.trusted:
                given["caller"] = identity.caller if identity else None
            try:
                return self.message.model_validate(given)
            except ValidationError as error:
                raise self._refusal(error, ()) from None
        unknown = _unknown(body, self.body)
        known = {name: value for name, value in (body or {}).items() if name in self.body}
        given = {**told, **self._query(request), **known, **path, **self.fixed}
        if "caller" in self.trusted:
            given["caller"] = orjson.Fragment(identity.caller_json) if identity else None
        try:
            merged = orjson.dumps(given, default=to_jsonable_python)
        except orjson.JSONEncodeError:
            raise Malformed("the body nests too deeply") from None
        try:
            message = self.message.model_validate_json(merged, strict=True)
        except ValidationError as error:
            raise self._refusal(error, unknown) from None
        if unknown:
            raise Invalid(errors=unknown)
        return message

    def _query(self, request: web.Request) -> dict[str, Any]:
        given: dict[str, Any] = {}
        if not request.query_string:
            return given
        for name in request.query:
            if name == "cursor" and "after" in self.trusted:
                continue
            if name not in self.query:
                wrong = FieldError(field=name[:100], code="unknown_parameter", message="there is no such parameter")
                raise Malformed("the query holds an unknown parameter", errors=(wrong,))
            values = [_text(name, value) for value in request.query.getall(name)]
            if name in self.lists:
                given[name] = [part for value in values for part in value.split(",") if part]
            elif len(values) > 1:
                wrong = FieldError(field=name, code="repeated", message="give this parameter once")
                raise Malformed("the query repeats a parameter", errors=(wrong,))
            else:
                given[name] = values[0]
        return given

    def _refusal(self, error: ValidationError, unknown: tuple[FieldError, ...]) -> Exception:
        """A wrong path or query is malformed, a wrong body invalid; a wrong trusted field is a defect of ours."""
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        roots = {str(problem["loc"][0]) for problem in problems if problem["loc"]}
        if any(problem["type"] == "json_invalid" for problem in problems):
            return Malformed("the body nests too deeply")
        if roots & (self.trusted | frozenset(self.fixed)):
            return AssertionError(f"{self.message.__name__}: the edge filled {sorted(roots)} wrongly")
        found = tuple(
            FieldError(
                field=".".join(str(part) for part in problem["loc"]),
                code=_UNKNOWN if problem["type"] == "extra_forbidden" else problem["type"],
                message=problem["msg"].removeprefix("Value error, "),
            )
            for problem in problems
        )
        if self.from_body and not roots & self.path:
            return Invalid(errors=(*unknown, *found))
        return Malformed("the path or query is not valid", errors=(*found, *unknown))


async def bind_nothing(request: web.Request) -> None:
    """For an operation that takes no fields. Raises `Invalid` for a body that names some."""
    if unknown := _unknown(await read_json(request), frozenset()):
        raise Invalid(errors=unknown)


def _unknown(body: Mapping[str, Any] | None, known: frozenset[str]) -> tuple[FieldError, ...]:
    names = (name for name in body or () if name not in known)
    return tuple(FieldError(field=name, code=_UNKNOWN, message="there is no such field") for name in names)


async def read_json(request: web.Request) -> dict[str, Any] | None:
    """The object in the body, None when there is no body.

    Raises `TooLarge` beyond 1 MiB, `UnsupportedType` for what is not JSON, `Malformed` for what cannot be read.
    """
    if not request.can_read_body:
        if request.content_length:
            # A decoder that waits for the rest of what broke off says nothing at its end.
            raise Malformed("the body breaks off")
        return None
    if request.content_length is not None and request.content_length > MAX_BODY:
        raise TooLarge("a body holds at most 1 MiB")
    kind = request.content_type
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        raise UnsupportedType("send JSON as `Content-Type: application/json`")
    raw = await read_body(request)
    if not raw:
        return None
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Malformed(f"the body is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise Invalid("the body must be a JSON object")
    if _holds_too_many(body):
        raise Invalid(f"a body holds at most {MAX_VALUES:,} values")
    if b"\\u0000" in raw and (where := _nul(body)) is not None:
        nul = FieldError(field=where, code="nul_character", message="text must not hold U+0000")
        raise Invalid(errors=(nul,))
    return body


async def read_body(request: web.Request) -> bytes:
    """The whole body, decompressed. Raises `TooLarge` beyond 1 MiB, `TooSlow` when it takes longer than 20 seconds,
    `UnsupportedType` for an encoding we do not know, `Malformed` when it breaks off or is not what it says."""
    encoding = ",".join(request.headers.getall(hdrs.CONTENT_ENCODING, ("identity",)))
    if encoding.strip().lower() not in ENCODINGS:
        raise UnsupportedType(f"encode a body as {', '.join(ENCODINGS)}, or not at all")
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        metrics.too_slow_total.labels("body").inc()
        raise TooSlow("the body did not arrive in time") from None
    except web.HTTPRequestEntityTooLarge:
        raise TooLarge("a body holds at most 1 MiB") from None
    except (web.RequestPayloadError, ConnectionError):
        raise Malformed("the body could not be read") from None


def _text(name: str, value: str) -> str:
    """Text that UTF-8 and PostgreSQL can hold. Raises `Malformed`."""
    if "\0" in value or not _is_encodable(value):
        error = FieldError(field=name[:100], code="invalid_text", message="this is not valid text")
        raise Malformed("the path or query is not valid", errors=(error,))
    return value


def _is_encodable(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_too_many(body: dict[str, Any]) -> bool:
    """Whether there are more values than any message has; looks at no more than that."""
    waiting: list[Any] = [body]
    count = 0
    for value in waiting:
        parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        count += len(parts)
        if count > MAX_VALUES:
            return True
        waiting.extend(parts)
    return False


def _nul(body: dict[str, Any]) -> str | None:
    """Where the first text with U+0000 stands, as a dotted path."""
    waiting: list[tuple[str, Any]] = list(body.items())
    for where, value in waiting:
        parts: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, str):
            if "\0" in value:
                return where
        elif isinstance(value, dict):
            if any("\0" in name for name in value):
                return where
            parts = value.items()
        elif isinstance(value, list):
            parts = enumerate(value)
        waiting.extend((f"{where}.{name}", part) for name, part in parts)
    return None


def _is_list(annotation: Any) -> bool:
    if typing.get_origin(annotation) in {tuple, list, set, frozenset}:
        return True
    return any(_is_list(part) for part in typing.get_args(annotation) if part is not type(None))
