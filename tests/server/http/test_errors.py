"""Every error of every path has one shape."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientResponse

from server.http.errors import codes
from tests.server.http.conftest import Client, SignIn


async def _problem(response: ClientResponse, status: int, code: str) -> dict[str, Any]:
    assert response.status == status
    assert response.content_type == "application/problem+json"
    problem: dict[str, Any] = await response.json(content_type=None)
    assert set(problem) >= {"type", "title", "status", "detail", "code", "request_id"}
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["request_id"] == response.headers["X-Request-ID"]
    assert problem["type"] == f"/docs#{code}"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    return problem


async def test_an_unknown_path_is_not_found(client: Client) -> None:
    for path in ("/nothing", "/v2", "/v1/nothing/here", "/v1/toys/"):
        async with client.get(path) as response:
            await _problem(response, 404, "not_found")


@pytest.mark.parametrize("method", ["POST", "OPTIONS", "TRACE", "PROPFIND"])
async def test_an_unknown_method_on_a_known_path_is_told_the_known_ones(client: Client, method: str) -> None:
    async with client.request(method, "/v1/other-toys") as response:
        await _problem(response, 405, "method_not_allowed")
        assert response.headers["Allow"] == "GET,HEAD"


async def test_a_refusal_of_a_domain_shows_with_its_own_code(client: Client, bearer: SignIn) -> None:
    async with client.post("/v1/toys", json={"name": "one too many"}, headers=bearer()) as response:
        problem = await _problem(response, 409, "too_many_toys")
        assert problem["detail"] == "There is no room for another toy."
    async with client.get("/v1/toys/lost") as response:
        await _problem(response, 404, "not_found")


async def test_who_is_busy_says_when_to_come_back(client: Client) -> None:
    async with client.get("/v1/broken/busy") as response:
        await _problem(response, 503, "busy")
        assert response.headers["Retry-After"] == "1"


async def test_what_breaks_tells_nothing_of_how(client: Client) -> None:
    async with client.get("/v1/broken/detail-nobody-may-see") as response:
        await _problem(response, 500, "internal")
        assert "nobody-may-see" not in await response.text()
        assert "RuntimeError" not in await response.text()


async def test_a_client_that_hangs_up_in_its_body_harms_nobody(client: Client, bearer: SignIn) -> None:
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    token = bearer()["Authorization"]
    head = f"POST /v1/toys HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: application/json\r\n"
    writer.write(f'{head}Content-Length: 500\r\n\r\n{{"name":'.encode())
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    del reader
    async with client.get("/v1/toys/kite") as response:
        assert response.status == 200


async def test_a_sane_request_id_is_taken_and_a_strange_one_is_not(client: Client) -> None:
    async with client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-1"}) as response:
        assert response.headers["X-Request-ID"] == "from-the-proxy-1"
    async with client.get("/healthz", headers={"X-Request-ID": 'a"b' * 40}) as response:
        assert response.headers["X-Request-ID"] != 'a"b' * 40


def test_every_code_is_listed_once_with_its_status() -> None:
    listed = {code.code: code for code in codes()}
    assert len(listed) == len(codes())
    assert listed["csrf_failed"].status == listed["role_required"].status == 403
    assert listed["rate_limited"].status == 429
    assert listed["idempotency_key_reused"].status == 422
    assert listed["too_many_toys"].meaning == "There is no room for another toy."
