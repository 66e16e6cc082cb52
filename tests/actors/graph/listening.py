"""Somebody who listens to everything a socket lets them, and holds it against the model."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiohttp import ClientWebSocketResponse
from uuid_utils.compat import uuid7

from tests.actors.graph.looking import Json, Looker, names_in
from tests.actors.graph.model import Said, Viewer, World


class Listener:
    """A viewer's socket, and all that came on it."""

    def __init__(self, one: Looker, socket: ClientWebSocketResponse) -> None:
        self.one = one
        self.socket = socket
        self.owners = {f"post:{post}": author for post, author in one.world.posts.items()}
        self.owners |= {f"profile:{one.world.name(person)}": person for person in one.world.people}
        self.events: set[tuple[str, str, str]] = set()
        """Topic, type, and the id of the post or comment."""
        self.topics: set[str] = set()
        self.counted: set[UUID] = set()
        self.lost: set[str] = set()
        self._id = 0

    async def ask(self, op: str, **fields: Any) -> Json:
        """The answer; what comes before it is kept."""
        self._id += 1
        await self.socket.send_json({"id": self._id, "op": op, **fields})
        async with asyncio.timeout(20):
            while True:
                frame: Json = await self.socket.receive_json()
                if "push" not in frame:
                    assert frame["id"] == self._id
                    return frame
                self._keep(frame)

    def _keep(self, frame: Json) -> None:
        if frame["push"] == "counts":
            self.counted |= {UUID(item[0]) for item in frame["items"]}
        elif frame["push"] == "event":
            subject = next((frame["data"][kind]["id"] for kind in ("comment", "post") if kind in frame["data"]), "")
            self.events.add((frame["topic"], frame["type"], subject))
            self.one.hold(f"socket {frame['topic']}", frame["data"])
        elif "unsubscribed" in frame:
            assert frame["unsubscribed"]["code"] == "topic_forbidden", frame
            self.lost.add(frame["unsubscribed"]["topic"])
        else:
            assert frame["push"] == "ping", frame

    async def hear_all(self) -> None:
        """Read what came."""
        await self.ask("untrack", posts=[])

    async def lose(self) -> None:
        """Wait until all is ended that this viewer may watch no longer, and see that nothing else was."""
        world, me = self.one.world, self.one.viewer
        expected = {name for name, owner in self.owners.items() if name in self.topics and not world.sees(me, owner)}
        async with asyncio.timeout(20):
            while not expected <= self.lost:
                self._keep(await self.socket.receive_json())
        await self.hear_all()
        self.one.same("lost", self.lost, expected)
        self.topics -= expected
        self.events.clear()
        self.counted.clear()


@asynccontextmanager
async def listening(looker: Looker) -> AsyncIterator[Listener]:
    """Watches every post, profile and feed that lets one."""
    world, me = looker.world, looker.viewer
    async with looker.client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)) as socket:
        listener = Listener(looker, socket)
        own = {"feed:following"} if me else set()
        owners = listener.owners
        wanted = dict.fromkeys((*owners, "tag:sea", "feed:forYou", *own))
        token = {"token": looker.token} if looker.token else {}
        answer = await listener.ask("connect", topics=wanted, **token)
        for name, outcome in answer["ok"]["topics"].items():
            if name in owners:
                looker.same("sub", "position" in outcome, world.sees(me, owners[name]))
            if "position" in outcome:
                listener.topics.add(name)
        tracked = await listener.ask("track", posts=[str(post) for post in world.posts])
        seen = {post for post, author in world.posts.items() if world.sees(me, author)}
        looker.same("track", {UUID(item[0]) for item in tracked["ok"]["counts"]}, seen)
        yield listener


