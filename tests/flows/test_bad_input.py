"""What nobody should send, to every operation there is: a clear 4xx as a problem, never a 500."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from load.processes import Served
from load.wire import connect
from tests.flows.people import Person
from tests.flows.stack import Stack

Operation = tuple[str, str, Mapping[str, Any]]
TRUSTED = ("caller", "client_address", "user_agent", "after", "user_id", "owner_id", "role")
UNREADABLE = {
    "cut off": b'{"caption": "x"',
    "no JSON at all": b"caption=x",
    "no UTF-8": b'{"caption": "\xff\xfe"}',
    "half a surrogate": b'{"caption": "\\ud800"}',
    "NaN": b'{"caption": NaN}',
    "nested too deeply": b"[" * 100_000 + b"]" * 100_000,
}
NO_OBJECT = (b"[]", b'"text"', b"5", b"true", b"[[{}]]")
TEN_MEGABYTES = b'{"caption": "' + b"x" * 10_000_000 + b'"}'


@pytest.fixture
async def served(stack: Stack) -> Served:
    """One server."""
    return await stack.serve()


async def operations(stack: Stack, served: Served) -> list[Operation]:
    """Method, path with its parameters filled in plausibly, and description of every operation."""
    document = await stack.ok(served, "GET", "/v1/openapi.json")
    found = []
    for path, methods in document["paths"].items():
        filled = path
        for name in ("id", "post_id", "upload_id", "comment_id", "request_id"):
            filled = filled.replace(f"{{{name}}}", str(uuid4()))
        filled = filled.replace("{username}", "nobody-here").replace("{tag}", "dawn").replace("{token}", "x" * 43)
        assert "{" not in filled, f"how should {path} be filled?"
        found += [(method.upper(), filled, operation) for method, operation in methods.items()]
    return found


def with_bodies(found: list[Operation]) -> list[Operation]:
    """Those that read a body, if only to say that it should be empty; what signs out comes last."""
    taking = [one for one in found if one[0] in {"POST", "PUT", "PATCH"} and "422" in one[2]["responses"]]
    return sorted(taking, key=lambda one: one[1].endswith("logout"))


async def refused(
    stack: Stack, served: Served, method: str, path: str, why: str, person: Person | None, **options: Any
) -> dict[str, Any]:
    """The problem a request is answered with; it must be one, whole, and the client's fault."""
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    headers |= options.pop("headers", {})
    url = options.pop("url", served.url + path)
    async with stack.http.request(method, url, headers=headers, **options) as response:
        text = await response.text()
        about = f"{method} {path}, {why}: {response.status} {text[:300]}"
        assert 400 <= response.status < 500, about
        assert response.content_type == "application/problem+json", about
        assert response.headers["X-Request-ID"], about
        problem: dict[str, Any] = json.loads(text)
    assert {"type", "title", "status", "detail", "code", "request_id"} <= set(problem), about
    assert problem["status"] == response.status, about
    assert "Traceback" not in text, about
    return problem


JSON = {"Content-Type": "application/json"}


async def test_bodies_that_cannot_be_read_are_malformed_in_every_operation(stack: Stack, served: Served) -> None:
    (person,) = await stack.people(1)
    found = with_bodies(await operations(stack, served))
    assert len(found) > 10
    for method, path, _ in found:
        for why, body in UNREADABLE.items():
            problem = await refused(stack, served, method, path, why, person, data=body, headers=JSON)
            assert problem["status"] in {400, 413, 422}, (path, why, problem)
        for body in NO_OBJECT:
            await refused(stack, served, method, path, repr(body), person, data=body, headers=JSON)
        problem = await refused(
            stack, served, method, path, "form", person, data=b"a=b", headers={"Content-Type": "text/plain"}
        )
        assert problem["status"] == 415, (path, problem)


async def test_fields_nobody_may_send_are_named_in_every_operation(stack: Stack, served: Served) -> None:
    (person,) = await stack.people(1)
    for method, path, _ in with_bodies(await operations(stack, served)):
        sent = dict.fromkeys((*TRUSTED, "no_such_field"), "x")
        problem = await refused(stack, served, method, path, "unknown fields", person, json=sent)
        assert problem["status"] == 422, (method, path, problem)
        named = {error["field"] for error in problem["errors"]}
        assert named >= set(sent), (method, path, problem)


async def test_fields_of_a_wrong_kind_are_refused_in_every_operation(stack: Stack, served: Served) -> None:
    (person,) = await stack.people(1)
    document = await stack.ok(served, "GET", "/v1/openapi.json")
    for method, path, operation in with_bodies(await operations(stack, served)):
        for wrong in wrong_bodies(document, operation):
            await refused(stack, served, method, path, f"{wrong!r:.200}", person, json=wrong)


