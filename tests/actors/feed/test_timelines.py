"""Timelines: built for who reads, filled as it happens, and never the last word on what is shown."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from struct import pack
from uuid import UUID

import pytest

from actors.auth.people import Caller
from actors.feed import filling, horizon, readers, timelines
from actors.feed.actor import FeedActor
from actors.feed.timeline_events import RowShown
from actors.feed.timeline_messages import BuildTimeline
from actors.graph.messages import Mute, SetFollow, Unmute
from actors.kernel.system import System
from actors.posts.messages import DeletePost, RestorePost
from tests.actors.auth.people import callers, fetch, until
from tests.actors.comments.commenting import settle
from tests.actors.feed.showing import ago, holds, key_of, page, reader, show, shown, timeline
from tests.actors.posts.posting import plant


@pytest.fixture(autouse=True)
def _everybody_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "FEW", 1)


@pytest.fixture
def _no_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is looked up because it is new."""
    monkeypatch.setattr(readers, "MARGIN", timedelta(0))


async def follow(who: Caller, *whom: Caller, system: System, following: bool = True) -> None:
    for followee in whom:
        await system.ask(SetFollow(caller=who, username=followee.username, following=following))


async def has_row(system: System, who: Caller, row_id: UUID) -> None:
    await until(lambda: holds(system.outside, who.id, row_id), answer=True)


async def test_who_follows_few_has_none(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "FEW", 3)
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(me, ana, bea, system=system)
    assert not await system.ask(BuildTimeline(user_id=me.id))
    assert await system.outside.cache.redis.keys("feed:timeline:*") == []


async def test_whoever_reads_gets_one_and_it_is_filled_as_it_happens(system: System) -> None:
    me, idle, ana = await callers(system, "me1", "idle", "ana")
    await follow(me, ana, system=system)
    await follow(idle, ana, system=system)
    old = [await show(system, ana.id, ago(minutes=minutes)) for minutes in (9, 8, 7)]
    built = await reader(system, me)
    assert [UUID(bytes=raw) for raw in built.ids] == old
    new = await show(system, ana.id, ago(minutes=1))
    await has_row(system, me, new)
    assert await shown(system, me, limit=2) == [new, *old[::-1]]
    assert await timeline(system.outside, idle.id) is None


@pytest.mark.usefixtures("_no_margin")
async def test_a_page_is_read_from_it_and_below_it_from_postgresql(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "DEPTH", 6)
    monkeypatch.setattr(filling, "STEP", 3)
    me, ana = await callers(system, "me1", "ana")
    await follow(me, ana, system=system)
    await fetch(database_url, "UPDATE follows SET created_at = created_at - interval '1 day'")
    posts = [await show(system, ana.id, ago(minutes=60 - n), is_told=False) for n in range(12)]
    built = await reader(system, me)
    assert [UUID(bytes=raw) for raw in built.ids] == posts[6:]
    await settle(database_url)  # a follow that takes effect later adds what nobody heard of
    # Nobody heard of these two: one above the timeline's end, one below.
    unheard = await show(system, ana.id, ago(minutes=50.5), is_told=False)
    await show(system, ana.id, ago(minutes=57.5), is_told=False)
    unseen = await show(system, ana.id, ago(minutes=49.5), is_told=False)
    found = await shown(system, me, limit=2)
    assert unseen not in found, "the page did not come from the timeline"
    assert unheard not in found
    assert found[:6] == posts[:5:-1]
    assert len(found) == 13, "what is below the timeline comes from PostgreSQL"


async def test_what_is_too_new_to_have_been_heard_is_there(system: System, database_url: str) -> None:
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(me, ana, system=system)
    await show(system, ana.id, ago(minutes=9))
    await reader(system, me)
    ((new, own)) = await plant(database_url, [ana.id, me.id])
    assert (await shown(system, me))[:2] == [own, new]
    (theirs,) = await plant(database_url, [bea.id])
    await fetch(database_url, "INSERT INTO follows VALUES ($1, $2, now())", me.id, bea.id)
    assert (await shown(system, me))[0] == theirs, "followed just now"


