"""What somebody likes shows on their other devices, comes with the counts, and goes to nobody else."""

from uuid import UUID, uuid4

import orjson

from tests.server.realtime.conftest import Live, Stream


async def like(stream: Stream, post_id: UUID, v: int, *, on: tuple[UUID, ...] = (), off: tuple[UUID, ...] = ()) -> str:
    told = {"items": [[str(post_id), v, v, 0, 0]], "mark": "like", "on": [*map(str, on)], "off": [*map(str, off)]}
    return await stream.add(f"post:{post_id}", "counts", told, ephemeral=True)


async def test_every_device_of_each_person_hears_what_became_of_their_own_like(live: Live, stream: Stream) -> None:
    post_id, ann, bea = uuid4(), uuid4(), uuid4()
    first, second, hers = [await live.connect(who) for who in (ann, ann, bea)]
    at = await like(stream, post_id, 1, on=(uuid4(), ann), off=(bea,))
    for socket, on in ((first, True), (second, True), (hers, False)):
        frame = await socket.push()
        assert (frame["topic"], frame["type"]) == ("me", "mine.changed")
        assert frame["data"] == {"kind": "like", "subject_id": str(post_id), "on": on}
    await stream.add(f"user:{ann}", "marker.changed", {})
    assert (await first.push())["position"] > at


async def test_watchers_of_the_post_see_the_counts_and_not_who_it_was(live: Live, stream: Stream) -> None:
    post_id, ann = uuid4(), uuid4()
    live.people.posts[post_id] = (0, 0, 0, 0)
    watcher = await live.connect(topics={f"post:{post_id}": None})
    await like(stream, post_id, 1, on=(ann,))
    frame = await watcher.push()
    assert frame == {"push": "counts", "items": [[str(post_id), 1, 1, 0, 0]]}
    assert str(ann) not in orjson.dumps(frame).decode()


async def test_a_like_neither_overtakes_what_came_before_it_nor_is_replayed(live: Live, stream: Stream) -> None:
    post_id, ann = uuid4(), uuid4()
    socket = await live.connect(ann)
    before = await stream.add(f"user:{ann}", "marker.changed", {"at": 0})
    for v in range(1, 31):
        await like(stream, post_id, 2 * v - 1, on=(ann,))
        await stream.add(f"user:{ann}", "marker.changed", {"at": v})
    frames = [await socket.push() for _ in range(61)]
    assert [frame["type"] for frame in frames] == ["marker.changed", *(["mine.changed", "marker.changed"] * 30)]
    positions = [int(frame["position"].partition("-")[2]) for frame in frames]
    assert positions == sorted(positions)
    again = await live.connect(ann, topics={"me": before})
    assert again.connected["topics"]["me"]["recovered"] is True
    assert [(await again.push())["data"]["at"] for _ in range(30)] == list(range(1, 31))
