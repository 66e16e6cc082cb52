"""Profiles as clients edit them."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.kernel.system import System
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers
from tests.actors.media.uploading import signed

Client = TestClient[web.Request, web.Application]


def signed_in(settings: Settings, who: Caller) -> dict[str, str]:
    return {"Authorization": f"Bearer {Tokens.of(settings).issue(who)}"}


async def edit(client: Client, headers: dict[str, str], status: int = 200, **changes: Any) -> Any:
    """What `PATCH /v1/profiles/me` answers."""
    async with client.patch("/v1/profiles/me", json=changes, headers=headers) as response:
        assert response.status == status, await response.text()
        return await response.json()


@pytest.mark.usefixtures("storage")
async def test_everything_a_profile_says_is_edited_in_one_request_and_shows_at_once(
    client: Client, system: System, settings: Settings
) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    wish: dict[str, Any] = {
        "display_name": " Ana Lima ",
        "bio": "Light.\nAnd dust.",
        "links": [{"label": "Prints", "url": "https://prints.example/ana"}],
        "socials": {"mastodon": "@ana@photos.example", "x": "ana"},
        "private": True,
    }
    edited = await edit(client, headers, **wish)
    expected = {
        "display_name": "Ana Lima",
        "bio": "Light.\nAnd dust.",
        "links": wish["links"],
        "socials": {"mastodon": "ana@photos.example", "x": "ana"},
        "private": True,
        "avatar": None,
    }
    assert {name: edited[name] for name in expected} == expected
    async with client.get("/v1/profiles/ana") as response:
        assert (await response.json())["profile"] == edited
        assert response.headers["Cache-Control"] == "public, max-age=1"
    assert (await edit(client, headers, private=False, socials=None))["socials"] == {}


@pytest.mark.usefixtures("storage")
async def test_what_cannot_be_is_refused_with_every_reason_and_changes_nothing(
    client: Client, system: System, settings: Settings
) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    wrong = {
        "display_name": "x" * 51,
        "bio": "bell\x07",
        "links": [{"label": "", "url": "javascript:alert(1)"}],
        "socials": {"x": "a b", "myspace": "ana"},
        "private": "yes",
        "avatar_upload_id": "x",
        "role": "admin",
    }
    refusal = await edit(client, headers, 422, **wrong)
    assert {error["field"].partition(".")[0] for error in refusal["errors"]} == set(wrong)
    named = {error["field"] for error in refusal["errors"]}
    assert {"links.0.label", "links.0.url", "socials.x", "socials.myspace"} <= named
    ticket = await signed(system, ana, 100)
    for upload_id, status, code in (
        (str(ticket.upload_id), 409, "upload_missing"),
        (str(uuid7()), 404, "not_found"),
    ):
        refusal = await edit(client, headers, status, bio="Changed", private=True, avatar_upload_id=upload_id)
        assert refusal["code"] == code
    async with client.get("/v1/profiles/ana") as response:
        profile = (await response.json())["profile"]
    assert (profile["bio"], profile["private"]) == ("", False)
