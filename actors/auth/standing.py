"""What people may be, and for how long: roles, suspensions, the end of an account, and what older tokens are worth."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, StringConstraints

from actors.auth.credentials import GivenPassword, NewPassword
from actors.auth.names import Email, Username, UsernameOf
from actors.auth.people import Account, Caller, Plan, Role
from actors.kernel.errors import Conflict, Forbidden
from actors.kernel.message import Command, Query, Trusted, View

CLOSING_GRACE = timedelta(days=30)
"""How long a closed account may come back by signing in."""

RECENT = timedelta(minutes=11)
"""An access token lives ten minutes; what says that it is worth nothing is asked for a little longer."""

LONGEST_COMMIT = timedelta(seconds=30)
"""What changed at a moment can be read so long afterwards at the latest: statements and pauses are cut off before."""


class EndReason(StrEnum):
    """Why a session ended before its time."""

    loggedOut = "loggedOut"  # noqa: N815  the wire's spelling
    revoked = "revoked"
    passwordChanged = "passwordChanged"  # noqa: N815  as above
    suspended = "suspended"
    closed = "closed"
    reused = "reused"


class Standing(View):
    """What somebody may be now, whatever their tokens say. Of two the one with the later `changed_at` holds.

    It holds over newer tokens, too: one may have been made from what was read just before. `suspended_until` is in the
    year 9999 where only somebody can lift it; one in the past suspends no more.
    """

    user_id: UUID
    role: Role
    plan: Plan
    suspended_until: datetime | None
    closing: bool
    changed_at: datetime


class RevokedSession(View):
    """A session that ended, and whose it was."""

    session_id: UUID
    user_id: UUID


class RevocationsFound(View):
    """What access tokens that are still alive may be wrong about, by PostgreSQL's clock at `as_of`."""

    as_of: datetime
    sessions: tuple[RevokedSession, ...]
    standings: tuple[Standing, ...]


class RecentRevocations(Query[RevocationsFound]):
    """Every session that ended and every standing that changed within the life of an access token, or since the answer
    of then, the `as_of` of which is given; what was on its way to its commit at that moment is told in both.

    A suspension or a closing ends its sessions in the same commit, so older ones have no token left.
    """

    since: datetime | None = None


class EmailUnverified(Forbidden):
    """Verify your e-mail address first."""

    code = "email_unverified"


class BecomeCreator(Command[Account], key="caller"):
    """Become a creator, at once and for all my sessions. Raises `EmailUnverified`."""

    caller: Trusted[Caller]


class CreateAdmin(Command[Account], key="username"):
    """Open an account with the role admin, its address taken as verified.

    Raises `UsernameTaken`, and `EmailTaken` when another account has verified the address.
    """

    username: Username
    email: Email
    password: NewPassword


class AccountOf(Query[Account]):
    """The account of that name, for tools on our own machine. Raises `UnknownUser`."""

    username: UsernameOf


class SetRole(Command[None], key="user_id", essential=True):
    """Give somebody a role. Raises `UnknownUser`."""

    user_id: UUID
    role: Role


Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]


class Suspend(Command[None], key="user_id", essential=True):
    """Suspend somebody until then, or until it is lifted; every session ends. `reason` is what they are told.

    Raises `UnknownUser`.
    """

    user_id: UUID
    until: AwareDatetime | None
    reason: Reason


class LiftSuspension(Command[None], key="user_id", essential=True):
    """Let somebody in again. Raises `UnknownUser`."""

    user_id: UUID


class CloseAccount(Command[None], key="caller", essential=True):
    """Close my account: it shows nowhere, every session ends, and after 30 days it may be erased.

    Signing in meanwhile brings it back. Raises `WrongPassword`.
    """

    caller: Trusted[Caller]
    password: GivenPassword


class NotClosing(Conflict):
    """This account is not being closed, or its 30 days are not over."""

    code = "not_closing"


class EraseAccount(Command[None], key="user_id"):
    """Forget address, password and sessions of an account whose 30 days are over; its name stays taken.

    Repeating it does nothing. Raises `NotClosing`, also for one that came back meanwhile, and `UnknownUser`.
    """

    user_id: UUID
