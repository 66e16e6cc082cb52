"""Following, and the questions about who does."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from actors.auth.names import username_key
from actors.auth.people import UnknownUser
from actors.graph import queries
from actors.graph.events import Followed, Unfollowed
from actors.graph.messages import (
    CannotFollowYourself,
    FolloweesAmong,
    FollowersAmong,
    FollowState,
    Relationship,
    Relationships,
    RelationshipsFound,
    SetFollow,
    UsersFound,
)
from actors.graph.queries import Pair
from actors.kernel.actor import Actor, on
from actors.kernel.errors import Refusal


class GraphActor(Actor, domain="graph", lanes=8):
    """Keeps who follows whom."""

    @on(SetFollow, batch=256)
    async def set_follows(self, wishes: Sequence[SetFollow]) -> Sequence[FollowState | Refusal]:
        async with self.transaction() as tx:
            callers = {wish.caller.id for wish in wishes}
            people, by_key = await queries.lock_people(tx, callers, {username_key(w.username) for w in wishes})
            states: list[FollowState | Refusal] = []
            wanted: dict[Pair, bool] = {}
            for wish in wishes:
                followee = by_key.get(username_key(wish.username))
                if followee is None or wish.caller.id not in people:
                    states.append(UnknownUser())
                elif followee == wish.caller.id:
                    states.append(CannotFollowYourself())
                else:
                    # Of several wishes about one pair the last one counts, and only it is a fact.
                    wanted[wish.caller.id, followee] = wish.following
                    states.append(FollowState(following=wish.following))
            begun = await queries.add(tx, [pair for pair, following in wanted.items() if following])
            ended = await queries.remove(tx, [pair for pair, following in wanted.items() if not following])
            tx.emit(*(Followed(follower_id=follower, followee_id=followee) for follower, followee in begun))
            tx.emit(*(Unfollowed(follower_id=follower, followee_id=followee) for follower, followee in ended))
            return tx.answers(states)

    @on(FollowersAmong, batch=50)
    async def followers_among(self, questions: Sequence[FollowersAmong]) -> Sequence[UsersFound]:
        people = {user for question in questions for user in question.user_ids}
        so = await queries.between(self.read, people, {question.author_id for question in questions})
        return [
            UsersFound(user_ids=tuple({user for user in question.user_ids if (user, question.author_id) in so}))
            for question in questions
        ]

    @on(FolloweesAmong, batch=50)
    async def followees_among(self, questions: Sequence[FolloweesAmong]) -> Sequence[UsersFound]:
        authors = {author for question in questions for author in question.author_ids}
        so = await queries.between(self.read, {question.user_id for question in questions}, authors)
        return [
            UsersFound(user_ids=tuple({author for author in question.author_ids if (question.user_id, author) in so}))
            for question in questions
        ]

    @on(Relationships, batch=50)
    async def relationships(self, questions: Sequence[Relationships]) -> Sequence[RelationshipsFound]:
        pairs = {pair for question in questions for them in question.ids for pair in _both(question.caller.id, them)}
        so = await queries.existing(self.read, pairs)
        return [
            RelationshipsFound(items=tuple(_relationship(question.caller.id, them, so) for them in question.ids))
            for question in questions
        ]


def _both(one: UUID, other: UUID) -> Iterable[Pair]:
    return (one, other), (other, one)


def _relationship(me: UUID, them: UUID, so: frozenset[Pair]) -> Relationship:
    return Relationship(id=them, following=(me, them) in so, followed_by=(them, me) in so)


ACTOR = GraphActor
