"""Profiles as people see them, out of rows as `queries` gives them."""

from typing import Any

import asyncpg

from actors.auth.people import ENTITLEMENTS, Plan
from actors.profiles.messages import Counts, Me, PersonView, ProfileView


def person_of(row: asyncpg.Record) -> PersonView:
    """Somebody in a list."""
    return PersonView(**{field: row[field] for field in PersonView.model_fields})


def profile_of(row: asyncpg.Record) -> ProfileView:
    """How somebody shows to everyone."""
    own = {field: row[field] for field in ProfileView.model_fields if field != "counts"}
    return ProfileView(**own, counts=_counts(row))


def me_of(row: asyncpg.Record) -> Me:
    """How somebody shows to themselves."""
    given: dict[str, Any] = {"counts": _counts(row), "entitlements": ENTITLEMENTS[Plan(row["plan"])]}
    return Me(**given, **{field: row[field] for field in Me.model_fields if field not in given})


def _counts(row: asyncpg.Record) -> Counts:
    return Counts(**{field: row[field] for field in Counts.model_fields})