def properties_of(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields of the body it takes, by name."""
    if "requestBody" not in operation:
        return {}
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    fields: Mapping[str, Any] = schema.get("properties", {})
    return fields


def wrong_bodies(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """For each field a body with nothing but that field, of a kind it cannot be."""
    for name in properties_of(document, operation):
        wrong: tuple[Any, ...] = ({"a": {"b": []}}, [[{}]], "\0", 1e308, -(2**70), "x" * 200_000)
        for value in wrong:
            yield {name: value}


NO_MOMENTS = ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:60Z", "1e308", "-1", "0")


async def test_moments_that_utc_has_not_are_refused_in_every_field_of_time(stack: Stack, served: Served) -> None:
    person, other = await stack.people(2)
    document = await stack.ok(served, "GET", "/v1/openapi.json")
    paths = [
        (method, path.replace("nobody-here", other.username), one)
        for method, path, one in with_bodies(await operations(stack, served))
    ]
    fields = [
        (method, path, name)
        for method, path, operation in paths
        for name, field in properties_of(document, operation).items()
        if '"date-time"' in json.dumps(field)
    ]
    assert ("PUT", f"/v1/profiles/{other.username}/mute", "until") in fields
    for method, path, name in fields:
        for moment in NO_MOMENTS:
            problem = await refused(stack, served, method, path, moment, person, json={name: moment})
            assert problem["status"] == 422, (path, moment, problem)


async def test_parameters_of_a_wrong_kind_are_malformed_in_every_operation(stack: Stack, served: Served) -> None:
    (person,) = await stack.people(1)
    for method, path, operation in await operations(stack, served):
        if not path.startswith("/v1/") or "200" not in operation["responses"] or path.endswith(("realtime", "json")):
            continue
        names = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter["in"] == "query"}
        queries = ["no_such_parameter=1"] if method in {"GET", "DELETE"} and person_may(operation) else []
        if "limit" in names:
            queries += [
                "limit=0",
                "limit=101",
                "limit=many",
                "limit=1&limit=2",
                "limit=%00",
                "limit=99999999999999999999",
            ]
        if "cursor" in names:
            queries += ["cursor=", "cursor=x", "cursor=" + "A" * 5000, "cursor=%ff%fe", "cursor=eyJhIjoxfQ.AAAA"]
        for query in queries:
            problem = await refused(stack, served, method, f"{path}?{query[:300]}", "query", person)
            assert problem["status"] in {400, 404}, (path, query, problem)
    for bad in ("not-a-uuid", "%00", "%ff", "1" * 300, "00000000-0000-0000-0000-00000000000g"):
        await refused(stack, served, "PUT", f"/v1/posts/{bad}/like", bad, person)
        await refused(stack, served, "GET", f"/v1/posts/{bad}", bad, person)
        await refused(stack, served, "GET", f"/v1/profiles/{bad}", bad, None)


def person_may(operation: Mapping[str, Any]) -> bool:
    """Whether the operation asks a message: what the edge answers by itself reads no query."""
    return "401" in operation["responses"] or "404" in operation["responses"]


async def test_a_body_of_ten_megabytes_is_too_large_in_every_operation(stack: Stack, served: Served) -> None:
    (person,) = await stack.people(1)
    for method, path, _ in with_bodies(await operations(stack, served))[::4]:
        try:
            problem = await refused(stack, served, method, path, "10 MB", person, data=TEN_MEGABYTES, headers=JSON)
        except aiohttp.ClientConnectionError:
            continue  # it was told before all was sent, and hung up: a client that is still sending may miss why
        assert problem["status"] == 413, (path, problem)
    # One that says so beforehand, and waits, is always told.
    headers = JSON | {"Expect": "100-continue"}
    problem = await refused(stack, served, "POST", "/v1/posts", "10 MB", person, data=TEN_MEGABYTES, headers=headers)
    assert problem["status"] == 413
    assert (await stack.ask(served, "GET", "/healthz"))[0] == 200


LONG = b"x" * 20_000
NO_HTTP = {
    "a long address": (414, "uri_too_long", b"GET /v1/feed?cursor=" + LONG + b" HTTP/1.1\r\nHost: a\r\n\r\n"),
    "a long header": (431, "headers_too_large", b"GET /v1/feed HTTP/1.1\r\nHost: a\r\nCookie: " + LONG + b"\r\n\r\n"),
    "no length": (400, "malformed", b"GET /v1/feed HTTP/1.1\r\nHost: a\r\nContent-Length: many\r\n\r\n"),
    "no version": (400, "malformed", b"GET /v1/feed HTTP/7\r\n\r\n"),
    "no HTTP": (400, "malformed", b"\x16\x03\x01 this is no HTTP\r\n\r\n"),
}


async def test_what_is_no_http_is_answered_by_a_problem(stack: Stack, served: Served) -> None:
    for why, (meant, code, sent) in NO_HTTP.items():
        wire = await connect(served.url)
        status, body = await wire.ask(sent)
        assert status == meant, (why, body)
        assert b"content-type: application/problem+json" in wire.head, (why, wire.head)
        assert json.loads(body)["code"] == code, (why, body)
    assert (await stack.ask(served, "GET", "/healthz"))[0] == 200
