"""What people may say of themselves: names, labels and handles."""

from typing import Any

import pytest
from pydantic import ValidationError
from uuid_utils.compat import uuid7

from actors.auth.people import Caller, Plan, Role
from actors.profiles.messages import EditProfile

ANA = Caller(id=uuid7(), username="ana", role=Role.user, plan=Plan.free, session_id=uuid7())


def said(**fields: Any) -> dict[str, Any]:
    wish = EditProfile.model_validate({"caller": ANA, **fields})
    return wish.model_dump(include=set(fields), exclude_none=True)


@pytest.mark.parametrize(
    ("network", "given", "kept"),
    [
        ("instagram", "@ana.lima_", "ana.lima_"),
        ("x", " @ana_lima", "ana_lima"),
        ("bluesky", "ana.bsky.social", "ana.bsky.social"),
        ("mastodon", "@ana@photos.example", "ana@photos.example"),
        ("github", "ana-lima", "ana-lima"),
    ],
)
def test_a_handle_is_kept_without_its_at(network: str, given: str, kept: str) -> None:
    assert said(socials={network: given}) == {"socials": {network: kept}}


@pytest.mark.parametrize(
    ("network", "given"),
    [
        ("instagram", "https://instagram.com/ana"),
        ("instagram", "ana/../../evil"),
        ("instagram", ""),
        ("instagram", "x" * 31),
        ("instagram", "a" * 100_000),
        ("x", "ana.lima"),
        ("x", "ana\nlima"),
        ("bluesky", "ana"),
        ("bluesky", "ana.-bsky.social"),
        ("mastodon", "@ana"),
        ("mastodon", "ana@photos.example/@evil"),
        ("myspace", "ana"),
    ],
)
def test_what_is_no_handle_there_is_refused_by_the_name_of_its_network(network: str, given: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        said(socials={network: given})
    assert [error["loc"] for error in refusal.value.errors()] == [("socials", network)]


def test_names_stand_on_one_line_and_turn_no_other_line_round() -> None:
    assert said(display_name="  Ana \u00a0 Lima ") == {"display_name": "Ana Lima"}
    assert said(display_name="Zoë 👩‍🎨") == {"display_name": "Zoë 👩‍🎨"}
    assert said(bio=" Light.\n\nAnd dust. ") == {"bio": "Light.\n\nAnd dust."}
    for name in ("a\nb", "a\u202eb", "a\x00b", "a\u2028b", "x" * 51):
        with pytest.raises(ValidationError):
            said(display_name=name)
    for bio in ("bell\x07", "x" * 501):
        with pytest.raises(ValidationError):
            said(bio=bio)
    for label in ("", "  ", "x" * 41, "a\nb"):
        with pytest.raises(ValidationError):
            said(links=[{"label": label, "url": "https://example.org"}])
    with pytest.raises(ValidationError):
        said(links=[{"label": "one of nine", "url": "https://example.org"}] * 9)