@pytest.mark.usefixtures("_no_margin")
async def test_what_has_not_taken_effect_is_there(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(horizon, "KNOWN_SECONDS", 0.0)
    me, ana = await callers(system, "me1", "ana")
    await follow(me, ana, system=system)
    first = await show(system, ana.id, ago(minutes=9))
    await reader(system, me)
    await settle(system.outside.settings.database_url)
    handle, may_go_on = FeedActor.add_rows, asyncio.Event()

    async def wait(self: FeedActor, facts: Sequence[RowShown]) -> None:
        await may_go_on.wait()
        await handle(self, facts)

    monkeypatch.setattr(FeedActor, "add_rows", wait)
    late = await show(system, ana.id, ago(minutes=8))
    try:
        for _ in range(5):
            assert await shown(system, me) == [late, first]
        assert not await holds(system.outside, me.id, late)
    finally:
        may_go_on.set()
    await has_row(system, me, late)
    assert await shown(system, me) == [late, first]


@pytest.mark.usefixtures("_no_margin")
async def test_the_latest_of_whoever_is_followed_later_are_added(system: System, database_url: str) -> None:
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(me, ana, system=system)
    (first,) = [await show(system, ana.id, ago(minutes=9))]
    theirs = await show(system, bea.id, ago(minutes=8))
    await reader(system, me)
    await follow(me, bea, system=system)
    await has_row(system, me, theirs)
    assert await shown(system, me) == [theirs, first]
    await follow(me, bea, system=system, following=False)
    assert await shown(system, me) == [first], "at once"

    async def is_gone() -> bool:
        return not await holds(system.outside, me.id, theirs)

    await until(is_gone, answer=True)


@pytest.mark.usefixtures("_no_margin")
async def test_what_is_deleted_or_muted_is_not_shown_and_comes_back(system: System) -> None:
    me, ana, bea = await callers(system, "me1", "ana", "bea")
    await follow(me, ana, bea, system=system)
    gone = await show(system, ana.id, ago(minutes=9))
    kept = await show(system, bea.id, ago(minutes=8))
    await system.ask(DeletePost(caller=ana, post_id=gone))
    await reader(system, me)
    assert await shown(system, me) == [kept]
    await system.ask(RestorePost(caller=ana, post_id=gone))
    assert await shown(system, me) == [kept, gone], "at once, although the timeline was built without it"
    await has_row(system, me, gone)
    await system.ask(Mute(caller=me, username="bea"))
    assert await shown(system, me) == [gone]
    await system.ask(Unmute(caller=me, username="bea"))
    assert await shown(system, me) == [kept, gone]


async def test_all_followers_are_told_some_at_a_time(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filling, "CHUNK", 2)
    ana, *crowd = await callers(system, "ana", *(f"fan{n}" for n in range(5)))
    await show(system, ana.id, ago(minutes=9))
    for fan in crowd:
        await follow(fan, ana, system=system)
        await reader(system, fan)
    new = await show(system, ana.id, ago(minutes=1))
    for fan in crowd:
        await has_row(system, fan, new)


@pytest.mark.usefixtures("_no_margin")
async def test_giants_are_looked_up_and_not_fanned_out(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filling, "GIANT", 1)
    me, you, ana, bea = await callers(system, "me1", "you1", "ana", "bea")
    await follow(me, ana, bea, system=system)
    await follow(you, ana, system=system)
    counted = "SELECT followers FROM profiles WHERE user_id = $1"
    await until(lambda: fetch(database_url, counted, ana.id), answer=[(2,)])
    small = await show(system, bea.id, ago(minutes=9))
    await reader(system, me)
    huge = await show(system, ana.id, ago(minutes=8))
    last = await show(system, bea.id, ago(minutes=7))
    await has_row(system, me, last)
    await until(lambda: fetch(database_url, "SELECT user_id FROM feed_giants"), answer=[(ana.id,)])
    assert await shown(system, me) == [last, huge, small]
    assert not await holds(system.outside, me.id, huge)
    await fetch(database_url, "UPDATE profiles SET followers = 0")
    assert await shown(system, me) == [last, huge, small], "once a giant, always a giant"


async def test_many_who_ask_at_once_have_it_built_once(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, ana = await callers(system, "me1", "ana")
    await follow(me, ana, system=system)
    await settle(database_url)  # by then the epoch has begun: those before it have timelines of their own
    await show(system, ana.id, ago(minutes=9))
    begun = []

    async def begin(self: timelines.Timelines, epoch: int, user_id: UUID) -> bytes | None:
        begun.append(await original(self, epoch, user_id))
        return begun[-1]

    original = timelines.Timelines.begin
    monkeypatch.setattr(timelines.Timelines, "begin", begin)
    await asyncio.gather(*(system.ask(BuildTimeline(user_id=me.id)) for _ in range(20)))
    assert len([token for token in begun if token]) == 1
    await page(system, me)


async def test_a_stuck_fact_hides_nothing_for_long(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "MARGIN", timedelta(0))
    monkeypatch.setattr(readers, "REST_SECONDS", 0.0)
    me, ana = await callers(system, "me1", "ana")
    await follow(me, ana, system=system)
    first = await show(system, ana.id, ago(minutes=9))
    await reader(system, me)
    read_ms = int(ago(minutes=8.5).timestamp() * 1000)
    await system.outside.cache.redis.setrange(await key_of(system.outside, me.id), 0, pack(">Q", read_ms))
    lost = await show(system, ana.id, ago(minutes=8), is_told=False)
    await fetch(
        database_url,
        """
        INSERT INTO dead_letters (id, domain, event_id, type, key, payload, error, attempts, event_at, died_at)
        VALUES (gen_random_uuid(), 'feed', gen_random_uuid(), 'PostPublished', $1, '', '', 6, $2, now())
        """,
        str(lost),
        ago(minutes=8, seconds=1),
    )

    async def found() -> list[UUID]:
        return await shown(system, me)

    await until(found, answer=[lost, first])
