"""The operations there are, from the document as it is served, and how one is called."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.attacks.calls.all import CALLS
from tests.attacks.matrix.table import Row, read
from tests.attacks.people import Answer, Client, Person, Somebody, ok
from tests.attacks.world import Call, World

TABLE = Path(__file__).parent / "matrix" / "operations.txt"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
_WITH_BODY = ("POST", "PUT", "PATCH")

Document = dict[str, Any]


class Operations:
    """Every operation by its name, as `PUT /v1/posts/{post_id}/like`."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self.by_name: Mapping[str, Document] = {
            f"{method.upper()} {path}": operation
            for path, methods in document["paths"].items()
            for method, operation in methods.items()
        }

    @classmethod
    async def of(cls, client: Client) -> "Operations":
        """As the application describes them."""
        return cls(await ok(client, "GET", "/v1/openapi.json"))

    def unsafe(self) -> list[str]:
        """Those that change something."""
        return [name for name in self.by_name if name.startswith(UNSAFE)]

    def with_body(self) -> list[str]:
        """Those that a body is sent to."""
        return [name for name in self.by_name if name.startswith(_WITH_BODY)]

    def takes_cookies(self, name: str) -> bool:
        """Whether a browser's cookies show who asks."""
        return {"cookie": []} in self.by_name[name].get("security", ())

    def fields(self, name: str) -> Mapping[str, Document]:
        """The fields of its body."""
        body = self.by_name[name].get("requestBody")
        if body is None:
            return {}
        fields: Mapping[str, Document] = self._resolved(body["content"]["application/json"]["schema"])["properties"]
        return fields

    def ids(self, name: str) -> Iterator[str]:
        """What in its path, its query or its body names something of somebody's."""
        for parameter in self.by_name[name].get("parameters", ()):
            if parameter["in"] == "path" or (parameter["in"] == "query" and self._names(parameter["schema"])):
                yield parameter["name"]
        for field, schema in self.fields(name).items():
            if field in {"username", "photo_url"} or self._names(schema):
                yield field

    def _names(self, schema: Document) -> bool:
        schema = self._resolved(schema)
        parts = [*schema.get("anyOf", ()), *schema.get("properties", {}).values()]
        if isinstance(schema.get("items"), dict):
            parts.append(schema["items"])
        return schema.get("format") == "uuid" or any(self._names(part) for part in parts)

    def _resolved(self, schema: Document) -> Document:
        while "$ref" in schema:
            schema = self._document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        return schema


async def allowed(world: World, name: str) -> tuple[Person, Call]:
    """Somebody who may do it, and the request, not yet sent."""
    row = next((row for row in _rows() if row.name == name and not row.of), None)
    assert row is not None, f"{name} has no row in {TABLE.name}"
    role = next(role for role in ("owner", "user", "creator", "admin") if row.expected[role].startswith("2"))
    caller = await world.person("user" if role == "owner" else role)
    owner = caller if role == "owner" else await world.person()
    return caller, await CALLS[name](world, owner, caller)


async def send(client: Client, name: str, call: Call, who: Somebody | None = None, **options: Any) -> Answer:
    """Status and text of a request. A reply that breaks the contract has status 0."""
    method, path = name.split()
    headers = (who.headers if who else {}) | options.pop("headers", {})
    options = {"params": call.query, "json": call.json} | options
    try:
        async with client.request(method, path.format(**call.path or {}), headers=headers, **options) as response:
            answer = response.status, await response.text()
    except AssertionError as broken:
        return 0, str(broken)
    client.session.cookie_jar.clear()
    return answer


_KNOWN: list[Row] = []


def _rows() -> list[Row]:
    if not _KNOWN:
        _KNOWN.extend(read(TABLE))
    return _KNOWN
