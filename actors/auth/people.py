"""Who people are, as every domain and the edge know them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from actors.kernel.errors import NotFound
from actors.kernel.message import View


class Role(StrEnum):
    """What somebody signed in may do; who is not signed in is a visitor and has none."""

    user = "user"
    creator = "creator"
    admin = "admin"


class Plan(StrEnum):
    """What somebody pays for."""

    free = "free"
    pro = "pro"
    studio = "studio"


class Entitlements(View):
    """What a plan gives."""

    uploads_per_day: int


ENTITLEMENTS: Mapping[Plan, Entitlements] = {
    Plan.free: Entitlements(uploads_per_day=500),
    Plan.pro: Entitlements(uploads_per_day=2_000),
    Plan.studio: Entitlements(uploads_per_day=10_000),
}


class Caller(View):
    """Who is asking: what an access token says of its bearer. As text it is the person's id: a key."""

    id: UUID
    username: str
    role: Role
    plan: Plan
    session_id: UUID

    def __str__(self) -> str:
        return str(self.id)

    def claims(self) -> dict[str, str]:
        """The claims of an access token that say who it is."""
        return {
            "sub": str(self.id),
            "name": self.username,
            "role": self.role.value,
            "plan": self.plan.value,
            "sid": str(self.session_id),
        }

    @classmethod
    def of_claims(cls, claims: Mapping[str, Any]) -> Self:
        """Who a verified token's claims say it is. Raises pydantic's `ValidationError` for others."""
        named = {"id": "sub", "username": "name", "role": "role", "plan": "plan", "session_id": "sid"}
        return cls.model_validate({field: claims.get(claim) for field, claim in named.items()})


def id_of(caller: Caller | None) -> UUID | None:
    """Whose id decides what is shown; None for a visitor."""
    return None if caller is None else caller.id


class Account(View):
    """An account, as its own owner sees it."""

    id: UUID
    username: str
    email: str
    email_verified: bool
    role: Role
    plan: Plan
    totp_enabled: bool
    created_at: datetime


class UnknownUser(NotFound):
    """There is no such person."""

    code = "user_not_found"
