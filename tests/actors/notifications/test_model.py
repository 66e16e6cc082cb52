"""Random deeds, undoings, deletions, blocks, mutes, suspensions and preferences, told twice and in any order: list,
counts and markers are those of a model that knows nothing of how it is done."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson
import pytest
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.auth.standing import LiftSuspension, Suspend
from actors.comments.messages import DeleteComment
from actors.kernel.envelope import Origin
from actors.kernel.errors import Refusal
from actors.kernel.message import Event
from actors.kernel.system import System
from actors.notifications.messages import MarkRead, MarkSeen
from actors.posts.messages import DeletePost, RestorePost
from tests.actors.auth.people import callers, fetch
from tests.actors.comments.commenting import say
from tests.actors.graph.standing import block, mute, unmute
from tests.actors.notifications.model import Model, Preferred, Told, truth
from tests.actors.notifications.telling import a_day_passes
from tests.actors.notifications.test_notifications import follow, like, mine, settle, unread
from tests.actors.notifications.test_preferences import choose
from tests.actors.posts.posting import plant

REPEATED = """
SELECT type, payload FROM outbox WHERE 'notifications' = ANY(string_to_array(targets, ' ')) ORDER BY random() LIMIT 4
"""


class World:
    """People and their posts, acted upon here and in the model."""

    def __init__(self, system: System, url: str, people: list[Caller], posts: list[UUID], rng: random.Random) -> None:
        self.system, self.url, self.people, self.posts, self.rng = system, url, people, posts, rng
        self.model = Model({one.id: Preferred() for one in people}, {}, {})
        self.heard = 0

    async def deeds(self) -> None:
        """Everybody does something at once, nobody two things to the same."""
        wishes: list[Awaitable[Any]] = []
        for one in self.people:
            likes = (like(self.system, one, post, self._perhaps()) for post in self.rng.sample(self.posts, 2))
            someone, somewhere = self.rng.choice(self.people), self.rng.choice(self.posts)
            wishes += [
                *likes,
                follow(self.system, one, someone, self._perhaps()),
                self._talk(one, somewhere, self._perhaps()),
            ]
        await asyncio.gather(*map(_unless_refused, wishes))

    def _perhaps(self) -> bool:
        return self.rng.random() < 0.6

    async def _talk(self, one: Caller, post: UUID, more: bool) -> None:
        if more:
            await say(self.system, one, post)
            return
        said = await fetch(
            self.url,
            "SELECT id FROM comments WHERE author_id = $1 AND post_id = $2 AND deleted_at IS NULL ORDER BY id LIMIT 1",
            one.id,
            post,
        )
        for row in said:
            await self.system.ask(DeleteComment(caller=one, comment_id=row["id"]))

    async def between_two(self) -> None:
        """Somebody blocks or mutes somebody, or no longer."""
        one, other = self.rng.sample(self.people, 2)
        acts: list[Callable[[], Awaitable[Any]]] = [
            lambda: block(self.system, one, other),
            lambda: block(self.system, one, other, blocking=False),
            lambda: mute(self.system, one, other),
            lambda: unmute(self.system, one, other),
        ]
        await _unless_refused(self.rng.choice(acts)())

    async def standing(self) -> None:
        """Somebody is suspended, or no longer."""
        one = self.rng.choice(self.people)
        if self.rng.random() < 0.5:
            await self.system.ask(Suspend(user_id=one.id, until=None, reason="spam"))
        else:
            await self.system.ask(LiftSuspension(user_id=one.id))

    async def deletion(self) -> None:
        """Somebody deletes a post of theirs, or brings it back."""
        post = self.rng.choice(self.posts)
        (row,) = await fetch(self.url, "SELECT author_id, deleted_at FROM posts WHERE id = $1", post)
        (author,) = (one for one in self.people if one.id == row["author_id"])
        message = DeletePost if row["deleted_at"] is None else RestorePost
        await _unless_refused(self.system.ask(message(caller=author, post_id=post)))

    async def preference(self) -> None:
        """Somebody wants it otherwise."""
        one, on = self.rng.choice(self.people), self.rng.random() < 0.5
        chosen, how = self.model.preferred[one.id], "filter" if on else "accept"
        match self.rng.randrange(3):
            case 0:
                chosen.only_followed = on
                await choose(self.system, one, policy={"from_not_following": how})
            case 1:
                chosen.no_young = on
                await choose(self.system, one, policy={"from_new_accounts": how})
            case _:
                (chosen.quiet.add if on else chosen.quiet.discard)("like")
                await choose(self.system, one, kinds={"like": {"live": not on}})

    async def marking(self) -> None:
        """Two devices of somebody mark different places at once: the later one holds."""
        one = self.rng.choice(self.people)
        items = await mine(self.system, one)
        marked = self.rng.sample(items, min(2, len(items)))
        message = self.rng.choice((MarkSeen, MarkRead))
        await asyncio.gather(*(self.system.ask(message(caller=one, until=item.id)) for item in marked))
        for item in marked:
            for marker in (self.model.seen_at, self.model.read_at)[: 1 if message is MarkSeen else 2]:
                marker[one.id] = max(item.at, marker.get(one.id, item.at))

    async def a_day(self) -> None:
        """A day and an hour pass."""
        await a_day_passes(self.url)
        by = timedelta(hours=25)
        for known in self.model.memory.values():
            known.rang_at = known.rang_at and known.rang_at - by
        for marker in (self.model.seen_at, self.model.read_at):
            marker.update({owner: at - by for owner, at in marker.items()})

    async def repeat(self) -> None:
        """What was told before is told again, as itself and as if it were new."""
        for row in await fetch(self.url, REPEATED):
            event = Event.registry[row["type"]].model_validate_json(row["payload"])
            for again in (event, event.model_copy(update={"id": uuid7()})):
                await self.system.deliver("notifications", again, Origin())

    async def compare(self, began: datetime) -> None:
        """Everybody's list, counts, and what went out live since the last time, with the model's."""
        connection = await asyncpg.connect(self.url)
        try:
            news = self.model.hear(await truth(connection), began)
            kept = await connection.fetch(
                "SELECT n.user_id, n.kind, n.subject_id, p.person_id, p.at FROM notifications n "
                "JOIN notification_people p ON p.notification_id = n.id WHERE p.at > '-infinity'"
            )
            frames = await connection.fetch(
                "SELECT seq, payload FROM outbox WHERE type = 'NotificationsChanged' AND seq > $1 ORDER BY seq",
                self.heard,
            )
        finally:
            await connection.close()
        at = {Told(*row[:4]): row["at"] for row in kept}
        for told in news:
            assert at[told] >= began, f"{told} is news, and was not moved"
            self.model.memory[told].rang_at = at[told]
        rang = set()
        for frame in frames:
            self.heard, fact = frame["seq"], orjson.loads(frame["payload"])
            if fact["rings"]:
                shown = fact["notification"]
                rang.add((UUID(fact["user_id"]), shown["kind"], UUID(shown["subject"]["id"])))
        assert rang == self.model.rings(news)
        for one in self.people:
            await self._compare_list(one)

    async def _compare_list(self, one: Caller) -> None:
        model = self.model
        expected = [
            (kind, subject, tuple(told.person for told in people[:3]), len(people), model.rang_at(people[0]))
            for (kind, subject), people in model.shown(one.id).items()
        ]
        items = await mine(self.system, one, limit=100)
        found = [
            (str(item.kind), item.subject.id, tuple(person.id for person in item.people), item.count, item.at)
            for item in items
        ]
        assert found == expected
        for item in items:
            assert item.seen == (item.at <= model.seen_at.get(one.id, began_of_time))
            assert item.read == (item.at <= model.read_at.get(one.id, began_of_time))
        counts = model.beyond(one.id, model.seen_at), model.beyond(one.id, model.read_at)
        assert await unread(self.system, one) == counts
        assert await _last_told(self.url, one) in {counts, None}


began_of_time = datetime.min.replace(tzinfo=UTC)


async def _unless_refused(wish: Awaitable[Any]) -> None:
    with suppress(Refusal):
        await wish


async def _last_told(url: str, one: Caller) -> tuple[int, int] | None:
    """The counts that somebody's devices were last told, with a change or with a marker."""
    rows = await fetch(
        url,
        "SELECT payload FROM outbox WHERE topics = $1 AND live_type IN ('notification.changed', 'marker.changed') "
        "ORDER BY seq DESC LIMIT 1",
        f"user:{one.id}",
    )
    for row in rows:
        fact = orjson.loads(row["payload"])
        counts = fact.get("markers", fact)
        return counts["unseen"], counts["unread"]
    return None


async def live_through(system: System, url: str, seed: int, rounds: int) -> None:
    """So many rounds of a world, compared after each."""
    rng = random.Random(seed)
    people = await callers(system, "ana", "bea", "cleo", "dora")
    for old in people[:2]:
        await fetch(url, "UPDATE users SET created_at = now() - interval '90 days' WHERE id = $1", old.id)
    posts = await plant(url, [people[0].id, people[0].id, people[1].id, people[2].id])
    world = World(system, url, people, posts, rng)
    others = (
        world.between_two,
        world.deletion,
        world.standing,
        world.preference,
        world.marking,
        world.a_day,
        world.repeat,
    )
    for number in range(rounds):
        began = (await fetch(url, "SELECT clock_timestamp() AS now"))[0]["now"]
        await (world.deeds if number % 2 == 0 else rng.choice(others))()
        await settle(url)
        await world.compare(began)


async def test_random_lives_are_told_as_the_model_tells_them(system: System, database_url: str) -> None:
    await live_through(system, database_url, 11, 24)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_many_random_lives_are_told_as_the_model_tells_them(system: System, database_url: str, seed: int) -> None:
    await live_through(system, database_url, seed, 60)
