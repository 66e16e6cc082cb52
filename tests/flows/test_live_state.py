"""State fetched before, plus the events that follow it, is the state fetched after."""

from typing import Any

import pytest

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack, eventually
from tests.flows.watcher import Watcher

State = dict[str, Any]


@pytest.fixture
async def served(stack: Stack) -> Served:
    """One server."""
    return await stack.serve()


async def fetch(stack: Stack, served: Served, path: str, person: Person | None = None) -> tuple[State, str]:
    """What a resource says, and the position from which events continue it."""
    headers = {"Authorization": f"Bearer {person.token}"} if person else {}
    async with stack.http.get(served.url + path, headers=headers) as response:
        assert response.status == 200, await response.text()
        return await response.json(), response.headers["Stream-Position"]


def applied(post: State, watcher: Watcher) -> State:
    """A post as somebody shows it who had it before and heard the socket since."""
    for frame in watcher.events("post.updated"):
        if frame["data"]["post"]["id"] == post["id"]:
            post = frame["data"]["post"]
    counts = watcher.latest_counts(post["id"])
    if counts and counts["v"] > post["counts"]["v"]:
        post = post | {"counts": counts}
    return post


def heard(notifications: list[State], watcher: Watcher) -> list[State]:
    """Notifications as somebody shows them who had these before and heard the socket since."""
    shown = {item["id"]: item for item in notifications}
    for frame in watcher.events("notification.changed"):
        shown.pop(frame["data"]["removed"], None)
        if frame["data"]["notification"]:
            shown[frame["data"]["notification"]["id"]] = frame["data"]["notification"]
    return sorted(shown.values(), key=lambda item: (item["at"], item["id"]), reverse=True)


async def test_a_post_fetched_before_with_its_counts_is_the_post_fetched_after(stack: Stack, served: Served) -> None:
    author, *fans = await stack.people(9)
    (post_id,) = await stack.posts(author)
    await stack.ok(served, "PUT", f"/v1/posts/{post_id}/like", fans[0])
    before, position = await fetch(stack, served, f"/v1/posts/{post_id}")

    # These come between the fetch and the subscription: only the position closes that gap.
    for fan in fans[1:5]:
        await stack.ok(served, "PUT", f"/v1/posts/{post_id}/like", fan)
    watcher = await stack.watch(served, None, **{f"post:{post_id}": position})
    assert watcher.connected["topics"][f"post:{post_id}"]["recovered"] is True
    await stack.ok(served, "DELETE", f"/v1/posts/{post_id}/like", fans[0])
    for fan in fans[5:]:
        await stack.ok(served, "POST", f"/v1/posts/{post_id}/repost", fan)

    await watcher.counts(post_id, likes=4, reposts=len(fans[5:]))
    after, _ = await fetch(stack, served, f"/v1/posts/{post_id}")
    assert applied(before["post"], watcher) == after["post"]


async def test_a_followers_feed_fetched_before_with_its_events_is_the_feed_fetched_after(
    stack: Stack, served: Served
) -> None:
    author, follower, other = await stack.people(3)
    kept, withdrawn, reposted = *(await stack.posts(author, 2)), (await stack.posts(other))[0]
    await stack.ok(served, "PUT", f"/v1/profiles/{author.username}/follow", follower)
    before, position = await fetch(stack, served, "/v1/feed?type=following", follower)
    assert [item["post"]["id"] for item in before["items"]] == [withdrawn, kept]

    assert (await stack.ask(served, "DELETE", f"/v1/posts/{withdrawn}", author))[0] == 204
    watcher = await stack.watch(served, follower, **{"feed:following": position})
    await stack.ok(served, "PUT", f"/v1/posts/{reposted}/repost", author)
    await watcher.event("post.reposted")
    await watcher.event("post.deleted")

    shown = {item["post"]["id"]: item["post"] for item in before["items"]}
    for frame in watcher.events():
        match frame["type"]:
            case "post.deleted":
                shown.pop(frame["data"]["post_id"], None)
            case "post.published" | "post.reposted":
                shown = {frame["data"]["post"]["id"]: frame["data"]["post"], **shown}
    after, _ = await fetch(stack, served, "/v1/feed?type=following", follower)
    assert list(shown) == [item["post"]["id"] for item in after["items"]] == [reposted, kept]
    assert list(shown.values()) == [item["post"] for item in after["items"]]


async def test_notifications_fetched_before_with_their_events_are_those_fetched_after(
    stack: Stack, served: Served
) -> None:
    author, *fans = await stack.people(5)
    first, second = await stack.posts(author, 2)
    me = await stack.watch(served, author, "me")
    await stack.ok(served, "PUT", f"/v1/posts/{first}/like", fans[0])
    await me.event("notification.changed", unseen=1)
    before, position = await fetch(stack, served, "/v1/notifications", author)

    await stack.ok(served, "PUT", f"/v1/posts/{first}/like", fans[1])
    resumed = await stack.watch(served, author, me=position)
    await stack.ok(served, "PUT", f"/v1/posts/{second}/like", fans[2])
    await stack.ok(served, "DELETE", f"/v1/posts/{second}/like", fans[2])
    await stack.ok(served, "PUT", f"/v1/profiles/{author.username}/follow", fans[3])
    await resumed.event("notification.changed", unseen=2)

    async def differs() -> bool:
        after, _ = await fetch(stack, served, "/v1/notifications", author)
        said = sorted((item["kind"], item["count"]) for item in after["items"])
        return heard(before["items"], resumed) != after["items"] or said != [("follow", 1), ("like", 2)]

    await eventually(differs, wanted=False, what="notifications differ from those heard of")
    newest_first = heard(before["items"], resumed)
    assert {item["kind"]: item["count"] for item in newest_first} == {"follow": 1, "like": 2}
    unread = await stack.ok(served, "GET", "/v1/notifications/unread", author)
    assert unread["unseen"] == resumed.events("notification.changed")[-1]["data"]["unseen"]
