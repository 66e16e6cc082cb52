"""The sessions somebody has open: what is shown of them, and how they are ended."""

from datetime import datetime
from uuid import UUID

from actors.auth.people import Caller
from actors.kernel.errors import NotFound
from actors.kernel.message import Command, Trusted, View
from actors.kernel.paging import PagedQuery


class SessionView(View):
    """An open session. `device` is what the client called itself, in short; `area` its network, not an address."""

    id: UUID
    device: str
    area: str
    created_at: datetime
    last_used_at: datetime
    current: bool


class SessionNotFound(NotFound):
    """You have no such session."""

    code = "session_not_found"


class ListSessions(PagedQuery[SessionView]):
    """Where I am signed in, the latest first."""

    caller: Trusted[Caller]


class SessionsOf(PagedQuery[SessionView]):
    """Where somebody is signed in, for tools on our own machine."""

    user_id: UUID


class EndSession(Command[None], key="caller", essential=True):
    """End one of my sessions; it may be this one. Raises `SessionNotFound`, also when it has ended."""

    caller: Trusted[Caller]
    id: UUID


class EndOtherSessions(Command[None], key="caller", essential=True):
    """End all my sessions but this one."""

    caller: Trusted[Caller]


class EndSessionsOf(Command[int], key="user_id", essential=True):
    """End all of somebody's sessions, for tools on our own machine. Answers how many. Raises `UnknownUser`."""

    user_id: UUID
