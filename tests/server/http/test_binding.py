"""What a request may say, and what becomes of one that says it wrongly."""

import time
import zlib
from typing import Any
from uuid import uuid4

import pytest
from yarl import URL

from tests.server.http.conftest import Client, SignIn


async def _post(client: Client, bearer: SignIn, body: bytes, **headers: str) -> tuple[int, dict[str, Any]]:
    sent = {"Content-Type": "application/json", **bearer(), **headers}
    async with client.post("/v1/toys", data=body, headers=sent) as response:
        return response.status, await response.json(content_type=None)


def _fields(problem: dict[str, Any]) -> set[tuple[str, str]]:
    return {(error["field"], error["code"]) for error in problem["errors"]}


async def test_a_body_becomes_its_message(client: Client, bearer: SignIn) -> None:
    status, toy = await _post(
        client,
        bearer,
        b'{"name":"kite","pieces":3,"at":"2026-01-01T00:00:00Z","box":"018f0000-0000-7000-8000-000000000000",'
        b'"parts":[{"label":"tail"}]}',
    )
    assert (status, toy["name"], toy["pieces"]) == (201, "kite", 3)


async def test_all_wrong_fields_are_named_at_once(client: Client, bearer: SignIn) -> None:
    status, problem = await _post(
        client, bearer, b'{"name":"","pieces":"5","painted":1,"colour":"red","parts":[{"label":1,"x":2}]}'
    )
    assert status == 422
    assert problem["code"] == "invalid"
    assert _fields(problem) == {
        ("name", "string_too_short"),
        ("pieces", "int_type"),
        ("painted", "bool_type"),
        ("colour", "unknown_field"),
        ("parts.0.label", "string_type"),
        ("parts.0.x", "unknown_field"),
    }


async def test_a_rule_over_several_fields_is_a_422(client: Client, bearer: SignIn) -> None:
    status, problem = await _post(client, bearer, b'{"name":"kite","pieces":0,"painted":true}')
    assert status == 422
    assert problem["errors"] == [{"field": "", "code": "value_error", "message": "there is nothing to paint"}]


@pytest.mark.parametrize("field", ["caller", "after", "client_address"])
async def test_a_body_cannot_name_what_only_the_edge_may_say(client: Client, bearer: SignIn, field: str) -> None:
    body = f'{{"name":"kite","{field}":{{"id":"{uuid4()}","role":"admin"}}}}'.encode()
    status, problem = await _post(client, bearer, body)
    assert status == 422
    assert _fields(problem) == {(field, "unknown_field")}


async def test_a_query_cannot_name_what_only_the_edge_may_say(client: Client) -> None:
    async with client.get("/v1/toys/kite?caller=admin") as response:
        assert response.status == 400
        assert _fields(await response.json()) == {("caller", "unknown_parameter")}


async def test_beside_a_body_no_query_is_taken(client: Client, bearer: SignIn) -> None:
    for method, path in (("POST", "/v1/toys?name=kite"), ("PUT", "/v1/toys/kite/lend?x=")):
        async with client.request(method, path, json={"name": "kite"}, headers=bearer()) as response:
            assert response.status == 400
            assert {code for _, code in _fields(await response.json())} == {"unknown_parameter"}


async def test_a_body_cannot_name_what_the_path_or_the_route_decides(client: Client, bearer: SignIn) -> None:
    async with client.put("/v1/toys/kite/lend", json={"name": "ball", "lent": False}, headers=bearer()) as response:
        assert response.status == 422
        assert _fields(await response.json()) == {("name", "unknown_field"), ("lent", "unknown_field")}


@pytest.mark.parametrize(
    "body",
    [b"{", b'{"name":"a"', b"\xff\xfe{}", b'{"name":"\xc3\x28"}', b'{"name":"\\ud800"}', b'{"a":NaN}', b"[" * 2000]
    + [b'{"name":"kite","parts":' + b"[" * depth + b"]" * depth + b"}" for depth in (300, 900)],
)
async def test_what_is_no_json_or_no_utf8_is_malformed(client: Client, bearer: SignIn, body: bytes) -> None:
    status, problem = await _post(client, bearer, body)
    assert (status, problem["code"]) == (400, "malformed")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b'"text"'])
async def test_json_that_is_no_object_is_invalid(client: Client, bearer: SignIn, body: bytes) -> None:
    status, problem = await _post(client, bearer, body)
    assert (status, problem["code"]) == (422, "invalid")


