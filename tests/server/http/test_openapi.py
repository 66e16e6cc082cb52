"""The description is valid, and says what is served."""

from importlib.metadata import version
from typing import Any

import orjson
import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from server.http.openapi import Description, document
from server.keys import TABLE
from server.routes import table
from tests.server.http import toys
from tests.server.http.conftest import Client


@pytest.fixture
def described() -> dict[str, Any]:
    """The toys' description."""
    return document(toys.ROUTES, "http://127.0.0.1:8080")


def test_the_description_of_everything_served_is_valid() -> None:
    everything = document(table(), "http://127.0.0.1:8080")
    assert [str(error) for error in OpenAPIV31SpecValidator(everything).iter_errors()] == []
    operations = [operation for path in everything["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == len(table())
    assert all(operation["summary"] for operation in operations)


async def test_what_is_served_is_what_is_described(client: Client, app: web.Application) -> None:
    async with client.get("/v1/openapi.json") as response:
        assert response.status == 200
        served = await response.json()
    assert {(method.upper(), path) for path, methods in served["paths"].items() for method in methods} == {
        (route.method, route.path) for route in app[TABLE]
    }


def test_a_body_shows_only_what_a_client_may_say(described: dict[str, Any]) -> None:
    body = described["paths"]["/v1/toys"]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    assert set(schema["properties"]) == {"name", "pieces", "painted", "at", "box", "parts"}
    assert schema["required"] == ["name"]
    assert schema["additionalProperties"] is False
    assert "requestBody" not in described["paths"]["/v1/toys/{name}/lend"]["put"]
    assert "Caller" not in described["components"]["schemas"]


def test_parameters_stand_where_they_are_read(described: dict[str, Any]) -> None:
    look = described["paths"]["/v1/toys/{name}"]["get"]["parameters"]
    assert [(part["name"], part["in"], part["required"]) for part in look] == [
        ("name", "path", True),
        ("big", "query", False),
    ]
    pages = described["paths"]["/v1/toys"]["get"]["parameters"]
    assert [part["name"] for part in pages] == ["limit", "cursor"]
    assert pages[0]["schema"]["maximum"] == 100
    keyed = described["paths"]["/v1/toys"]["post"]["parameters"]
    assert [part["name"] for part in keyed] == ["Idempotency-Key"]


def test_a_page_s_next_is_text_or_null(described: dict[str, Any]) -> None:
    page = described["components"]["schemas"]["Page_Toy_"]
    assert page["properties"]["next"]["type"] == ["string", "null"]
    assert set(page["required"]) >= {"items", "next"}


def test_who_may_call_is_described(described: dict[str, Any]) -> None:
    paths = described["paths"]
    assert "security" not in paths["/v1/toys"]["get"]
    assert {} in paths["/v1/toys/{name}"]["get"]["security"]
    assert paths["/v1/toys"]["post"]["security"] == [{"bearer": []}, {"cookie": []}]
    shown = {path: (part["x-role"], part["x-plan"]) for path, methods in paths.items() for part in methods.values()}
    assert shown["/v1/workshop/{name}"] == ("creator", "free")
    assert shown["/v1/museum/{name}"] == ("user", "pro")
    assert shown["/v1/studio/{name}"] == ("creator", "studio")
    assert shown["/v1/toys/{name}"] == ("visitor", "free")
    assert paths["/v1/museum/{name}"]["get"]["security"] == [{"bearer": []}, {"cookie": []}]


def test_docstrings_are_worded_for_readers_of_the_api(described: dict[str, Any]) -> None:
    safe = described["paths"]["/v1/safe"]["post"]
    assert safe["summary"] == "Open the safe."
    assert safe["description"] == (
        "Refused with `too_many_toys`.\n\nIt takes a `password`; refused with `not_found` or `busy`."
    )
    assert safe["x-codes"] == ["too_many_toys", "not_found", "busy"]
    assert set(safe["responses"]) >= {"404", "408", "409", "503"}
    assert described["paths"]["/v1/museum/{name}"]["get"]["tags"] == ["museum"]


def test_every_description_served_speaks_of_no_class_of_ours() -> None:
    described = orjson.loads(Description(table(), "http://127.0.0.1:8080").body)
    for path, methods in described["paths"].items():
        for operation in methods.values():
            assert "`" not in operation["summary"], path
            text = operation["summary"] + operation.get("description", "")
            assert "aises" not in text, path
    assert described["paths"]["/v1/auth/me"]["get"]["tags"] == ["auth"]
    assert described["info"]["version"] == version("vitrine")


def test_errors_are_problems(described: dict[str, Any]) -> None:
    responses = described["paths"]["/v1/toys"]["post"]["responses"]
    assert set(responses) >= {"201", "400", "401", "403", "409", "413", "415", "422", "429", "500", "503"}
    for name, response in described["components"]["responses"].items():
        assert name.startswith("Problem")
        assert set(response["content"]) == {"application/problem+json"}


def test_the_document_is_made_once() -> None:
    description = Description(toys.ROUTES, "http://127.0.0.1:8080")
    assert orjson.loads(description.body)["openapi"] == "3.1.0"
    assert description.body is description.body
