"""For random graphs nobody ever receives what they may not see, by REST or by socket, and everybody what they may.

What is right is told by `model.World`, which is written from the rules and knows nothing of the server's conditions.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

import pytest
from aiohttp import ClientWebSocketResponse, web
from aiohttp.test_utils import TestClient
from redis.asyncio import Redis
from uuid_utils.compat import uuid7

from actors.auth.people import Caller, Plan, Role
from server.keys import LIVE_LOG, TOKENS
from tests.actors.auth.people import fetch, until
from tests.actors.graph.model import Viewer, World

Client = TestClient[web.Request, web.Application]
Json = dict[str, Any]
AT_ONCE = 12


class Looker:
    """One viewer at the server's doors; counts what was compared."""

    def __init__(self, client: Client, world: World, viewer: Viewer, compared: Counter[str]) -> None:
        self.client = client
        self.world = world
        self.viewer = viewer
        self.compared = compared
        self.token = "" if viewer is None else self._token(viewer)

    def _token(self, viewer: UUID) -> str:
        caller = Caller(id=viewer, username=self.world.name(viewer), role=Role.user, plan=Plan.free, session_id=uuid7())
        return self.client.app[TOKENS].issue(caller)

    async def ask(self, method: str, path: str, **options: Any) -> tuple[int, Json]:
        """Status and body."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.client.request(method, path, headers=headers, **options) as response:
            body: Json = await response.json()
            return response.status, body

    async def get(self, path: str) -> tuple[int, Json]:
        """A GET, held against what this viewer may be shown at all."""
        status, body = await self.ask("GET", path)
        self._hold(path, body)
        return status, body

    async def listed(self, path: str) -> list[Json]:
        """All of a list that is there for everybody who may ask for it."""
        status, body = await self.get(path)
        assert (status, body.get("next")) == (200, None), (path, status, body)
        items: list[Json] = body["items"]
        return items

    def _hold(self, path: str, body: Json) -> None:
        for kind, shown, owner in found_in(body):
            self.compared["shown"] += 1
            may = self.world.sees(self.viewer, owner) if kind == "post" else self.world.meets(self.viewer, owner)
            assert may or path.startswith("/v1/blocks"), (self.viewer, path, kind, shown)

    def same(self, what: str, found: object, expected: object) -> None:
        """The server and the model agree."""
        self.compared[what] += 1
        assert found == expected, (what, self.viewer, found, expected)


def found_in(body: Any) -> Iterator[tuple[str, Json, UUID]]:
    """Every post, comment and person in a reply, with whose it is."""
    if isinstance(body, list):
        for part in body:
            yield from found_in(part)
    elif isinstance(body, dict):
        if "photo" in body and "author" in body:
            yield "post", body, UUID(body["author"]["id"])
        elif "username" in body and "id" in body:
            yield "person", body, UUID(body["id"])
        for part in body.values():
            yield from found_in(part)


def ids(items: list[Json], *path: str) -> set[UUID]:
    """The ids at the end of a path in each of them, each there once."""
    found = []
    for item in items:
        for step in path:
            item = item[step]
        found.append(UUID(item["id"]))
    assert len(found) == len(set(found))
    return set(found)


async def look_at_posts(one: Looker) -> None:
    """Each post, all of them, who likes them, what is said of them."""
    world, me = one.world, one.viewer
    seen = {post for post, author in world.posts.items() if world.sees(me, author)}
    every = ",".join(map(str, world.posts))
    one.same("posts", ids(await one.listed(f"/v1/posts?ids={every}"), "post"), seen)
    one.same("tag", ids(await one.listed("/v1/tags/sea/posts?limit=100"), "post"), seen)
    ranked = {post for post, author in world.posts.items() if world.wants(me, post) and author != me}
    one.same("forYou", ids(await one.listed("/v1/feed?type=forYou&limit=100"), "post"), ranked)
    for post in world.posts:
        for path in ("", "/likes", "/comments", "/history"):
            status, body = await one.get(f"/v1/posts/{post}{path}{'?limit=100' if path else ''}")
            one.same("post", status, 200 if post in seen else 404)
            if post in seen and path == "/likes":
                likers = {who for liked, who in world.likes if liked == post and world.meets(me, who)}
                one.same("likers", ids(body["items"]), likers)
            if post in seen and path == "/comments":
                said = {c for c, (of, who) in world.comments.items() if of == post and world.meets(me, who)}
                one.same("comments", ids(body["items"]), said)


async def look_at_people(one: Looker) -> None:
    """Each profile, what it shows, and who is around it."""
    world, me = one.world, one.viewer
    for person in world.people:
        path = f"/v1/profiles/{world.name(person)}"
        status, body = await one.get(path)
        one.same("profile", status, 200 if world.meets(me, person) else 404)
        if status == 200:
            one.same("private", body["profile"]["private"], person in world.private)
        around = {
            "posts": {post for post, author in world.posts.items() if author == person},
            "followers": {who for who, whom in world.follows if whom == person and world.meets(me, who)},
            "following": {whom for who, whom in world.follows if who == person and world.meets(me, whom)},
        }
        for name, expected in around.items():
            status, body = await one.get(f"{path}/{name}?limit=100")
            one.same(f"profile {name}", status, 200 if world.meets(me, person) else 404)
            if status == 200:
                shown = ids(body["items"], "post") if name == "posts" else ids(body["items"])
                one.same(f"profile {name}", shown, expected if world.sees(me, person) else set())


async def look_at_own(one: Looker) -> None:
    """What only somebody signed in may ask for."""
    world, me = one.world, one.viewer
    assert me is not None
    reads = world.reads(me)
    shown = {post for post, author in world.posts.items() if author in reads}
    shown |= {post for post, who in world.reposts if who in reads}
    feed = await one.listed("/v1/feed?type=following&limit=100")
    one.same("following", ids(feed, "post"), {post for post in shown if world.wants(me, post)})
    for item in feed:
        if item["reposted_by"]:
            by = {who for post, who in world.reposts if str(post) == item["post"]["id"]} & reads
            one.same("reposted by", item["reposted_by"]["count"], len(by))
            assert ids(item["reposted_by"]["users"]) <= by
    kept = {post for post, who in world.bookmarks if who == me and world.sees(me, world.posts[post])}
    one.same("bookmarks", ids(await one.listed("/v1/bookmarks?limit=100"), "post"), kept)
    asking = {who for who, whom in world.requests if whom == me and world.meets(me, who)}
    one.same("requests", ids(await one.listed("/v1/follow-requests?limit=100"), "person"), asking)
    blocked = {whom for who, whom in world.blocks if who == me and world.gone.get(whom) != "deleted"}
    one.same("blocks", ids(await one.listed("/v1/blocks?limit=100")), blocked)
    muted = {whom for who, whom in world.mutes if who == me and world.meets(me, whom)}
    one.same("mutes", ids(await one.listed("/v1/mutes?limit=100")), muted)
    likers = {
        post: {who for liked, who in world.likes if liked == post and who != me and world.meets(me, who)}
        for post, author in world.posts.items()
        if author == me
    }
    notes = await one.listed("/v1/notifications?limit=100")
    told = {UUID(note["subject"]["id"]): ids(note["people"]) for note in notes}
    one.same("notified", set(told), {post for post, who in likers.items() if who})
    for post, people in told.items():
        one.same("notified of", (people <= likers[post], len(people)), (True, min(3, len(likers[post]))))
    everybody = ",".join(map(str, world.people))
    for found in await one.listed(f"/v1/relationships?ids={everybody}"):
        them = UUID(found["id"])
        expected = {
            "following": (me, them) in world.follows,
            "followed_by": (them, me) in world.follows,
            "requested": (me, them) in world.requests,
            "blocking": (me, them) in world.blocks,
            "muting": (me, them) in world.mutes,
        }
        one.same("relationship", {name: found[name] for name in expected}, expected)
    for found in await one.listed("/v1/suggestions?limit=100"):
        them = UUID(found["person"]["id"])
        known = {(me, them)} & (world.follows | world.requests.keys() | world.mutes)
        one.same("suggestion", (bool(known), them == me), (False, False))
        shared = {who for who, whom in world.follows if whom == them and (me, who) in world.follows}
        assert ids(found["friends"]["people"]) <= {who for who in shared if world.sees(me, who)}
        if found["tags"]:
            one.same("suggestion", world.sees(me, them), True)


async def act(one: Looker, chance: random.Random) -> None:
    """Whoever may not see a post can do nothing to it; whom one may not meet one cannot follow. What can be done is
    done, here and in the model."""
    world, me = one.world, one.viewer
    assert me is not None
    for post in chance.sample(list(world.posts), 4):
        sees = world.sees(me, world.posts[post])
        for what in ("like", "bookmark"):
            status, _ = await one.ask("PUT", f"/v1/posts/{post}/{what}")
            one.same(what, status, 200 if sees else 404)
        status, _ = await one.ask("POST", f"/v1/posts/{post}/comments", json={"body": "hello"})
        one.same("comment", status, 201 if sees else 404)
    for person in chance.sample(world.people, 3):
        if person != me and (me, person) not in world.mutes:
            status, _ = await one.ask("PUT", f"/v1/profiles/{world.name(person)}/mute", json={})
            one.same("mute", status, 200 if world.meets(me, person) else 404)
            if status == 200:
                world.mutes.add((me, person))


class Listener:
    """A viewer's socket, and all that came on it."""

    def __init__(self, one: Looker, socket: ClientWebSocketResponse) -> None:
        self.one = one
        self.socket = socket
        self.events: set[tuple[str, str, str]] = set()
        """Topic, type, and the id of the post or comment."""
        self.topics: set[str] = set()
        self.counted: set[UUID] = set()
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
            self.one._hold(f"socket {frame['topic']}", frame["data"])
        else:
            assert frame["push"] == "ping", frame


