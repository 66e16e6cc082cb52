"""The served documents as a judge: every reply and every frame in the tests is held against them."""

import re
from collections.abc import Awaitable, Callable, Iterable
from functools import cache
from typing import Any

from aiohttp import ClientRequest, ClientResponse
from jsonschema import Draft202012Validator

from server.http import openapi
from server.http.routing import AnyRoute
from server.realtime import asyncapi
from server.routes import table

_ADDRESS = "http://127.0.0.1:8080"

Document = dict[str, Any]
Middleware = Callable[[ClientRequest, Callable[[ClientRequest], Awaitable[ClientResponse]]], Awaitable[ClientResponse]]


class ContractBroken(AssertionError):
    """A reply or a frame is not what the document says."""


class Replies:
    """Judges replies by an OpenAPI document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._paths = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), path) for path in document["paths"]]
        # A path without parameters comes before one that would match it, too.
        self._paths.sort(key=lambda pair: pair[1].count("{"))
        self._known: dict[tuple[str, str, int], Draft202012Validator | None] = {}

    async def judge(self, response: ClientResponse) -> None:
        """Raises `ContractBroken` for an undeclared status, media type or body."""
        path = next((path for shape, path in self._paths if shape.fullmatch(response.url.path)), None)
        method = response.method.lower()
        if path is None or method not in self._document["paths"][path] or response.status in {304, 101}:
            return
        about = f"{response.method} {path} {response.status}"
        declared = self._document["paths"][path][method]["responses"].get(str(response.status))
        if declared is None:
            raise ContractBroken(f"{about}: not declared; {(await response.text())[:500]}")
        content = self._resolved(declared).get("content", {})
        if not content:
            if await response.read():
                raise ContractBroken(f"{about}: a body where none is declared")
            return
        if response.content_type not in content:
            raise ContractBroken(f"{about}: {response.content_type} is not among {list(content)}")
        if not response.content_type.endswith("json"):
            return
        validator = self._validator(path, method, response.status, content[response.content_type].get("schema", {}))
        for error in validator.iter_errors(await response.json(content_type=None)):
            raise ContractBroken(f"{about}: {error.json_path} {error.message[:500]}")

    def _resolved(self, part: Document) -> Document:
        while "$ref" in part:
            found: Any = self._document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def _validator(self, path: str, method: str, status: int, schema: Document) -> Draft202012Validator:
        known = self._known.get((path, method, status))
        if known is None:
            known = Draft202012Validator({**schema, "components": self._document["components"]})
            self._known[path, method, status] = known
        return known


def held_to_openapi(routes: Iterable[AnyRoute] | None = None) -> Middleware:
    """For an aiohttp client: every reply it gets is judged by the document of these routes, or of all."""
    replies = _of_all_routes() if routes is None else Replies(openapi.document(routes, _ADDRESS))

    async def judged(
        request: ClientRequest, handler: Callable[[ClientRequest], Awaitable[ClientResponse]]
    ) -> ClientResponse:
        response = await handler(request)
        await replies.judge(response)
        return response

    return judged


@cache
def _of_all_routes() -> Replies:
    return Replies(openapi.document(table(), _ADDRESS))


@cache
def _frame_validators() -> dict[str, Draft202012Validator]:
    document = asyncapi.document(_ADDRESS)
    components = document["components"]
    operations = document["operations"].values()
    sent = [part for one in operations for part in ([one] if one["action"] == "send" else [one.get("reply")]) if part]
    names = {message["$ref"].rpartition("/")[2] for part in sent for message in part["messages"]}
    return {
        name: Draft202012Validator({**components["messages"][name]["payload"], "components": components})
        for name in names
    }


def hold_frame(frame: Document) -> None:
    """Raises `ContractBroken` for a frame of the server that AsyncAPI does not describe."""
    validators = _frame_validators()
    # What an event says depends on its type, and which types there are on its topic.
    kind = f".{frame['type']}" if frame.get("push") == "event" else ""
    errors = {name: list(validator.iter_errors(frame)) for name, validator in validators.items() if name.endswith(kind)}
    if all(errors.values()):
        found = {name: some[0].message[:200] for name, some in errors.items()}
        raise ContractBroken(f"no frame is like {str(frame)[:500]}: {found}")
