"""The facts auth announces."""

from datetime import datetime
from uuid import UUID

from actors.auth.people import Plan, Role
from actors.auth.standing import EndReason, Standing
from actors.kernel.message import Event, Live, View


class UserRegistered(Event, key="user_id"):
    """An account was opened."""

    user_id: UUID
    username: str


class PasswordChanged(Event, key="user_id"):
    """Somebody has another password, by their own hand or by a link they were sent."""

    user_id: UUID


class AccountClosed(Event, key="user_id"):
    """Somebody closed their account; its days of grace begin."""

    user_id: UUID


class SessionEnded(View):
    """What a person's other devices see of it."""

    session_id: UUID
    reason: EndReason


class SessionRevoked(Event, key="session_id", at_once=True):
    """A session ended; its tokens are worth nothing from here on."""

    session_id: UUID
    user_id: UUID
    reason: EndReason

    def live(self) -> Live:
        return Live(
            topics=(f"user:{self.user_id}",),
            type="session.revoked",
            data=SessionEnded(session_id=self.session_id, reason=self.reason),
        )


class StandingChanged(Event, key="user_id", at_once=True):
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
