"""Somebody who looks at everything the server shows by REST, and holds it against the model."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from aiohttp import web
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from actors.auth.people import Caller, Plan, Role
from server.keys import TOKENS
from tests.actors.graph.model import Viewer, World

Client = TestClient[web.Request, web.Application]
Json = dict[str, Any]


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
            body: Json = {} if response.status == 204 else await response.json()
            return response.status, body

    async def get(self, path: str) -> tuple[int, Json]:
        """A GET, held against what this viewer may be shown at all."""
        status, body = await self.ask("GET", path)
        self.hold(path, body)
        return status, body

    async def listed(self, path: str) -> list[Json]:
        """All of a list that is there for everybody who may ask for it."""
        status, body = await self.get(path)
        assert (status, body.get("next")) == (200, None), (path, status, body)
        items: list[Json] = body["items"]
        return items

    def hold(self, path: str, body: Json) -> None:
        for kind, shown, owner in found_in(body):
            self.compared["shown"] += 1
            match kind:
                case "post":
                    may = self.world.sees(self.viewer, owner)
                case "name":
                    may = owner in self.world.named([owner])
                case _:
                    may = self.world.meets(self.viewer, owner)
            assert may or path.startswith("/v1/blocks"), (self.viewer, path, kind, shown)

    def same(self, what: str, found: object, expected: object) -> None:
        """The server and the model agree."""
        self.compared[what] += 1
        if isinstance(found, set) and isinstance(expected, set):
            found, expected = found - expected, expected - found
        assert found == expected, (what, self.viewer, found, expected)


def found_in(body: Any) -> Iterator[tuple[str, Json, UUID]]:
    """Every post, person and name in a reply, with whose it is."""
    if isinstance(body, list):
        for part in body:
            yield from found_in(part)
    elif isinstance(body, dict):
        if "photo" in body and "author" in body:
            yield "post", body, UUID(body["author"]["id"])
        elif "username" in body and "id" in body:
            yield "person", body, UUID(body["id"])
        for field, part in body.items():
            if field == "mentions":
                yield from (("name", name, UUID(name["id"])) for name in part)
            else:
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
    posts = await one.listed(f"/v1/posts?ids={every}")
    one.same("posts", ids(posts, "post"), seen)
    for item in posts:
        one.same("names", names_in(item["post"]), world.named(world.names[UUID(item["post"]["id"])]))
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
            if post in seen and path == "/history":
                one.same("history", len(body["items"]), world.revisions[post])
            if post in seen and path == "/comments":
                await look_at_comments(one, post, body["items"])


async def look_at_comments(one: Looker, post: UUID, tops: list[Json]) -> None:
    """What is said of a post that shows, and what is replied to it, where one may hear whom it replies to."""
    world, me = one.world, one.viewer
    said = {comment: it for comment, it in world.comments.items() if it.post == post}
    one.same("comments", ids(tops), {c for c, it in said.items() if it.to is None and world.heard(me, c)})
    replies = []
    for top in {it.to for it in said.values() if it.to is not None}:
        status, body = await one.get(f"/v1/posts/{post}/comments?limit=100&parent_id={top}")
        one.same("replies", status, 200 if world.heard(me, top) else 404)
        if status == 200:
            heard = {comment for comment, it in said.items() if it.to == top and world.heard(me, comment)}
            one.same("replies", ids(body["items"]), heard)
            replies += body["items"]
    for item in (*tops, *replies):
        one.same("names", names_in(item), world.named(said[UUID(item["id"])].names))


def names_in(item: Json) -> list[UUID]:
    """Whom the words of a post or comment name."""
    return [UUID(name["id"]) for name in item["mentions"]]


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
    told = {UUID(note["subject"]["id"]): ids(note["people"]) for note in notes if note["kind"] == "like"}
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
        # What one put there when one might is taken back all the same.
        status, _ = await one.ask("DELETE", f"/v1/posts/{post}/like")
        one.same("unlike", status, 200 if sees or (post, me) in world.likes else 404)
        status, _ = await one.ask("POST", f"/v1/posts/{post}/comments", json={"body": "hello"})
        one.same("comment", status, 201 if sees else 404)
        tops = [comment for comment, said in world.comments.items() if said.post == post]
        if tops:
            top = chance.choice(tops)
            reply = {"body": "hello", "parent_id": str(top)}
            status, _ = await one.ask("POST", f"/v1/posts/{post}/comments", json=reply)
            one.same("reply", status, 201 if sees and world.heard(me, top) else 404)
    for person in chance.sample(world.people, 3):
        if person != me and (me, person) not in world.mutes:
            status, _ = await one.ask("PUT", f"/v1/profiles/{world.name(person)}/mute", json={})
            one.same("mute", status, 200 if world.meets(me, person) else 404)
            if status == 200:
                world.mutes.add((me, person))
