"""Signing up, in and out, and what proves who somebody is."""

from collections.abc import Mapping
from uuid import uuid4

import pyotp

from tests.attacks.calls.making import about, plain, telling
from tests.attacks.people import PASSWORD, Person, ok
from tests.attacks.world import Call, Maker, World

OTHER_PASSWORD = "amber herons 47 kites"


async def _register(_: World, __: Person, ___: Person | None) -> Call:
    name = f"new_{uuid4().hex[:12]}"
    return Call(json={"username": name, "email": f"{name}@example.org", "password": PASSWORD})


async def _login(_: World, owner: Person, __: Person | None) -> Call:
    return Call(json={"login": owner.username, "password": PASSWORD})


async def _refresh(_: World, owner: Person, __: Person | None) -> Call:
    return Call(json={"refresh_token": owner.refresh})


async def _confirm_totp(world: World, _: Person, caller: Person | None) -> Call:
    """The code of the app the caller has just set up."""
    offered = await ok(world.client, "POST", "/v1/auth/totp", caller or await world.person())
    return Call(json={"code": pyotp.TOTP(offered["secret"]).now()})


async def _forgot(_: World, owner: Person, __: Person | None) -> Call:
    return Call(json={"email": f"{owner.username}@example.org"})


async def _new_address(_: World, __: Person, ___: Person | None) -> Call:
    return Call(json={"email": f"{uuid4().hex}@example.org", "password": PASSWORD})


async def _export(world: World, _: Person, caller: Person | None) -> Call:
    """Of what the caller has asked for."""
    await ok(world.client, "POST", "/v1/auth/me/export", caller or await world.person())
    return Call()


CALLS: Mapping[str, Maker] = {
    "POST /v1/auth/register": _register,
    "POST /v1/auth/login": _login,
    "POST /v1/auth/refresh": _refresh,
    "POST /v1/auth/logout": plain(),
    "GET /v1/auth/me": plain(),
    "GET /v1/auth/sessions": plain(),
    "DELETE /v1/auth/sessions": plain(),
    "DELETE /v1/auth/sessions/{id}": about("id", "session"),
    "PUT /v1/auth/password": plain(current=PASSWORD, password=OTHER_PASSWORD),
    "POST /v1/auth/totp": plain(),
    "POST /v1/auth/totp/confirm": _confirm_totp,
    "POST /v1/auth/totp/remove": plain(password=PASSWORD),
    "POST /v1/auth/password/forgot": _forgot,
    "POST /v1/auth/password/reset": telling("token", "reset_token", password=OTHER_PASSWORD),
    "POST /v1/auth/email/verify": telling("token", "verify_token"),
    "POST /v1/auth/email/resend": plain(),
    "PUT /v1/auth/email": _new_address,
    "POST /v1/auth/me/delete": plain(password=PASSWORD),
    "POST /v1/auth/me/export": plain(),
    "GET /v1/auth/me/export": _export,
}
