"""The facts auth announces."""

from uuid import UUID

from actors.kernel.message import Event, Live, View


class UserRegistered(Event, key="user_id"):
    """An account was opened."""

    user_id: UUID
    username: str


class SessionEnded(View):
    """What a person's other devices see of it."""

    session_id: UUID


class SessionRevoked(Event, key="session_id"):
    """A session ended; its tokens are worth nothing from here on."""

    session_id: UUID
    user_id: UUID

    def live(self) -> Live:
        return Live(
            topics=(f"user:{self.user_id}",),
            type="session.revoked",
            data=SessionEnded(session_id=self.session_id),
        )
