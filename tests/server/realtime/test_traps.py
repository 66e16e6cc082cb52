"""Traps that others fell into, by name. Those whose tests are not here have them where their subject is, in this folder
unless another is named:

- Redis is flushed mid-session: `test_log`, `test_after_flushall_…`; `tests/faults/test_redis_forgets`
- Redis loses only its newest entries: `test_log`, `test_redis_that_loses_…`; `tests/faults/test_redis_forgets`
- trimmed beyond the window: `test_subscribing`, `test_a_position_older_than_the_window_…`; here for the stream
- a client ahead of this process: `test_subscribing`, `test_a_position_ahead_of_…` and `test_a_position_that_stays_…`
- publish during recovery: `test_subscribing`, `test_publishing_during_recovery_leaves_no_hole`
- a node is killed: here; `tests/flows/test_live_client`; `tests/browser/test_page`; `tests/faults/test_servers_die`
- a second resume in a row: `test_subscribing`, `test_a_second_resume_…`; here for one that breaks half-way
- connected long, nothing received, then resume: `test_client`, `test_connected_long_with_nothing_received_…`
- reconnect faster than the server notices the loss: here, of the socket and of what Redis held
- a reader that stops reading: `test_slow_readers`; `test_live_everything` in `tests/flows` and `tests/browser`
- a counts frame overtakes an event: `test_fanout`, `test_counts_do_not_overtake_…`; here where the event waits
- a page is served from a cache, then resumed: here
- revoke while connected: `test_gateway`, `test_a_revoked_session_…`; `test_rights`; `tests/flows/test_revocation`
- block while subscribed: `test_hiding`, `test_whoever_loses_the_sight_…`; `tests/actors/graph/test_over_http`
- followed while subscribed: here
- a plan ends while subscribed: `test_rights`, `test_a_topic_may_take_a_plan`
- state fetched before + events = state fetched after: `test_live_client` and `test_live_everything` in `tests/flows`
  and `tests/browser`
"""

import asyncio
import re
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.kernel.streams import KEPT, LIVE
from actors.kernel.system import System
from actors.posts.edit_messages import EditPost
from tests.actors.auth.people import callers, fetch
from tests.actors.posts.posting import plant
from tests.server.realtime.conftest import Live, Socket, Start, Stream, until

Client = TestClient[web.Request, web.Application]


def test_each_test_named_above_is_there() -> None:
    tests = {path.stem: path.read_text() for path in Path(__file__).parents[2].rglob("test_*.py")}
    named = re.findall(r"test_\w+…?", str(__doc__))
    assert len(named) > 25
    for name in named:
        start = f"def {name.removesuffix('…')}"
        assert name in tests or any(start in text for text in tests.values()), name


async def numbers(socket: Socket, count: int) -> list[int]:
    return [(await socket.push(30))["data"]["number"] for _ in range(count)]


async def test_trap_trimmed_in_the_stream_before_a_process_started_is_not_taken_for_known(
    start_live: Start, stream: Stream
) -> None:
    for number in range(1, 11):
        await stream.add("tag:sea", "post.published", {"number": number})
    await stream.trim(6, LIVE, KEPT)
    late = await start_live()
    socket = await late.connect(topics={"tag:sea": "5-4"})
    assert socket.connected["topics"]["tag:sea"] == {"position": "5-10", "recovered": False}
    kept = await late.connect(topics={"tag:sea": "5-5"})
    assert kept.connected["topics"]["tag:sea"]["recovered"] is True
    assert await numbers(kept, 5) == [6, 7, 8, 9, 10]


async def test_trap_of_a_killed_node_another_goes_on_from_the_same_position(
    live: Live, start_live: Start, stream: Stream
) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    await stream.add("tag:sea", "post.published", {"number": 1})
    position = (await socket.push())["position"]
    for server_side in tuple(live.realtime.gateway.sockets):
        server_side._transport.abort()
    await live.realtime.log.stop()
    await stream.add("tag:sea", "post.published", {"number": 2})
    other = await start_live()
    again = await other.connect(topics={"tag:sea": position})
    assert again.connected["topics"]["tag:sea"]["recovered"] is True
    assert await numbers(again, 1) == [2]


