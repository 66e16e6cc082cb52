"""A server kills itself at a named point between a commit and its last effect: nothing is lost, nothing doubled."""

import asyncio
import signal
from contextlib import suppress

import aiohttp
import pytest
from redis.asyncio import Redis

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack, eventually
from tests.flows.watcher import Watcher

LEASE = 25
"""Seconds within which what a dead process held is taken over, looking for it included."""


class Liking:
    """A follower likes an author's post; what must come of it, once each."""

    def __init__(self, stack: Stack, author: Person, fan: Person, post_id: str) -> None:
        self.stack = stack
        self.author = author
        self.fan = fan
        self.post_id = post_id

    @classmethod
    async def prepare(cls, stack: Stack) -> "Liking":
        author, fan = await stack.people(2)
        (post_id,) = await stack.posts(author)
        return cls(stack, author, fan, post_id)

    async def happens(self, served: Served, *, answered: bool) -> None:
        """Like; `answered` says whether the server lives to say so."""
        try:
            state = await self.stack.ok(served, "PUT", f"/v1/posts/{self.post_id}/like", self.fan)
        except aiohttp.ClientError:
            assert not answered, "the server died before it answered"
        else:
            assert answered
            assert state == {"liked": True, "likes": 1}

    async def is_in_effect_once(self, *, seconds: float = 30) -> None:
        """Its row, its counters, its notification and its score are there, and go on being there once."""
        stack = self.stack
        for sql, wanted in (
            ("SELECT likes FROM posts WHERE id = $1", 1),
            ("SELECT count(*) FROM likes WHERE post_id = $1", 1),
            ("SELECT p.likes::int FROM profiles p JOIN posts o ON o.author_id = p.user_id WHERE o.id = $1", 1),
            ("SELECT people FROM notifications WHERE subject_id = $1", 1),
            ("SELECT count(*) FROM feed_scores WHERE post_id = $1", 1),
        ):
            await stack.becomes(wanted, sql, self.post_id, seconds=seconds)
        for domain in ("posts", "feed", "notifications"):
            await eventually(lambda domain=domain: entries(stack, domain), 0, f"inbox:{domain}", LEASE)  # type: ignore[misc]  # mypy cannot infer a lambda's default
        await stack.becomes(0, "SELECT count(*) FROM outbox WHERE published_at IS NULL")
        assert await stack.value("SELECT count(*) FROM dead_letters") == 0
        assert await stack.value("SELECT likes::int FROM profiles WHERE user_id = $1", self.author.id) == 1
        assert await stack.value("SELECT people FROM notifications WHERE subject_id = $1", self.post_id) == 1

    async def shows(self, watcher: Watcher, *, seconds: float = 30) -> None:
        """The author's screen has it."""
        counts = await watcher.counts(self.post_id, likes=1, seconds=seconds)
        assert counts["v"] == 1
        rung = await watcher.event("notification.changed", seconds=seconds)
        assert rung["data"]["notification"]["count"] == 1


async def entries(stack: Stack, domain: str) -> int:
    """How many events wait, or are held, in an inbox."""
    async with Redis.from_url(stack.settings.redis_url) as redis:
        return int(await redis.xlen(f"inbox:{domain}"))


async def dies(served: Served) -> None:
    """It was SIGKILL, not an exit."""
    assert await served.ended(15) == -signal.SIGKILL


async def test_an_event_arrives_through_another_server_when_its_own_dies_right_after_the_commit(stack: Stack) -> None:
    liking = await Liking.prepare(stack)
    doomed = await stack.serve(fault="committed:SetLike")
    other = await stack.serve()
    screen = await stack.watch(other, liking.author, "me", f"post:{liking.post_id}")

    await liking.happens(doomed, answered=False)
    await dies(doomed)

    await liking.shows(screen)
    await liking.is_in_effect_once()


