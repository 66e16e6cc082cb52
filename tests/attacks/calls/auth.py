"""Signing up, in and out."""

from collections.abc import Mapping
from uuid import uuid4

from tests.attacks.calls.making import plain
from tests.attacks.people import PASSWORD, Person
from tests.attacks.world import Call, Maker, World


async def _register(_: World, __: Person, ___: Person | None) -> Call:
    name = f"new_{uuid4().hex[:12]}"
    return Call(json={"username": name, "email": f"{name}@example.org", "password": PASSWORD})


async def _login(_: World, owner: Person, __: Person | None) -> Call:
    return Call(json={"login": owner.username, "password": PASSWORD})


async def _refresh(_: World, owner: Person, __: Person | None) -> Call:
    return Call(json={"refresh_token": owner.refresh})


CALLS: Mapping[str, Maker] = {
    "POST /v1/auth/register": _register,
    "POST /v1/auth/login": _login,
    "POST /v1/auth/refresh": _refresh,
    "POST /v1/auth/logout": plain(),
    "GET /v1/auth/me": plain(),
}
