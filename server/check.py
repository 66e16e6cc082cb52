"""`vitrine check`: is what is generated still what the code says?"""

import asyncio
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import typer
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from actors.domains import actors
from actors.kernel.system import owners_of
from server import schema
from server.embedded.front import embedded
from server.http import openapi
from server.http.limits import BUCKETS
from server.http.routing import check as check_routes
from server.realtime import asyncapi
from server.routes import table

_ADDRESS = "http://127.0.0.1:8080"


def run_checks() -> int:
    """Print one line a check. Returns 0, or 1 when something is off."""
    results = {"migrations": _drift(), "OpenAPI": _openapi(), "AsyncAPI": _asyncapi()}
    for name, problems in results.items():
        typer.echo(f"{name}: {'OFF' if problems else 'fine'}")
        for problem in problems:
            typer.echo(f"  {problem}")
    return int(any(results.values()))


def _drift() -> Sequence[str]:
    """On the database the environment names, beside its data, or else on one started for it."""
    url = os.environ.get("DB_URL") or os.environ.get("DATABASE_URL")
    if url:
        return asyncio.run(schema.differences(url))
    with tempfile.TemporaryDirectory(prefix="vitrine-check-") as folder:
        others = {"REDIS_URL": "unused", "S3_ENDPOINT": "unused"}
        with embedded(Path(folder), durable=False, environ=others) as started:
            return asyncio.run(schema.differences(started["DB_URL"]))


def _openapi() -> Sequence[str]:
    routes = table()
    check_routes(routes, BUCKETS, owners_of(actors()))
    return [error.message for error in OpenAPIV31SpecValidator(openapi.document(routes, _ADDRESS)).iter_errors()]


def _asyncapi() -> Sequence[str]:
    """Every schema in the document is one, and every reference in it leads somewhere."""
    document = asyncapi.document(_ADDRESS)
    problems = []
    for name, model in document["components"]["schemas"].items():
        problems += [f"{name}: {error.message}" for error in _SCHEMA_OF_SCHEMAS.iter_errors(model)]
    return problems + [f"{path} leads nowhere" for path in _references(document) if not _leads(document, path)]


_SCHEMA_OF_SCHEMAS = Draft202012Validator(Draft202012Validator.META_SCHEMA)


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        part = list(part.values())
    if isinstance(part, list | tuple):
        for one in part:
            yield from _references(one)


def _leads(document: Any, path: str) -> bool:
    for name in path.removeprefix("#/").split("/"):
        if not isinstance(document, dict) or name not in document:
            return False
        document = document[name]
    return True
