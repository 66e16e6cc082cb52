"""Who may not see an author is sent nothing of theirs, at the cost of one question for each event at most."""

import asyncio
from uuid import UUID, uuid4

import pytest

from actors.graph.sight_messages import HiddenAmong, OpenAmong
from server.realtime import sieve
from tests.server.realtime.conftest import Live, Start, Stream, until


async def test_what_is_hidden_from_some_reaches_the_others_and_positions_go_on_for_all(
    live: Live, stream: Stream
) -> None:
    author, friend, foe = uuid4(), uuid4(), uuid4()
    live.people.unseen |= {(foe, author), (None, author)}
    friendly, hostile, visitor = [await live.connect(who, topics={"tag:sea": None}) for who in (friend, foe, None)]
    await stream.add("tag:sea", "post.published", {"number": 1}, work_of=author)
    await stream.add("tag:sea", "post.published", {"number": 2})
    frames = [await friendly.push(), await friendly.push()]
    assert [(frame["data"]["number"], frame["position"]) for frame in frames] == [(1, "5-1"), (2, "5-2")]
    for socket in (hostile, visitor):
        frame = await socket.push()
        assert (frame["data"]["number"], frame["position"]) == (2, "5-2")


async def test_an_author_who_hides_from_nobody_is_asked_about_once(live: Live, stream: Stream) -> None:
    author = uuid4()
    socket = await live.connect(uuid4(), topics={"tag:sea": None})
    for number in range(3):
        await stream.add("tag:sea", "post.published", {"number": number}, work_of=author)
        assert (await socket.push())["data"]["number"] == number
    asked = [message for message in live.people.asked if isinstance(message, OpenAmong | HiddenAmong)]
    assert asked == [OpenAmong(user_ids=(author,))]


async def test_a_crowd_that_comes_back_asks_once_about_an_author_who_hides_from_nobody(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sieve, "LATELY_SECONDS", 60.0)
    author = uuid4()
    since = await stream.add("tag:sea", "post.published", {}, work_of=author)
    await stream.add("tag:sea", "post.published", {}, work_of=author)
    await until(lambda: live.realtime.position() == "5-2")
    for _ in range(3):
        socket = await live.connect(uuid4(), topics={"tag:sea": since})
        assert (await socket.push())["type"] == "post.published"
    asked = [message for message in live.people.asked if isinstance(message, OpenAmong | HiddenAmong)]
    assert asked == [OpenAmong(user_ids=(author,))]


