"""What graph may be asked, and what it answers."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, Field
from pydantic_core import PydanticCustomError

from actors.auth.names import UsernameOf, username_key
from actors.auth.people import Caller
from actors.kernel.errors import Conflict
from actors.kernel.message import Command, Query, Trusted, View


class Mine(StrEnum):
    """What a person has done to something of somebody's."""

    like = "like"
    repost = "repost"
    bookmark = "bookmark"
    follow = "follow"
    block = "block"
    mute = "mute"


class MineChanged(View):
    """What a person's own devices see when one of them does something: it is so now, or no longer."""

    kind: Mine
    subject_id: UUID
    on: bool


class FollowState(View):
    """How the caller now stands to somebody. `requested`: a private account has not answered yet."""

    following: bool
    requested: bool = False
    blocking: bool = False
    muting: bool = False


class Relationship(View):
    """How the caller and somebody stand to each other."""

    id: UUID
    following: bool
    requested: bool = False
    followed_by: bool
    blocking: bool = False
    muting: bool = False


class RelationshipsFound(View):
    """One for each id asked about, in that order; a stranger's says no to everything."""

    items: tuple[Relationship, ...]


class CannotFollowYourself(Conflict):
    """You cannot follow yourself."""

    code = "cannot_follow_yourself"


class CannotBlockYourself(Conflict):
    """You cannot block yourself."""

    code = "cannot_block_yourself"


class CannotMuteYourself(Conflict):
    """You cannot mute yourself."""

    code = "cannot_mute_yourself"


MOST_FOLLOWED = 10_000
"""People whom somebody may follow or ask to."""
MOST_BLOCKED = 10_000
"""People whom somebody may block."""
MOST_MUTED = 10_000
"""People whom somebody may mute at a time."""


class TooManyFollowed(Conflict):
    """You follow as many people as can be followed: unfollow some first."""

    code = "too_many_followed"


class TooManyBlocked(Conflict):
    """You block as many people as can be blocked."""

    code = "too_many_blocked"


class TooManyMuted(Conflict):
    """You mute as many people as can be muted: hear of some again first."""

    code = "too_many_muted"


class _AboutSomebody(Command[FollowState], key="username"):
    caller: Trusted[Caller]
    username: UsernameOf

    @property
    def key(self) -> str:
        return username_key(self.username)


class SetFollow(_AboutSomebody):
    """Follow or unfollow somebody, or ask to: a private account answers first. Doing it again changes nothing.

    Raises `UnknownUser`, also for who is hidden from the caller, `CannotFollowYourself` and `TooManyFollowed`.
    """

    following: bool


class SetBlock(_AboutSomebody):
    """Block somebody or no longer: neither sees the other, and neither follows the other or asks to any more.

    Raises `UnknownUser`, `CannotBlockYourself` and `TooManyBlocked`.
    """

    blocking: bool


def _ahead(moment: datetime) -> datetime:
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("too_far", "there is no such moment in UTC") from None
    if moment <= datetime.now(UTC):
        raise PydanticCustomError("in_the_past", "this moment is over")
    return moment


class Mute(_AboutSomebody):
    """Hear nothing of somebody in feeds and notifications, until then or for good. They do not learn of it.

    Raises `UnknownUser`, also for who is hidden from the caller, `CannotMuteYourself` and `TooManyMuted`.
    """

    until: Annotated[AwareDatetime, AfterValidator(_ahead)] | None = None


class Unmute(_AboutSomebody):
    """Hear of somebody again. Raises `UnknownUser`."""


class RemoveFollower(Command[None], key="username"):
    """Let somebody follow the caller no longer. Doing it again changes nothing. Raises `UnknownUser`."""

    caller: Trusted[Caller]
    username: UsernameOf

    @property
    def key(self) -> str:
        return username_key(self.username)


class AnswerRequest(Command[Relationship], key="caller"):
    """Accept or reject a request to follow the caller. Raises `NotFound` when there is none any more."""

    caller: Trusted[Caller]
    request_id: UUID
    accepted: bool


class SetPrivacy(Command[None], key="caller"):
    """Show what the caller shows to followers alone, or to everybody: then who asked to follow does.

    Doing it again changes nothing. Raises `UnknownUser`.
    """

    caller: Trusted[Caller]
    private: bool


class Relationships(Query[RelationshipsFound]):
    """How the caller stands to up to 100 people, in one question."""

    caller: Trusted[Caller]
    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