@asynccontextmanager
async def listening(looker: Looker) -> AsyncIterator[Listener]:
    """Watches every post, profile and feed that lets one."""
    world, me = looker.world, looker.viewer
    async with looker.client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)) as socket:
        listener = Listener(looker, socket)
        own = {"feed:following"} if me else set()
        owners = {f"post:{post}": author for post, author in world.posts.items()}
        owners |= {f"profile:{world.name(person)}": person for person in world.people}
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


async def all_is_told(client: Client, database_url: str, redis_url: str) -> None:
    """Wait until what was done has reached the sockets: every fact is relayed, every one that waits is answered."""

    async def owed() -> tuple[int, bool]:
        unsent = await fetch(database_url, "SELECT FROM outbox WHERE published_at IS NULL")
        unheard = await fetch(
            database_url,
            """SELECT FROM outbox o CROSS JOIN unnest(string_to_array(o.targets, ' ')) AS target WHERE NOT EXISTS (
                SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = target)""",
        )
        async with Redis.from_url(redis_url) as redis:
            newest: Any = await redis.xrevrange("live", count=1)
        return len(unsent) + len(unheard), client.app[LIVE_LOG].position() == newest[0][0].decode()

    await until(owed, (0, True), 30)


async def listen(client: Client, world: World, compared: Counter[str], urls: tuple[str, str], seed: int) -> None:
    """Who hears of what is edited, said and shared."""
    chance = random.Random(seed)
    lookers = {viewer: Looker(client, world, viewer, compared) for viewer in world.viewers}
    async with AsyncExitStack() as stack:
        listeners = [await stack.enter_async_context(listening(looker)) for looker in lookers.values()]
        expected: list[set[tuple[str, str, str]]] = [set() for _ in listeners]
        here = [viewer for viewer in world.viewers if viewer is not None]

        def expect(kind: str, subject: str, topics: dict[str, Any]) -> None:
            for listener, events in zip(listeners, expected, strict=True):
                for name, may in topics.items():
                    if name in listener.topics and may(listener.one.viewer):
                        events.add((name, kind, subject))

        for post, author in world.posts.items():
            if author in here:
                done, _ = await lookers[author].ask("PATCH", f"/v1/posts/{post}", json={"caption": "edited"})
                assert done == 200

                def sees(viewer: Viewer, author: UUID = author) -> bool:
                    return world.sees(viewer, author)

                def reads(viewer: Viewer, author: UUID = author) -> bool:
                    return viewer is not None and author in world.reads(viewer) - {viewer}

                everywhere = {f"post:{post}": sees, f"profile:{world.name(author)}": sees, "tag:sea": sees}
                expect("post.updated", str(post), {**everywhere, "feed:following": reads})
        for who in here:
            seen = [one for one, author in world.posts.items() if world.sees(who, author)]
            if not seen:
                continue
            post = chance.choice(seen)
            done, body = await lookers[who].ask("POST", f"/v1/posts/{post}/comments", json={"body": "hello"})
            assert done == 201
            expect("comment.created", body["id"], {f"post:{post}": lambda viewer, who=who: world.meets(viewer, who)})
            if (post, who) not in world.reposts:
                assert (await lookers[who].ask("PUT", f"/v1/posts/{post}/repost"))[0] == 200

                def gets(viewer: Viewer, who: UUID = who, post: UUID = post) -> bool:
                    return viewer is not None and who in world.reads(viewer) - {viewer} and world.wants(viewer, post)

                expect("post.reposted", str(post), {"feed:following": gets})
        await all_is_told(client, *urls)
        for listener, events in zip(listeners, expected, strict=True):
            await listener.ask("untrack", posts=[])
            told = {one for one in listener.events if one[0] != "me" and one[1] not in {"profile.updated", "watchers"}}
            listener.one.same("live", told, events)
            compared["live events"] += len(listener.events)
            hidden = {post for post, author in world.posts.items() if not world.sees(listener.one.viewer, author)}
            listener.one.same("live counts", listener.counted & hidden, set())


