"""How people stand to each other while a batch of wishes is applied: read once, changed in memory, written once."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple
from uuid import UUID

from actors.auth.people import UnknownUser
from actors.graph.messages import (
    CannotBlockYourself,
    CannotFollowYourself,
    CannotMuteYourself,
    FollowState,
    Relationship,
    TooManyBlocked,
    TooManyFollowed,
    TooManyMuted,
)
from actors.kernel.errors import Refusal

Pair = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Side:
    """How one person stands to another. `is_private`: the other shows their work to followers alone."""

    following: bool = False
    requested: bool = False
    blocking: bool = False
    muting: bool = False
    muted_until: datetime | None = None
    is_private: bool = False


STRANGER = Side()


class Changes(NamedTuple):
    """What became different, each as pairs of who and whom, ordered. `sight_ended`: an author and a viewer."""

    followed: list[Pair]
    unfollowed: list[Pair]
    requested: list[Pair]
    unrequested: list[Pair]
    blocked: list[Pair]
    unblocked: list[Pair]
    muted: list[tuple[UUID, UUID, datetime | None]]
    unmuted: list[Pair]
    sight_ended: list[Pair]


class Ties:
    """The sides of locked people to each other. `present` are those whose accounts show at all, `room` how much more
    somebody may have of what is applied."""

    def __init__(
        self, sides: Mapping[Pair, Side], present: Iterable[UUID], room: Mapping[UUID, int] = MappingProxyType({})
    ) -> None:
        self._was = sides
        self._is = dict(sides)
        self._present = frozenset(present)
        self._room = Counter(room)

    def follow(self, me: UUID, them: UUID) -> FollowState | Refusal:
        """Follow, or ask a private account to."""
        if me == them:
            return CannotFollowYourself()
        if self._is_hidden(me, them):
            return UnknownUser()
        side = self._side(me, them)
        if not side.following:
            if not side.requested and not self._take_room(me):
                return TooManyFollowed()
            self._change(me, them, following=not side.is_private, requested=side.is_private)
        return self.state(me, them)

    def unfollow(self, me: UUID, them: UUID) -> FollowState | Refusal:
        """Follow no longer, ask no longer."""
        if me == them:
            return CannotFollowYourself()
        side = self._side(me, them)
        self._room[me] += side.following or side.requested
        self._change(me, them, following=False, requested=False)
        return self.state(me, them)

    def block(self, me: UUID, them: UUID, *, blocking: bool) -> FollowState | Refusal:
        """Block, which ends what there is between the two, or block no longer."""
        if me == them:
            return CannotBlockYourself()
        was = self._side(me, them).blocking
        if blocking and not was and not self._take_room(me):
            return TooManyBlocked()
        self._room[me] += was and not blocking
        self._change(me, them, blocking=blocking)
        if blocking:
            for pair in ((me, them), (them, me)):
                self._change(*pair, following=False, requested=False)
        return self.state(me, them)

    def mute(self, me: UUID, them: UUID, until: datetime | None) -> FollowState | Refusal:
        """Mute until then, or for good."""
        if me == them:
            return CannotMuteYourself()
        if self._is_hidden(me, them):
            return UnknownUser()
        if not self._side(me, them).muting and not self._take_room(me):
            return TooManyMuted()
        self._change(me, them, muting=True, muted_until=until)
        return self.state(me, them)

    def unmute(self, me: UUID, them: UUID) -> FollowState | Refusal:
        """Mute no longer."""
        if me == them:
            return CannotMuteYourself()
        self._change(me, them, muting=False, muted_until=None)
        return self.state(me, them)

    def remove_follower(self, me: UUID, them: UUID) -> None:
        """They follow no longer."""
        self._change(them, me, following=False)

    def answer(self, requester: UUID, me: UUID, *, accepted: bool) -> bool:
        """Let somebody who asked follow, or not. False: they do not ask any more."""
        if not self._side(requester, me).requested:
            return False
        self._change(requester, me, following=accepted, requested=False)
        return True

    def is_private(self, me: UUID, them: UUID) -> bool:
        """Whether they show their work to followers alone."""
        return self._side(me, them).is_private

    def state(self, me: UUID, them: UUID) -> FollowState:
        """How I stand to them now."""
        side = self._side(me, them)
        return FollowState(
            following=side.following, requested=side.requested, blocking=side.blocking, muting=side.muting
        )

    def relationship(self, me: UUID, them: UUID) -> Relationship:
        """How we stand to each other now."""
        return Relationship(id=them, followed_by=self._side(them, me).following, **self.state(me, them).model_dump())

    def changes(self) -> Changes:
        """What is different from how it was."""
        changes = Changes([], [], [], [], [], [], [], [], [])
        for pair in sorted(self._is):
            was, now = self._was[pair], self._is[pair]
            if now.following != was.following:
                (changes.followed if now.following else changes.unfollowed).append(pair)
            if now.requested != was.requested:
                (changes.requested if now.requested else changes.unrequested).append(pair)
            if now.blocking != was.blocking:
                (changes.blocked if now.blocking else changes.unblocked).append(pair)
            if (now.muting, now.muted_until) != (was.muting, was.muted_until):
                if now.muting:
                    changes.muted.append((*pair, now.muted_until))
                else:
                    changes.unmuted.append(pair)
            if now.blocking and not was.blocking:
                changes.sight_ended.extend((pair, pair[::-1]))
            elif was.following and not now.following and now.is_private:
                changes.sight_ended.append(pair[::-1])
        return changes

    def _side(self, me: UUID, them: UUID) -> Side:
        return self._is.get((me, them), STRANGER)

    def _is_hidden(self, me: UUID, them: UUID) -> bool:
        return them not in self._present or self._side(me, them).blocking or self._side(them, me).blocking

    def _take_room(self, me: UUID) -> bool:
        """Room for one more is taken. False: there is none."""
        has_room = self._room[me] > 0
        self._room[me] -= has_room
        return has_room

    def _change(self, me: UUID, them: UUID, **fields: bool | datetime | None) -> None:
        self._is[me, them] = replace(self._is[me, them], **fields)  # type: ignore[arg-type]  # fields of Side


def both_ways(pairs: Iterable[Pair]) -> list[Pair]:
    """Each pair and its reverse, once."""
    return list(dict.fromkeys(way for pair in pairs for way in (pair, pair[::-1])))
