"""Following, blocking and muting, and the questions about who stands how to whom."""

from collections.abc import Callable, Sequence
from typing import TypeVar
from uuid import UUID

from actors.accounts.events import AccountErased
from actors.auth.events import StandingChanged
from actors.auth.names import username_key
from actors.auth.people import UnknownUser
from actors.graph import leaving, queries, sight_queries
from actors.graph.changes import write
from actors.graph.events import (
    FollowRequestEnded,
    PrivacyChanged,
    SightNarrowed,
    SomeRequestsAccepted,
    SomeTiesEnded,
    Unfollowed,
)
from actors.graph.messages import (
    AnswerRequest,
    FollowState,
    Mute,
    Relationship,
    Relationships,
    RelationshipsFound,
    RemoveFollower,
    SetBlock,
    SetFollow,
    SetPrivacy,
    Unmute,
)
from actors.graph.seeing import Seeing
from actors.graph.ties import Ties, both_ways
from actors.kernel.actor import on
from actors.kernel.errors import NotFound, Refusal

AT_ONCE = 500
"""Requests accepted, or ties of somebody who is gone ended, in one transaction."""

W = TypeVar("W", SetFollow, SetBlock, Mute, Unmute, RemoveFollower)
A = TypeVar("A")


class GraphActor(Seeing, domain="graph", lanes=8):
    """Keeps how people stand to each other."""

    @on(SetFollow, batch=256)
    async def set_follows(self, wishes: Sequence[SetFollow]) -> Sequence[FollowState | Refusal]:
        def act(ties: Ties, wish: SetFollow, them: UUID) -> FollowState | Refusal:
            return (ties.follow if wish.following else ties.unfollow)(wish.caller.id, them)

        return await self._apply(wishes, act, queries.room_for_followed)

    @on(SetBlock, batch=64)
    async def set_blocks(self, wishes: Sequence[SetBlock]) -> Sequence[FollowState | Refusal]:
        def act(ties: Ties, wish: SetBlock, them: UUID) -> FollowState | Refusal:
            return ties.block(wish.caller.id, them, blocking=wish.blocking)

        return await self._apply(wishes, act, queries.room_for_blocked)

    @on(Mute, batch=64)
    async def mute(self, wishes: Sequence[Mute]) -> Sequence[FollowState | Refusal]:
        def act(ties: Ties, wish: Mute, them: UUID) -> FollowState | Refusal:
            return ties.mute(wish.caller.id, them, wish.until)

        return await self._apply(wishes, act, queries.room_for_muted)

    @on(Unmute, batch=64)
    async def unmute(self, wishes: Sequence[Unmute]) -> Sequence[FollowState | Refusal]:
        def act(ties: Ties, wish: Unmute, them: UUID) -> FollowState | Refusal:
            return ties.unmute(wish.caller.id, them)

        return await self._apply(wishes, act)

    @on(RemoveFollower, batch=64)
    async def remove_followers(self, wishes: Sequence[RemoveFollower]) -> Sequence[Refusal | None]:
        def act(ties: Ties, wish: RemoveFollower, them: UUID) -> None:
            ties.remove_follower(wish.caller.id, them)

        return await self._apply(wishes, act)

    async def _apply(
        self,
        wishes: Sequence[W],
        act: Callable[[Ties, W, UUID], A | Refusal],
        room_of: queries.RoomOf | None = None,
    ) -> Sequence[A | Refusal]:
        """Apply wishes in order, each finding what those before it did; only what is different at the end is a fact.

        `room_of` says how many more may be begun.
        """
        async with self.transaction() as tx:
            keys = {username_key(wish.username) for wish in wishes}
            people = await queries.lock_people(tx, {wish.caller.id for wish in wishes}, keys)
            found = [people.by_key.get(username_key(wish.username)) for wish in wishes]
            pairs = [
                (wish.caller.id, them)
                for wish, them in zip(wishes, found, strict=True)
                if them is not None and wish.caller.id in people.ids
            ]
            room = await room_of(tx, {wish.caller.id for wish in wishes}) if room_of else {}
            ties = Ties(await queries.sides(tx, both_ways(pairs)), people.present, room)
            answers = [
                UnknownUser() if them is None or wish.caller.id not in people.ids else act(ties, wish, them)
                for wish, them in zip(wishes, found, strict=True)
            ]
            await write(tx, ties.changes())
            return tx.answers(answers)

    @on(AnswerRequest)
    async def answer_request(self, wish: AnswerRequest) -> Relationship:
        me = wish.caller.id
        async with self.transaction() as tx:
            them = await queries.requester_of(tx, wish.request_id, me)
            people = await queries.lock_people(tx, {me, them} if them else {me})
            if them is None or not people.ids >= {me, them}:
                raise NotFound
            ties = Ties(await queries.sides(tx, both_ways([(me, them)])), people.present)
            if not ties.answer(them, me, accepted=wish.accepted):
                raise NotFound
            await write(tx, ties.changes())
            return tx.answer(ties.relationship(me, them))

    @on(SetPrivacy)
    async def set_privacy(self, wish: SetPrivacy) -> None:
        me = wish.caller.id
        async with self.transaction() as tx:
            if me not in (await queries.lock_people(tx, {me})).ids:
                raise UnknownUser
            if await queries.set_private(tx, me, private=wish.private):
                tx.emit(PrivacyChanged(user_id=me, private=wish.private))
                if wish.private:
                    tx.emit(SightNarrowed(author_id=me))
            return tx.answer(None)

    @on(PrivacyChanged)
    async def privacy_changed(self, event: PrivacyChanged) -> None:
        await self._accept_all(event.user_id)

    @on(SomeRequestsAccepted)
    async def some_requests_accepted(self, event: SomeRequestsAccepted) -> None:
        await self._accept_all(event.user_id)

    async def _accept_all(self, user_id: UUID) -> None:
        """Let in who asked to follow somebody who is public now."""
        async with self.transaction() as tx:
            asking = await queries.requesters(tx, user_id, AT_ONCE)
            people = await queries.lock_people(tx, {user_id, *asking} if asking else ())
            pairs = [(them, user_id) for them in asking if people.ids >= {them, user_id}]
            ties = Ties(await queries.sides(tx, pairs), people.present)
            for them, me in pairs:
                if not ties.is_private(them, me):
                    ties.answer(them, me, accepted=True)
            await write(tx, ties.changes())
            if len(asking) == AT_ONCE:
                tx.emit(SomeRequestsAccepted(user_id=user_id))

    @on(StandingChanged, batch=64)
    async def standing_changed(self, events: Sequence[StandingChanged]) -> None:
        async with self.transaction() as tx:
            gone = await sight_queries.absent(tx, {event.user_id for event in events})
            tx.emit(*(SightNarrowed(author_id=user_id) for user_id in sorted(gone)))

    @on(AccountErased)
    async def account_erased(self, event: AccountErased) -> None:
        await self._end_ties(event.user_id)

    @on(SomeTiesEnded)
    async def some_ties_ended(self, event: SomeTiesEnded) -> None:
        await self._end_ties(event.user_id)

    async def _end_ties(self, user_id: UUID) -> None:
        async with self.transaction() as tx:
            ended = await leaving.end_ties(tx, user_id, AT_ONCE)
            tx.emit(
                *(Unfollowed(follower_id=who, followee_id=whom) for who, whom in ended.follows),
                *(FollowRequestEnded(requester_id=who, target_id=whom) for who, whom in ended.requests),
            )
            if ended.is_part:
                tx.emit(SomeTiesEnded(user_id=user_id))

    @on(Relationships, batch=50)
    async def relationships(self, questions: Sequence[Relationships]) -> Sequence[RelationshipsFound]:
        pairs = both_ways((question.caller.id, them) for question in questions for them in question.ids)
        ties = Ties(await queries.sides(self.read, pairs), ())
        return [
            RelationshipsFound(items=tuple(ties.relationship(question.caller.id, them) for them in question.ids))
            for question in questions
        ]


ACTOR = GraphActor