async def compare(client: Client, urls: tuple[str, str], seed: int, people: int, posts: int) -> Counter[str]:
    """A whole world, looked at by everybody; returns how often the server was held against the model."""
    database_url, _ = urls
    world = World.draw(random.Random(seed), people, posts)
    await world.plant(database_url)
    compared: Counter[str] = Counter()
    turns = asyncio.Semaphore(AT_ONCE)

    async def look(viewer: Viewer) -> None:
        one = Looker(client, world, viewer, compared)
        for part in (look_at_posts, look_at_people, *((look_at_own,) if viewer else ())):
            async with turns:
                await part(one)

    await asyncio.gather(*map(look, world.viewers))
    await listen(client, world, compared, urls, seed)
    for viewer in world.viewers:
        if viewer is not None:
            await act(Looker(client, world, viewer, compared), random.Random(seed))
    return compared


async def test_nobody_receives_what_they_may_not_see(client: Client, database_url: str, redis_url: str) -> None:
    compared = await compare(client, (database_url, redis_url), 20261122, people=9, posts=7)
    print(f"compared {compared.total()} times: {dict(compared)}")
    kinds = {"profile followers", "following", "forYou", "comments", "likers", "live", "sub", "like", "notified"}
    assert kinds <= compared.keys()
    assert compared["live events"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(40))
async def test_nobody_receives_what_they_may_not_see_in_many_worlds(
    client: Client, database_url: str, redis_url: str, seed: int
) -> None:
    compared = await compare(client, (database_url, redis_url), seed, people=12, posts=12)
    print(f"compared {compared.total()} times")