class Speaking:
    """What is edited, said and shared while people listen, and who of them is to hear of it."""

    def __init__(self, world: World, lookers: dict[Viewer, Looker], listeners: list[Listener], seed: int) -> None:
        self._world = world
        self._lookers = lookers
        self._listeners = listeners
        self._chance = random.Random(seed)
        self._expected: list[set[tuple[str, str, str]]] = [set() for _ in listeners]
        self._turn = 0

    async def speak(self) -> None:
        """Everybody who is there edits their posts, says something somewhere, replies to somebody and shares a post."""
        self._turn += 1
        here = [viewer for viewer in self._world.viewers if viewer is not None]
        for post, author in self._world.posts.items():
            if author in here:
                await self._edit(post, author)
                await self._listen()
        for who in here:
            seen = [post for post, author in self._world.posts.items() if self._world.sees(who, author)]
            if seen:
                await self._say(who, self._chance.choice(seen))
                await self._reply(who, seen)
                await self._share(who, self._chance.choice(seen))
                await self._listen()

    async def _listen(self) -> None:
        """Whoever answers no ping is sent away."""
        for listener in self._listeners:
            await listener.hear_all()

    async def was_heard(self) -> None:
        """Each listener heard what they were to hear, and no more."""
        for listener, expected in zip(self._listeners, self._expected, strict=True):
            await listener.hear_all()
            one = listener.one
            told = {it for it in listener.events if it[0] != "me" and it[1] not in {"profile.updated", "watchers"}}
            one.same("live", told, expected)
            one.compared["live events"] += len(listener.events)
            hidden = {post for post, author in one.world.posts.items() if not one.world.sees(one.viewer, author)}
            one.same("live counts", listener.counted & hidden, set())
            expected.clear()
            listener.events.clear()

    def _expect(self, kind: str, subject: str, topics: dict[str, Callable[[Viewer], bool]]) -> None:
        for listener, expected in zip(self._listeners, self._expected, strict=True):
            for name, may in topics.items():
                if name in listener.topics and may(listener.one.viewer):
                    expected.add((name, kind, subject))

    def _names(self) -> tuple[list[UUID], str]:
        names = self._chance.sample(self._world.people, 2)
        return names, " ".join(f"@{self._world.name(one)}" for one in names)

    async def _edit(self, post: UUID, author: UUID) -> None:
        world = self._world
        names, text = self._names()
        caption = {"caption": f"edited {self._turn} for {text}"}
        status, body = await self._lookers[author].ask("PATCH", f"/v1/posts/{post}", json=caption)
        world.names[post] = world.called(author, author, names)
        self._lookers[author].same("edit", (status, names_in(body)), (200, list(world.names[post])))
        world.revisions[post] += 1

        def sees(viewer: Viewer) -> bool:
            return world.sees(viewer, author)

        def reads(viewer: Viewer) -> bool:
            return viewer is not None and author in world.reads(viewer)

        everywhere = {f"post:{post}": sees, f"profile:{world.name(author)}": sees, "tag:sea": sees}
        self._expect("post.updated", str(post), {**everywhere, "feed:following": reads})

    async def _say(self, who: UUID, post: UUID, to: UUID | None = None) -> None:
        world = self._world
        names, text = self._names()
        words = {"body": f"hello {text}", "parent_id": None if to is None else str(to)}
        status, body = await self._lookers[who].ask("POST", f"/v1/posts/{post}/comments", json=words)
        called = world.called(who, world.posts[post], names)
        self._lookers[who].same("say", (status, names_in(body)), (201, list(called)))
        comment = UUID(body["id"])
        world.comments[comment] = Said(post, who, to, called)
        self._expect("comment.created", body["id"], {f"post:{post}": lambda viewer: world.heard(viewer, comment)})

    async def _reply(self, who: UUID, seen: list[UUID]) -> None:
        world = self._world
        tops = [
            comment
            for comment, said in world.comments.items()
            if said.post in seen and said.to is None and world.heard(who, comment)
        ]
        if tops:
            top = self._chance.choice(tops)
            await self._say(who, world.comments[top].post, top)

    async def _share(self, who: UUID, post: UUID) -> None:
        world = self._world
        if (post, who) in world.reposts:
            return
        status, _ = await self._lookers[who].ask("PUT", f"/v1/posts/{post}/repost")
        self._lookers[who].same("share", status, 200)
        world.reposts[post, who] = uuid7()

        def gets(viewer: Viewer) -> bool:
            return viewer is not None and who in world.reads(viewer) and world.wants(viewer, post)

        self._expect("post.reposted", str(post), {"feed:following": gets})
