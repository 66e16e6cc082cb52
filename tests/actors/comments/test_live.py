"""What open sockets hear of comments: enough to show what somebody would fetch anew, and nothing they may not see."""

import asyncio
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.auth.people import Caller
from actors.comments.messages import DeleteComment, EditComment
from actors.kernel.system import System
from actors.settings import Settings
from server.http.tokens import Tokens
from tests.actors.auth.people import callers, fetch
from tests.actors.comments.commenting import said, say, settle
from tests.actors.posts.posting import plant
from tests.server.realtime.conftest import Socket

Client = TestClient[web.Request, web.Application]
State = dict[str, dict[str, Any]]


async def watch(client: Client, settings: Settings, who: Caller, topics: dict[str, str | None]) -> Socket:
    """A socket of somebody's that is connected and watches these topics."""
    socket = Socket(await client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)))
    await socket.ask("connect", token=Tokens.of(settings).issue(who), topics=topics)
    return socket


async def frames_until(socket: Socket, *, counts: int, version: int) -> list[dict[str, Any]]:
    """Everything pushed until the counts of the post say so many comments."""
    frames: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while True:
            frame = await socket.push()
            frames.append(frame)
            if frame["push"] == "counts" and frame["items"][0][1] >= version:
                assert frame["items"][0][4] == counts
                return frames


def applied(shown: State, frames: list[dict[str, Any]]) -> State:
    """Comments as somebody shows them who had these before and heard of those frames."""
    shown = dict(shown)
    for frame in (frame for frame in frames if frame["push"] == "event"):
        data = frame["data"]
        match frame["type"]:
            case "comment.created" | "comment.updated":
                shown[data["comment"]["id"]] = data["comment"]
            case "comment.deleted":
                shown.pop(data["comment_id"], None)
                shown = {name: one for name, one in shown.items() if one["parent_id"] != data["comment_id"]}
        if (thread := data.get("thread")) is not None and thread["id"] in shown:
            shown[thread["id"]] = shown[thread["id"]] | {"replies": thread["replies"]}
    return shown


async def fetched(system: System, post: Any, who: Caller) -> State:
    """All comments and replies as they are now."""
    tops = await said(system, post, who)
    replies = await asyncio.gather(*(said(system, post, who, parent_id=top.id) for top in tops))
    return {str(one.id): one.model_dump(mode="json") for comments in (tops, *replies) for one in comments}


async def test_comments_fetched_before_with_what_is_heard_since_are_the_comments_fetched_after(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    kept, doomed = await say(system, ana, post, "kept"), await say(system, bea, post, "doomed")
    await settle(database_url)
    headers = {"Authorization": f"Bearer {Tokens.of(settings).issue(bea)}"}
    async with client.get(f"/v1/posts/{post}/comments", headers=headers) as response:
        position = response.headers["Stream-Position"]
    before = await fetched(system, post, bea)

    # This one comes between the page and the socket: only the position closes that gap.
    first = await say(system, bea, post, "reply", parent_id=kept.id)
    socket = await watch(client, settings, bea, {f"post:{post}": position})
    second = await say(system, ana, post, "another", parent_id=kept.id)
    await system.ask(EditComment(caller=bea, comment_id=first.id, body="reply, on second thoughts"))
    await say(system, ana, post, "below", parent_id=doomed.id)
    await system.ask(DeleteComment(caller=bea, comment_id=doomed.id))
    await system.ask(DeleteComment(caller=ana, comment_id=second.id))
    await say(system, ana, post, "new")
    await settle(database_url)
    (row,) = await fetch(database_url, "SELECT comments, v FROM posts WHERE id = $1", post)
    frames = await frames_until(socket, counts=row["comments"], version=row["v"])
    after = await fetched(system, post, bea)
    assert applied(before, frames) == after
    assert (len(after), row["comments"]) == (3, 3)


async def events_until(socket: Socket, last: str) -> list[dict[str, Any]]:
    """The events of comments up to and with the one that says so."""
    events: list[dict[str, Any]] = []
    async with asyncio.timeout(30):
        while not events or body_of(events[-1]) != last:
            frame = await socket.push()
            if frame["push"] == "event" and frame["type"].startswith("comment."):
                events.append(frame)
    return events


def body_of(event: dict[str, Any]) -> str | None:
    """What the comment says; None when it is gone."""
    body: str | None = event["data"].get("comment", {}).get("body")
    return body


@pytest.mark.parametrize("is_private", [False, True])
async def test_nobody_hears_whom_they_block_and_everybody_else_hears_even_who_is_private(
    client: Client, system: System, settings: Settings, database_url: str, *, is_private: bool
) -> None:
    omar, ana, bea = await callers(system, "omar", "ana", "bea")
    (post,) = await plant(database_url, [omar.id])
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", bea.id, ana.id)
    if is_private:
        await fetch(database_url, "INSERT INTO private_accounts VALUES ($1, now())", ana.id)
    topic: dict[str, str | None] = {f"post:{post}": None}
    at_omar, at_bea = [await watch(client, settings, who, topic) for who in (omar, bea)]
    from_ana, from_omar = await say(system, ana, post, "from ana"), await say(system, omar, post, "from omar")

    assert list(map(body_of, await events_until(at_omar, "from omar"))) == ["from ana", "from omar"]
    assert list(map(body_of, await events_until(at_bea, "from omar"))) == ["from omar"]
    assert {comment.id for comment in await said(system, post, bea)} == {from_omar.id}
    assert {comment.id for comment in await said(system, post, omar)} == {from_ana.id, from_omar.id}


async def test_under_a_comment_of_somebody_hidden_nothing_is_heard_of_what_others_reply(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    omar, ana, bea, cleo = await callers(system, "omar", "ana", "bea", "cleo")
    (post,) = await plant(database_url, [omar.id])
    by_bea, by_omar = await say(system, bea, post, "from bea"), await say(system, omar, post, "from omar")
    await fetch(database_url, "INSERT INTO blocks VALUES ($1, $2, now())", ana.id, bea.id)
    socket = await watch(client, settings, ana, {f"post:{post}": None})
    hidden = await say(system, cleo, post, "to bea", parent_id=by_bea.id)
    await system.ask(EditComment(caller=cleo, comment_id=hidden.id, body="to bea again"))
    await system.ask(DeleteComment(caller=cleo, comment_id=hidden.id))
    await say(system, cleo, post, "to omar", parent_id=by_omar.id)
    (heard,) = await events_until(socket, "to omar")
    assert heard["data"]["thread"] == {"id": str(by_omar.id), "replies": 1}
