"""The facts auth announces."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from actors.auth.people import Plan, Role
from actors.kernel.message import Event, Live, View


class UserRegistered(Event, key="user_id"):
    """An account was opened."""

    user_id: UUID
    username: str


class EndReason(StrEnum):
    """Why a session ended before its time."""

    loggedOut = "loggedOut"  # noqa: N815  the wire's spelling
    revoked = "revoked"
    passwordChanged = "passwordChanged"  # noqa: N815  as above
    suspended = "suspended"
    closed = "closed"
    reused = "reused"


class SessionEnded(View):
    """What a person's other devices see of it."""

    session_id: UUID
    reason: EndReason


class SessionRevoked(Event, key="session_id"):
    """A session ended; its tokens are worth nothing from here on."""

    session_id: UUID
    user_id: UUID
    reason: EndReason = EndReason.loggedOut

    def live(self) -> Live:
        return Live(
            topics=(f"user:{self.user_id}",),
            type="session.revoked",
            data=SessionEnded(session_id=self.session_id, reason=self.reason),
        )


class Standing(View):
    """What somebody is allowed to be, whatever their tokens say. Of two the one with the later `changed_at` holds.

    `suspended_until` is the year 9999 where only somebody can lift it; one in the past suspends no more.
    """

    user_id: UUID
    role: Role
    plan: Plan
    suspended_until: datetime | None
    closing: bool
    changed_at: datetime


class StandingChanged(Event, key="user_id"):
    """Somebody's role, plan or suspension changed, or they close their account or came back."""

    user_id: UUID
    role: Role
    plan: Plan
    suspended_until: datetime | None
    closing: bool
    changed_at: datetime

    def live(self) -> Live:
        standing = Standing(**{field: getattr(self, field) for field in Standing.model_fields})
        return Live(topics=(f"user:{self.user_id}",), type="standing.changed", data=standing)
