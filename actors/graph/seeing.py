"""The questions about who sees whom, as other domains and the edge ask them."""

from collections.abc import Sequence

from actors.auth.names import username_key
from actors.auth.people import UnknownUser, id_of
from actors.graph import sight_queries
from actors.graph.sight_messages import (
    AccountPrivate,
    Hidden,
    HiddenAmong,
    OpenAmong,
    OpenFound,
    PersonSeen,
    ReadersAmong,
    ReadersFound,
    SeePerson,
)
from actors.graph.sight_queries import Sight
from actors.kernel.actor import Actor, on


class Seeing(Actor):
    """Says who may be seen, met and read, by whom."""

    @on(SeePerson)
    async def see_person(self, question: SeePerson) -> PersonSeen:
        found = await sight_queries.person_named(self.read, id_of(question.caller), username_key(question.username))
        if found is None:
            raise UnknownUser
        if not found.is_seen:
            raise AccountPrivate
        return PersonSeen(id=found.id)

    @on(OpenAmong, batch=50)
    async def open_among(self, questions: Sequence[OpenAmong]) -> Sequence[OpenFound]:
        found = await sight_queries.open_among(self.read, {one for question in questions for one in question.user_ids})
        return [OpenFound(user_ids=tuple(one for one in q.user_ids if one in found)) for q in questions]

    @on(HiddenAmong, batch=20)
    async def hidden_among(self, questions: Sequence[HiddenAmong]) -> Sequence[Hidden]:
        asked = [_sights(question) for question in questions]
        hidden = await sight_queries.hidden(self.read, {sight for sights in asked for sight in sights})
        return [
            Hidden(
                unseen=frozenset(sight[:2] for sight in sights if sight.is_work and sight in hidden),
                unmet=frozenset(sight[:2] for sight in sights if not sight.is_work and sight in hidden),
            )
            for sights in asked
        ]

    @on(ReadersAmong, batch=50)
    async def readers_among(self, questions: Sequence[ReadersAmong]) -> Sequence[ReadersFound]:
        people = {user for question in questions for user in question.user_ids}
        shown = {one for question in questions for one in question.shown}
        found = await sight_queries.readers(self.read, people, shown)
        return [
            ReadersFound(items=frozenset((user, one) for user in q.user_ids for one in q.shown if (user, one) in found))
            for q in questions
        ]


def _sights(question: HiddenAmong) -> list[Sight]:
    sets = ((question.seen, True), (question.met, False))
    return [
        Sight(viewer, person, is_work)
        for people, is_work in sets
        for person in people
        for viewer in question.viewer_ids
    ]
