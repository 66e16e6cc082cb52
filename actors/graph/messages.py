"""What graph may be asked, and what it answers."""

from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import Field

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
    """How the caller now stands to somebody."""

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


class UsersFound(View):
    """Those among the people asked about to whom it applies, in no order."""

    user_ids: tuple[UUID, ...]


class CannotFollowYourself(Conflict):
    """You cannot follow yourself."""

    code = "cannot_follow_yourself"


class SetFollow(Command[FollowState], key="username"):
    """Follow or unfollow somebody. Doing it again changes nothing.

    Raises `UnknownUser` and `CannotFollowYourself`.
    """

    caller: Trusted[Caller]
    username: UsernameOf
    following: bool

    @property
    def key(self) -> str:
        return username_key(self.username)


class FollowersAmong(Query[UsersFound]):
    """Which of these people follow the author."""

    author_id: UUID
    user_ids: tuple[UUID, ...]


class FolloweesAmong(Query[UsersFound]):
    """Which of these authors the person follows."""

    user_id: UUID
    author_ids: tuple[UUID, ...]


class Relationships(Query[RelationshipsFound]):
    """How the caller stands to up to 100 people, in one question."""

    caller: Trusted[Caller]
    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]
