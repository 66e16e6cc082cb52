"""Markers: what is read was seen, on every device, and never goes back."""

import asyncio

import pytest
from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.domains import actors
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.notifications.messages import MarkRead, MarkSeen
from tests.actors.auth.people import callers, facts
from tests.actors.notifications.test_notifications import like, mine, settle, unread
from tests.actors.posts.posting import plant


async def test_reading_is_seeing_but_seeing_is_not_reading(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    posts = await plant(database_url, [ana.id] * 3)
    for post in posts:
        await like(system, bea, post)
        await settle(database_url)
    latest, middle, oldest = await mine(system, ana)
    assert not any(item.read or item.seen for item in (latest, middle, oldest))
    markers = await system.ask(MarkSeen(caller=ana, until=latest.id))
    assert (markers.read_until, markers.seen_until, markers.unseen, markers.unread) == (None, latest.id, 0, 3)
    markers = await system.ask(MarkRead(caller=ana, until=middle.id))
    assert (markers.read_until, markers.seen_until, markers.unseen, markers.unread) == (middle.id, latest.id, 0, 1)
    assert [(item.read, item.seen) for item in await mine(system, ana)] == [(False, True), (True, True), (True, True)]
    back = await system.ask(MarkRead(caller=ana, until=oldest.id))
    assert back == markers, "markers move forward only"
    moved = await facts(database_url, "NotificationMarkersMoved")
    assert [fact["markers"]["unread"] for fact in moved] == [3, 1]
    await like(system, cleo, posts[0])
    await settle(database_url)
    (risen, *_) = await mine(system, ana)
    assert (risen.id, risen.read, risen.seen) == (oldest.id, False, False)
    assert await unread(system, ana) == (1, 2)


async def test_what_came_since_a_notification_was_shown_is_not_marked_with_it(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    first, second = await plant(database_url, [ana.id] * 2)
    await like(system, bea, first)
    await settle(database_url)
    (shown,) = await mine(system, ana)
    await like(system, bea, second)
    await settle(database_url)
    await like(system, cleo, first)
    await settle(database_url)
    markers = await system.ask(MarkRead(caller=ana, until=shown.id, at=shown.at))
    assert (markers.read_at, markers.unseen, markers.unread) == (shown.at, 2, 2)
    markers = await system.ask(MarkRead(caller=ana, until=shown.id))
    assert (markers.unseen, markers.unread) == (0, 0), "as it stands now"


async def test_nobody_moves_markers_by_what_is_not_theirs(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    (item,) = await mine(system, ana)
    for until_id in (item.id, uuid7()):
        with pytest.raises(NotFound):
            await system.ask(MarkRead(caller=bea, until=until_id))
    assert await unread(system, ana) == (1, 1)


async def test_devices_that_race_leave_the_marker_at_the_latest_place_and_are_told_in_order(
    system: System, outside: Outside, database_url: str
) -> None:
    other = System(outside, actors())
    await other.start()
    ana, bea = await callers(system, "ana", "bea")
    for post in await plant(database_url, [ana.id] * 6):
        await like(system, bea, post)
        await settle(database_url)
    items = await mine(system, ana)
    order = [3, 0, 5, 1, 4, 2]
    marks = [MarkRead(caller=ana, until=items[place].id) for place in order]
    answers = await asyncio.gather(*((system, other)[place % 2].ask(mark) for place, mark in enumerate(marks)))
    await settle(database_url)
    await other.stop()
    moved = [fact["markers"] for fact in await facts(database_url, "NotificationMarkersMoved")]
    assert [mark["read_at"] for mark in moved] == sorted(mark["read_at"] for mark in moved)
    assert [mark["unread"] for mark in moved] == sorted((mark["unread"] for mark in moved), reverse=True)
    assert moved[-1]["read_until"] == str(items[0].id)
    assert (moved[-1]["unseen"], moved[-1]["unread"]) == await unread(system, ana) == (0, 0)
    assert all(answer.read_at is not None and answer.read_at >= items[5].at for answer in answers)


async def test_one_may_mark_up_to_what_was_taken_back_a_moment_ago(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    first, second = await plant(database_url, [ana.id] * 2)
    for post in (first, second):
        await like(system, bea, post)
        await settle(database_url)
    shown, _ = await mine(system, ana)
    await like(system, bea, second, liked=False)
    await settle(database_url)
    markers = await system.ask(MarkRead(caller=ana, until=shown.id))
    assert (markers.unseen, markers.unread) == (0, 0)