async def test_whose_sight_narrowed_is_replayed_nothing_although_the_log_does_not_say_so(
    live: Live, stream: Stream, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, viewer = uuid4(), uuid4()
    since = await stream.add("tag:sea", "post.published", {}, work_of=author)
    await stream.add("tag:sea", "post.published", {}, work_of=author)
    await until(lambda: live.realtime.position() == "5-2")
    monkeypatch.setattr(sieve, "LATELY_SECONDS", 0.0)
    socket = await live.connect(viewer, topics={"tag:sea": since})
    assert (await socket.push())["type"] == "post.published"
    live.people.unseen.add((viewer, author))
    socket = await live.connect(viewer, topics={"tag:sea": since})
    await stream.add("tag:sea", "post.published", {"number": 3})
    assert (await socket.push())["data"] == {"number": 3}


async def test_from_the_word_of_the_log_on_an_author_is_asked_about_again(live: Live, stream: Stream) -> None:
    author, foe = uuid4(), uuid4()
    socket = await live.connect(foe, topics={"tag:sea": None})
    await stream.add("tag:sea", "post.published", {"number": 1}, work_of=author)
    assert (await socket.push())["data"]["number"] == 1
    live.people.unseen.add((foe, author))
    await stream.add(f"sight:{author}", "sight.narrowed", {"viewer_id": str(foe)})
    await stream.add("tag:sea", "post.published", {"number": 2}, work_of=author)
    await stream.add("tag:sea", "post.published", {"number": 3})
    assert (await socket.push())["data"]["number"] == 3


async def test_an_answer_the_log_has_overtaken_is_not_remembered(live: Live, stream: Stream) -> None:
    author, foe = uuid4(), uuid4()
    socket = await live.connect(foe, topics={"tag:sea": None})

    async def meanwhile() -> None:
        # The question was answered before this; the answer arrives after the log has said otherwise.
        await stream.add(f"sight:{author}", "sight.narrowed", {"viewer_id": str(foe)})
        await until(lambda: live.realtime._fanout._screening._narrowings == before + 1)

    before = live.realtime._fanout._screening._narrowings
    live.people.during = meanwhile
    await stream.add("tag:sea", "post.published", {"number": 1}, work_of=author)
    assert (await socket.push())["data"]["number"] == 1
    live.people.unseen.add((foe, author))
    await stream.add("tag:sea", "post.published", {"number": 2}, work_of=author)
    await stream.add("tag:sea", "post.published", {"number": 3})
    assert (await socket.push())["data"]["number"] == 3


async def test_whoever_loses_the_sight_of_an_author_is_told_for_each_topic_and_hears_no_more(
    live: Live, stream: Stream
) -> None:
    owner, friend, foe = uuid4(), uuid4(), uuid4()
    post_id, tracked = uuid4(), uuid4()
    live.people.posts = {post_id: (0, 0, 0, 0), tracked: (0, 0, 0, 0)}
    live.people.owners = {post_id: owner, tracked: owner, "ana": owner}
    names = [f"post:{post_id}", "profile:Ana"]
    friendly = await live.connect(friend, topics=dict.fromkeys([f"post:{post_id}", "profile:ana"]))
    hostile = await live.connect(foe, topics=dict.fromkeys(names))
    assert (await hostile.ask("track", posts=[str(tracked)]))["ok"]["counts"]
    live.people.unseen.add((foe, owner))
    await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": str(foe)})
    told = [await hostile.push() for _ in names]
    assert {frame["push"] for frame in told} == {"notice"}
    assert {(frame["unsubscribed"]["topic"], frame["unsubscribed"]["code"]) for frame in told} == {
        (name, "topic_forbidden") for name in names
    }
    await stream.counts(tracked, 1, 1)
    await stream.counts(post_id, 1, 1)
    await stream.add("profile:ana", "profile.updated", {}, work_of=owner)
    assert [(await friendly.push())["push"] for _ in range(2)] == ["counts", "event"]
    assert (await hostile.ask("sub", topic=names[0]))["err"]["code"] == "topic_unknown"
    assert hostile.pushed == []


async def test_who_hides_from_everybody_is_watched_only_by_those_who_may_still_see_them(
    live: Live, stream: Stream
) -> None:
    owner, friend = uuid4(), uuid4()
    live.people.owners["ana"] = owner
    friendly, visitor = [await live.connect(who, topics={"profile:ana": None}) for who in (friend, None)]
    live.people.unseen.add((None, owner))
    await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": None})
    assert (await visitor.push())["unsubscribed"]["topic"] == "profile:ana"
    await stream.add("profile:ana", "profile.updated", {}, work_of=owner)
    assert (await friendly.push())["type"] == "profile.updated"


async def test_a_sight_that_ends_while_the_topic_is_being_admitted_ends_the_topic(live: Live, stream: Stream) -> None:
    owner, foe, post_id = uuid4(), uuid4(), uuid4()
    live.people.posts[post_id], live.people.owners[post_id] = (0, 0, 0, 0), owner
    socket = await live.connect(foe)

    async def hide() -> None:
        live.people.unseen.add((foe, owner))

    async def meanwhile() -> None:
        # This question is still answered with yes, the next one is not.
        await stream.add(f"sight:{owner}", "sight.narrowed", {"viewer_id": str(foe)})
        await until(lambda: live.realtime.position() == "5-1")
        live.people.during = hide

    live.people.during = meanwhile
    assert "ok" in await socket.ask("sub", topic=f"post:{post_id}")
    assert (await socket.push())["unsubscribed"]["topic"] == f"post:{post_id}"


async def test_what_passed_is_replayed_only_to_those_who_may_see_it_now(start_live: Start, stream: Stream) -> None:
    author, other, viewer = uuid4(), uuid4(), uuid4()
    for number, who in enumerate((author, other, author, None)):
        await stream.add("tag:sea", "post.published", {"number": number}, work_of=who)
    live = await start_live()
    live.people.unseen.add((viewer, author))
    socket = await live.connect(viewer, topics={"tag:sea": "5-0"})
    assert [(await socket.push())["data"]["number"] for _ in range(2)] == [1, 3]


async def test_what_was_taken_back_is_not_replayed_only_that_it_is_gone(live: Live, stream: Stream) -> None:
    author, viewer, post_id = uuid4(), uuid4(), uuid4()
    posts, comments = [{"id": str(uuid4())} for _ in range(2)], [{"id": str(uuid4())} for _ in range(3)]
    comments[1]["parent_id"] = comments[0]["id"]
    live.people.follows.add((viewer, author))
    live.people.posts[post_id] = (0, 0, 0, 0)
    topics, comment_topic = f"tag:sea author:{author}", f"post:{post_id}"
    for post in posts:
        await stream.add(topics, "post.published", {"post": post}, work_of=author)
    for comment in comments:
        await stream.add(comment_topic, "comment.created", {"comment": comment})
    await stream.add(topics, "post.deleted", {"post_id": posts[0]["id"]}, work_of=author)
    await stream.add(comment_topic, "comment.deleted", {"comment_id": comments[0]["id"]})
    await stream.add(topics, "post.updated", {"post": posts[1]}, work_of=author)
    last = await stream.add(comment_topic, "comment.updated", {"comment": comments[2]})
    await until(lambda: live.realtime.position() == last)
    for topic, shown in (("tag:sea", posts[1]), ("feed:following", posts[1]), (comment_topic, comments[2])):
        socket = await live.connect(viewer, topics={topic: "5-0"})
        frames = [await socket.push() for _ in range(3)]
        kind = "comment" if topic == comment_topic else "post"
        assert [frame["type"].partition(".")[2] for frame in frames][1] == "deleted"
        assert [frame["data"][kind] for frame in (frames[0], frames[2])] == [shown, shown]


async def test_who_brings_back_what_was_taken_back_shows_it_again(live: Live, stream: Stream) -> None:
    post = {"id": str(uuid4())}
    for kind, data in (
        ("published", {"post": post}),
        ("deleted", {"post_id": post["id"]}),
        ("published", {"post": post}),
    ):
        await stream.add("tag:sea", f"post.{kind}", data)
    await until(lambda: live.realtime.position() == "5-3")
    socket = await live.connect(uuid4(), topics={"tag:sea": "5-0"})
    assert [(await socket.push())["type"] for _ in range(2)] == ["post.deleted", "post.published"]


async def test_under_a_post_one_hears_those_one_may_meet_though_their_own_work_is_private(
    live: Live, stream: Stream
) -> None:
    owner, private, blocked, viewer, post_id = (uuid4() for _ in range(5))
    live.people.posts[post_id], live.people.owners[post_id] = (0, 0, 0, 0), owner
    live.people.unseen.add((viewer, private))
    live.people.unmet.add((viewer, blocked))
    socket = await live.connect(viewer, topics={f"post:{post_id}": None})
    for number, who in enumerate((private, blocked, owner)):
        await stream.add(f"post:{post_id}", "comment.created", {"number": number}, work_of=who)
    assert [(await socket.push())["data"]["number"] for _ in range(2)] == [0, 2]
    resumed = await live.connect(viewer, topics={f"post:{post_id}": "5-0"})
    assert [(await resumed.push())["data"]["number"] for _ in range(2)] == [0, 2]


async def test_what_is_there_because_of_others_is_for_those_who_may_meet_them_too(live: Live, stream: Stream) -> None:
    owner, author, blocked, viewer, post_id = (uuid4() for _ in range(5))
    live.people.posts[post_id], live.people.owners[post_id] = (0, 0, 0, 0), owner
    live.people.unmet.add((viewer, blocked))
    socket = await live.connect(viewer, topics={f"post:{post_id}": None})
    for number, near in enumerate(((blocked,), (owner, blocked), (owner,))):
        await stream.add(f"post:{post_id}", "comment.created", {"number": number}, work_of=author, near=near)
    assert (await socket.push())["data"]["number"] == 2
    resumed = await live.connect(viewer, topics={f"post:{post_id}": "5-0"})
    assert (await resumed.push())["data"]["number"] == 2


async def test_in_feeds_neither_who_shows_it_nor_whose_it_is_may_be_hidden(live: Live, stream: Stream) -> None:
    sharer, author, hidden, fan = (uuid4() for _ in range(4))
    live.people.follows.add((fan, sharer))
    live.people.unseen.add((fan, hidden))
    socket = await live.connect(fan, topics={"feed:following": None})
    for number, work_of in enumerate((hidden, author, sharer)):
        await stream.add(f"author:{sharer}", "post.reposted", {"number": number}, work_of=work_of)
    assert [(await socket.push())["data"]["number"] for _ in range(2)] == [1, 2]
    resumed = await live.connect(fan, topics={"feed:following": "5-0"})
    assert [(await resumed.push())["data"]["number"] for _ in range(2)] == [1, 2]


async def test_events_of_a_topic_keep_their_order_though_some_wait_to_be_screened(live: Live, stream: Stream) -> None:
    known, slow = uuid4(), uuid4()
    socket = await live.connect(uuid4(), topics={"tag:sea": None})
    await stream.add("tag:sea", "post.published", {"number": 0}, work_of=known)
    assert (await socket.push())["data"]["number"] == 0
    live.people.delay = 0.2
    for number, work_of in ((1, slow), (2, known), (3, slow)):
        await stream.add("tag:sea", "post.published", {"number": number}, work_of=work_of)
    frames = [await socket.push() for _ in range(3)]
    assert [(frame["data"]["number"], frame["position"]) for frame in frames] == [(1, "5-2"), (2, "5-3"), (3, "5-4")]


async def test_who_comes_while_an_event_is_screened_is_told_of_it_once_and_only_if_they_may(
    live: Live, stream: Stream
) -> None:
    author, friend, foe = uuid4(), uuid4(), uuid4()
    live.people.unseen.add((foe, author))
    await live.connect(uuid4(), topics={"tag:sea": None})
    early, late, hostile = [await live.connect(who) for who in (friend, friend, foe)]
    screened, admitted = asyncio.Event(), asyncio.Event()
    live.people.during = screened.wait
    await stream.add("tag:sea", "post.published", {"number": 1}, work_of=author)
    await until(lambda: live.realtime._fanout._for_others.oldest == 1 and live.people.during is None)
    for socket in (early, hostile):
        await socket.ask("sub", topic="tag:sea")
    live.people.during = admitted.wait
    asking = asyncio.create_task(late.ask("sub", topic="tag:sea"))
    await until(lambda: live.people.during is None)
    screened.set()
    await until(lambda: live.realtime.position() == "5-1")
    admitted.set()
    await asking
    await stream.add("tag:sea", "post.published", {"number": 2})
    for socket in (early, late):
        assert [(await socket.push())["data"]["number"] for _ in range(2)] == [1, 2]
    assert (await hostile.push())["data"]["number"] == 2


async def test_after_a_loss_every_right_to_watch_is_asked_for_again(live: Live, stream: Stream) -> None:
    owner, foe = uuid4(), uuid4()
    live.people.owners["ana"] = owner
    socket = await live.connect(foe, topics={"profile:ana": None})
    live.people.unseen.add((foe, owner))
    await stream.begin(6)
    frames = [await socket.push(), await socket.push(), await socket.push()]
    assert {frame["push"] for frame in frames} == {"lag", "notice"}


async def test_nobody_can_watch_what_servers_tell_each_other(live: Live) -> None:
    socket = await live.connect(uuid4())
    assert (await socket.ask("sub", topic=f"sight:{UUID(int=0)}"))["err"]["code"] == "topic_unknown"