async def test_trap_a_second_resume_after_one_that_broke_half_way_misses_nothing(live: Live, stream: Stream) -> None:
    for number in range(1, 101):
        await stream.add("tag:sea", "post.published", {"number": number})
    position, heard = "5-0", list[int]()
    while len(heard) < 100:
        socket = await live.connect(topics={"tag:sea": position})
        for _ in range(min(30, 100 - len(heard))):
            frame = await socket.push(30)
            heard.append(frame["data"]["number"])
            position = frame["position"]
        await socket.ws.close()
    assert heard == list(range(1, 101))


async def test_trap_reconnecting_faster_than_the_server_notices_the_lost_socket_misses_nothing(
    live: Live, stream: Stream
) -> None:
    user_id = uuid4()
    position, gone = "5-0", []
    for number in range(1, 6):
        # The sockets before this one are half open: their reader is gone, and nobody has said so.
        socket = await live.connect(user_id, topics={"me": position})
        await stream.add(f"user:{user_id}", "marker.changed", {"number": number})
        assert socket.connected["topics"]["me"]["recovered"] is True
        frame = await socket.push()
        assert frame["data"]["number"] == number
        position = frame["position"]
        gone.append(socket)
    assert len(live.realtime.gateway.sockets) == len(gone)


async def test_trap_reconnecting_before_anybody_notices_what_redis_lost_is_told_to_fetch_again(
    live: Live, start_live: Start, stream: Stream
) -> None:
    socket = await live.connect(topics={"tag:sea": None})
    for number in range(1, 6):
        await stream.add("tag:sea", "post.published", {"number": number})
    assert await numbers(socket, 5) == [1, 2, 3, 4, 5]
    # Redis came back without the last two, and a process started that never saw them.
    await stream.lose("5-4", "5-5")
    late = await start_live()
    asking = asyncio.create_task(late.connect(topics={"tag:sea": "5-5"}))
    await until(lambda: late.realtime.gateway.sockets, 30)
    await stream.begin(6)
    again = await asking
    assert again.connected["topics"]["tag:sea"]["recovered"] is False


async def test_trap_counts_do_not_overtake_an_event_that_waits_for_who_may_see_it(live: Live, stream: Stream) -> None:
    post_id = uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)
    socket = await live.connect(topics={f"post:{post_id}": None})
    live.people.delay = 0.3
    await stream.add(f"post:{post_id}", "comment.created", {"number": 1}, work_of=uuid4())
    await stream.counts(post_id, 1, 0)
    assert [(await socket.push(30))["push"] for _ in range(2)] == ["event", "counts"]


@pytest.mark.parametrize("path", ["/v1/posts/{}", "/v1/feed?type=forYou&limit=1"])
async def test_trap_a_page_from_a_cache_is_continued_from_where_it_was_made(
    client: Client, system: System, database_url: str, path: str
) -> None:
    (ana,) = await callers(system, "ana")
    (post,) = await plant(database_url, [ana.id])
    await fetch(
        database_url, "INSERT INTO feed_scores (post_id, author_id, score, v) VALUES ($1, $2, 1, 0)", post, ana.id
    )
    pages: list[tuple[str, str]] = []
    for caption in ("first", "second", "third"):
        await system.ask(EditPost(caller=ana, post_id=post, caption=caption))
        # The server may keep the one for a moment, anybody the other for a second.
        async with client.get(path.format(post)) as response:
            body = await response.json()
            found = body["post"] if "post" in body else body["items"][0]["post"]
            pages.append((found["caption"], response.headers["Stream-Position"]))
    for caption, position in pages:
        shown = caption
        socket = Socket(await client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)))
        answer = await socket.ask("connect", topics={f"post:{post}": position})
        assert answer["ok"]["topics"][f"post:{post}"]["recovered"] is True
        while shown != "third":
            frame = await socket.push(30)
            shown = frame["data"]["post"]["caption"] if frame["push"] == "event" else shown


async def test_trap_whom_one_follows_while_subscribed_is_heard_from_then_on(live: Live, stream: Stream) -> None:
    author, fan = uuid4(), uuid4()
    socket = await live.connect(fan, topics={"feed:following": None})
    await stream.add(f"author:{author}", "post.published", {"number": 1})
    await until(lambda: live.realtime.position() == "5-1", 30)
    live.people.follows.add((fan, author))
    await stream.add(f"author:{author}", "post.published", {"number": 2})
    assert await numbers(socket, 1) == [2]
