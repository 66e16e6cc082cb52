"""Profiles as people see them, out of rows as `queries` gives them."""

from typing import Any

import asyncpg

from actors.adapters.addresses import Addresses
from actors.auth.people import ENTITLEMENTS, Plan
from actors.profiles.messages import Counts, Me, ProfileView
from actors.profiles.people import avatar_at


def profile_of(row: asyncpg.Record, addresses: Addresses) -> ProfileView:
    """How somebody shows to everyone."""
    given = _made(row, addresses)
    return ProfileView(**given, **{field: row[field] for field in ProfileView.model_fields if field not in given})


def me_of(row: asyncpg.Record, addresses: Addresses) -> Me:
    """How somebody shows to themselves."""
    given = _made(row, addresses) | {"entitlements": ENTITLEMENTS[Plan(row["plan"])]}
    return Me(**given, **{field: row[field] for field in Me.model_fields if field not in given})


def _made(row: asyncpg.Record, addresses: Addresses) -> dict[str, Any]:
    counts = Counts(**{field: row[field] for field in Counts.model_fields})
    return {"counts": counts, "avatar": avatar_at(row["avatar_key"], addresses)}
