"""What access tokens that still live are wrong about: sessions that ended, and people who became somebody else."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

from actors.auth.people import Caller
from actors.auth.standing import RECENT, EndReason, Standing

HORIZON_SECONDS = RECENT.total_seconds()
"""So long after one heard of it no token is left that does not know."""
_SWEPT_AT = 1024


class Standings:
    """What one process has heard of it lately; the truth is in PostgreSQL.

    What the process commits itself it knows at once; of others the live log tells it as things happen, and PostgreSQL
    what the log may have lost.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._ended: dict[UUID, tuple[float, EndReason]] = {}
        self._people: dict[UUID, tuple[float, Standing]] = {}
        self._clock = clock
        self._swept_at = _SWEPT_AT

    def __len__(self) -> int:
        return len(self._ended) + len(self._people)

    def end(self, session_id: UUID, reason: EndReason = EndReason.revoked) -> bool:
        """Believe no token of that session any more. Whether that is news."""
        if session_id in self._ended:
            return False
        self._ended[session_id] = (self._clock(), reason)
        if len(self) >= self._swept_at:
            self._sweep()
        return True

    def change(self, standing: Standing) -> bool:
        """This is who somebody is now, unless a later standing of theirs is known. Whether that is news."""
        known = self._people.get(standing.user_id)
        if known is not None and known[1].changed_at >= standing.changed_at:
            return False
        self._people[standing.user_id] = (self._clock(), standing)
        if len(self) >= self._swept_at:
            self._sweep()
        return True

    def knows_of(self, caller: Caller) -> bool:
        """Whether anything about them may differ from what their token says."""
        return caller.session_id in self._ended or caller.id in self._people

    def why_ended(self, caller: Caller) -> EndReason | None:
        """Why their token is not believed; None when it is."""
        _, standing = self._people.get(caller.id, (0.0, None))
        if standing is not None and not _is_later(caller.session_id, standing.changed_at):
            if _is_suspended(standing, self._clock()):
                return EndReason.suspended
            if standing.closing:
                return EndReason.closed
        _, reason = self._ended.get(caller.session_id, (0.0, None))
        return reason

    def current(self, caller: Caller) -> Caller:
        """The same person with the role and plan they have now."""
        _, standing = self._people.get(caller.id, (0.0, None))
        if standing is None or (standing.role, standing.plan) == (caller.role, caller.plan):
            return caller
        return caller.model_copy(update={"role": standing.role, "plan": standing.plan})

    def _sweep(self) -> None:
        """Forget what no living token contradicts."""
        horizon = self._clock() - HORIZON_SECONDS
        self._ended = {session: known for session, known in self._ended.items() if known[0] > horizon}
        self._people = {user: known for user, known in self._people.items() if known[0] > horizon}
        self._swept_at = _SWEPT_AT + 2 * len(self)


def _is_later(session_id: UUID, moment: datetime) -> bool:
    """Whether a session was opened after that: somebody was let in again, which is still to be heard of here.

    What suspends or closes an account ends its sessions, each by name: nothing hangs on two clocks being the same.
    """
    return session_id.version == 7 and session_id.int >> 80 > moment.timestamp() * 1000


def _is_suspended(standing: Standing, now: float) -> bool:
    until = standing.suspended_until
    if until is None:
        return False
    return (until if until.tzinfo else until.replace(tzinfo=UTC)) > datetime.fromtimestamp(now, UTC)