async def test_an_event_arrives_after_a_restart_when_the_only_server_died_right_after_the_commit(stack: Stack) -> None:
    liking = await Liking.prepare(stack)
    doomed = await stack.serve(fault="committed:SetLike")
    await eventually(lambda: stack.has_begun(doomed), wanted=True, what="the log has begun")
    before = await stack.watch(doomed, liking.author, "me", f"post:{liking.post_id}")
    position = before.connected["position"]
    await liking.happens(doomed, answered=False)
    await dies(doomed)
    assert await stack.value("SELECT count(*) FROM outbox WHERE published_at IS NULL") == 1

    again = await stack.serve()
    screen = await stack.watch(again, liking.author, me=position, **{f"post:{liking.post_id}": position})
    assert all(topic["recovered"] for topic in screen.connected["topics"].values())
    await liking.shows(screen)
    await liking.is_in_effect_once()


@pytest.mark.parametrize("point", ["relay:claimed", "relay:published"])
async def test_a_relay_that_dies_around_its_write_to_redis_loses_and_doubles_nothing(stack: Stack, point: str) -> None:
    liking = await Liking.prepare(stack)
    leader = await stack.serve(fault=point)
    await eventually(lambda: stack.metric(leader, "vitrine_relay_is_leader"), 1.0, "the first server leads")
    other = await stack.serve()
    screen = await stack.watch(other, liking.author, "me", f"post:{liking.post_id}")

    await liking.happens(other, answered=True)
    await dies(leader)

    await liking.shows(screen)
    await liking.is_in_effect_once(seconds=LEASE)
    await eventually(lambda: stack.metric(other, "vitrine_relay_is_leader"), 1.0, "the other server leads")


async def test_an_event_that_waits_in_an_inbox_three_times_takes_effect_once(stack: Stack) -> None:
    liking = await Liking.prepare(stack)
    doomed = await stack.serve(fault="committed:SetLike")
    await liking.happens(doomed, answered=False)
    await dies(doomed)
    fact = await stack.database.fetchrow("SELECT type, payload, targets FROM outbox")
    assert fact is not None
    async with Redis.from_url(stack.settings.redis_url) as redis:
        for domain in fact["targets"].split() * 3:
            await redis.xadd(f"inbox:{domain}", {"y": fact["type"], "p": fact["payload"], "o": ""})

    served = await stack.serve()
    await liking.is_in_effect_once()
    assert await stack.metric(served, "vitrine_lane_restarts_total") == 0


async def test_an_inbox_that_dies_before_it_acknowledges_takes_effect_once(stack: Stack) -> None:
    liking = await Liking.prepare(stack)
    doomed = await stack.serve(fault="inbox:handled")
    with suppress(aiohttp.ClientError):  # the reply and the death are a race
        await stack.ask(doomed, "PUT", f"/v1/posts/{liking.post_id}/like", liking.fan)
    await dies(doomed)
    held = sum([await entries(stack, domain) for domain in ("posts", "feed", "notifications")])
    assert held > 0, "it died before it acknowledged, so something is still held"

    await stack.serve()
    await liking.is_in_effect_once(seconds=LEASE)


async def test_a_leader_that_hangs_loses_the_lead_within_seconds_and_does_no_harm_when_it_wakes(stack: Stack) -> None:
    liking = await Liking.prepare(stack)
    (second,) = await stack.posts(liking.author)
    leader = await stack.serve()
    await eventually(lambda: stack.metric(leader, "vitrine_relay_is_leader"), 1.0, "the first server leads")
    other = await stack.serve()
    screen = await stack.watch(other, liking.author, "me", f"post:{liking.post_id}", f"post:{second}")

    leader.send(signal.SIGSTOP)
    try:
        await liking.happens(other, answered=True)
        await screen.counts(liking.post_id, likes=1)
        assert await stack.metric(other, "vitrine_relay_is_leader") == 1.0
    finally:
        leader.send(signal.SIGCONT)

    await stack.ok(other, "PUT", f"/v1/posts/{second}/like", liking.fan)
    await stack.ok(leader, "DELETE", f"/v1/posts/{second}/like", liking.fan)
    await screen.counts(second, likes=0, v=2)
    await liking.is_in_effect_once(seconds=LEASE)
    leads = await asyncio.gather(*(stack.metric(one, "vitrine_relay_is_leader") for one in (leader, other)))
    assert sorted(leads) == [0.0, 1.0]