@pytest.mark.parametrize("body", [b'{"name":"a\\u0000b"}', b'{"name":"a","parts":[{"label":"\\u0000"}]}'])
async def test_text_with_a_nul_character_is_refused(client: Client, bearer: SignIn, body: bytes) -> None:
    status, problem = await _post(client, bearer, body)
    assert status == 422
    assert {code for _, code in _fields(problem)} == {"nul_character"}


async def test_an_escaped_backslash_before_u0000_is_no_nul_character(client: Client, bearer: SignIn) -> None:
    status, toy = await _post(client, bearer, rb'{"name":"a\\u0000b"}')
    assert (status, toy["name"]) == (201, r"a\u0000b")


async def test_a_body_of_ten_megabytes_is_too_large(client: Client, bearer: SignIn) -> None:
    status, problem = await _post(client, bearer, b'{"name":"' + b"a" * 10_000_000 + b'"}')
    assert (status, problem["code"]) == (413, "too_large")


async def test_a_body_of_ten_megabytes_without_a_length_is_too_large(client: Client, bearer: SignIn) -> None:
    async def chunks() -> Any:
        for _ in range(160):
            yield b"a" * 65536

    headers = {"Content-Type": "application/json", **bearer()}
    async with client.post("/v1/toys", data=chunks(), headers=headers) as response:
        assert response.status == 413


async def test_a_small_body_that_unpacks_to_ten_megabytes_is_too_large(client: Client, bearer: SignIn) -> None:
    status, problem = await _post(client, bearer, zlib.compress(b" " * 10_000_000), **{"Content-Encoding": "deflate"})
    assert (status, problem["code"]) == (413, "too_large")


async def test_a_body_that_does_not_unpack_is_malformed(client: Client, bearer: SignIn) -> None:
    status, problem = await _post(client, bearer, b"not compressed", **{"Content-Encoding": "gzip"})
    assert (status, problem["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "body",
    [
        b'{"tags":[' + b",".join([b"1"] * 300_000) + b"]}",
        b'{"tags":[' + b",".join([b"[1]"] * 900) + b"]}",
        b"{" + b",".join(b'"x%d":1' % i for i in range(50_000)) + b"}",
    ],
)
async def test_a_body_full_of_wrong_values_costs_no_more_than_a_few(
    client: Client, bearer: SignIn, body: bytes
) -> None:
    began = time.process_time()
    status, problem = await _post(client, bearer, body)
    assert (status, problem["code"]) == (422, "invalid")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "image/png", "nonsense"])
async def test_a_body_that_is_not_json_by_its_type_is_unsupported(client: Client, bearer: SignIn, kind: str) -> None:
    status, problem = await _post(client, bearer, b'{"name":"kite"}', **{"Content-Type": kind})
    assert (status, problem["code"]) == (415, "unsupported_type")


async def test_a_body_may_be_absent_where_nothing_in_it_is_required(client: Client, bearer: SignIn) -> None:
    async with client.put("/v1/toys/kite/lend", headers=bearer()) as response:
        assert (response.status, (await response.json())["pieces"]) == (200, 1)
    async with client.delete("/v1/toys/kite/lend", headers=bearer()) as response:
        assert (response.status, (await response.json())["pieces"]) == (200, 0)
    async with client.post("/v1/toys/kite/lend", headers=bearer()) as response:
        assert response.status == 200
    async with client.post("/v1/toys", headers=bearer()) as response:
        assert _fields(await response.json()) == {("name", "missing")}


async def test_a_path_part_that_does_not_fit_is_malformed(client: Client, bearer: SignIn) -> None:
    async with client.delete("/v1/toys/by-id/not-an-id", headers=bearer()) as response:
        assert response.status == 400
        assert _fields(await response.json()) == {("toy_id", "uuid_parsing")}
    async with client.delete(f"/v1/toys/by-id/{uuid4()}", headers=bearer()) as response:
        assert (response.status, await response.read()) == (204, b"")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limt=5", "limt"),
        ("limit=1&limit=2", "limit"),
    ],
)
async def test_a_wrong_query_parameter_is_malformed(client: Client, query: str, field: str) -> None:
    async with client.get(f"/v1/toys?{query}") as response:
        assert response.status == 400
        assert {error["field"] for error in (await response.json())["errors"]} == {field}


@pytest.mark.parametrize("path", ["/v1/toys/a%00b", "/v1/toys/kite?big=%00", "/v1/toys/%FF%FE", "/v1/toys/%ED%A0%80"])
async def test_text_that_no_database_can_hold_is_never_a_fault_of_ours(client: Client, path: str) -> None:
    async with client.get(URL(path, encoded=True)) as response:
        assert response.status in {200, 400}
        if "%00" in path:
            assert response.status == 400
