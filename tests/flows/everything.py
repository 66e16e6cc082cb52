"""What an app shows besides one post: lists, marks of one's own, sessions; and a tour through what changes them."""

from typing import Any
from uuid import uuid4

from load.processes import Served
from tests.flows.people import Person, insert_uploads
from tests.flows.stack import Stack, eventually

State = dict[str, Any]
TAG = "dusk"


class Everything:
    """Fetched once, then kept right by events."""

    def __init__(
        self, stack: Stack, served: Served, me: Person, friend: Person, stranger: Person, post_id: str
    ) -> None:
        self._stack, self._served = stack, served
        self._me, self._friend, self._stranger, self._post_id = me, friend, stranger, post_id
        self._lists = {
            "feed:following": "/v1/feed?type=following&limit=50",
            f"tag:{TAG}": f"/v1/tags/{TAG}/posts?limit=50",
            f"profile:{me.username}": f"/v1/profiles/{me.username}/posts?limit=50",
        }
        self.topics = ("me", *self._lists)
        self.state: State = {}
        self.marks: State = {}
        self.news: set[str] = set()
        self.heard: set[tuple[str, str]] = set()
        self.refetches = 0

    async def fetch(self, topic: str) -> str:
        """Put what a fresh request says on the screen; returns the position that events continue it from."""
        self.refetches += 1
        fresh, position = await self._look(topic)
        self.state |= fresh
        return position

    async def fresh(self) -> State:
        """All of it as it is now."""
        found: State = {}
        for topic in self.topics:
            found |= (await self._look(topic))[0]
        return found

    def event(self, topic: str, kind: str, data: State) -> None:
        """Apply an event."""
        self.heard.add((topic, kind))
        if kind == "feed.new":
            self.news |= set(data["newest"])
        elif kind == "session.revoked":
            self.state["sessions"].pop(data["session_id"], None)
        elif kind == "mine.changed":
            self.marks.setdefault(data["kind"], []).append(data["on"])
        elif kind == "post.deleted":
            self.state[topic].pop(data["post_id"], None)
        elif kind in {"post.published", "post.reposted", "post.updated"}:
            post = data["post"]
            is_here = kind != "post.updated" or post["id"] in self.state[topic]
            if topic.startswith("tag:") and TAG not in post["tags"]:
                self.state[topic].pop(post["id"], None)
            elif is_here:
                self.state[topic][post["id"]] = _uncounted(post)

    async def tour(self) -> None:
        """Everything once, or there and back, so that each event that carries a change comes."""
        theirs, others = await self._publish(self._friend), await self._publish(self._friend)
        mine = await self._publish(self._me)
        await self._ask("PATCH", f"/v1/posts/{theirs}", self._friend, caption="edited", tags=[TAG, "fog"])
        await self._ask("PATCH", f"/v1/posts/{mine}", self._me, tags=["fog"])
        await self._ask("PUT", f"/v1/posts/{self._post_id}/repost", self._friend)
        for kind in ("like", "repost", "bookmark"):
            for method in ("PUT", "DELETE"):
                await self._ask(method, f"/v1/posts/{theirs}/{kind}", self._me)
        for kind in ("follow", "mute", "block"):
            for method in ("PUT", "DELETE"):
                await self._ask(method, f"/v1/profiles/{self._stranger.username}/{kind}", self._me)
        await self._ask("DELETE", f"/v1/posts/{others}", self._friend)
        await self._ask("DELETE", f"/v1/posts/{mine}", self._me)
        await self._ask("POST", f"/v1/posts/{mine}/restore", self._me)
        for session in (self._me.id, str(uuid4())):
            await self._stack.value(_SESSION, session, self._me.id)
        await self.fetch("me")
        assert session in self.state["sessions"]
        await self._ask("DELETE", f"/v1/auth/sessions/{session}", self._me)

    async def is_right(self) -> None:
        """Wait until what is shown is what there is."""

        async def differs() -> bool:
            return self.state != await self.fresh()

        try:
            await eventually(differs, wanted=False, what="what is shown differs from what is there")
        except AssertionError:
            assert self.state == await self.fresh()

    async def _publish(self, who: Person) -> str:
        (upload,) = await insert_uploads(self._stack.database, who, 1)
        post = await self._ask("POST", "/v1/posts", who, upload_id=upload, caption="a light", tags=[TAG])
        return str(post["id"])

    async def _look(self, topic: str) -> tuple[State, str]:
        if topic == "me":
            sessions, position = await self._get("/v1/auth/sessions")
            return {"sessions": {one["id"]: one for one in sessions["items"]}}, position
        page, position = await self._get(self._lists[topic])
        posts = (item.get("post", item) for item in page["items"])
        return {topic: {post["id"]: _uncounted(post) for post in posts}}, position

    async def _get(self, path: str) -> tuple[Any, str]:
        headers = {"Authorization": f"Bearer {self._me.token}"}
        async with self._stack.http.get(self._served.url + path, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json(), response.headers.get("Stream-Position", "0-0")

    async def _ask(self, method: str, path: str, who: Person, **body: Any) -> Any:
        options: dict[str, Any] = {"json": body} if body or (method == "PUT" and path.endswith("/mute")) else {}
        return await self._stack.ok(self._served, method, path, who, **options)


_SESSION = """
INSERT INTO sessions (id, user_id, client, user_agent, address, created_at, last_used_at, expires_at)
VALUES ($1::text::uuid, $2::text::uuid, 'native', 'a test', '', now(), now(), now() + interval '1 day')
ON CONFLICT DO NOTHING
"""


def _uncounted(post: State) -> State:
    """Counts move by themselves."""
    return {name: value for name, value in post.items() if name != "counts"}
