"""What an app shows besides one post: lists, marks of one's own, sessions, uploads; and a tour through what changes
them."""

import asyncio
from typing import Any
from uuid import uuid4

import aiohttp

from load.processes import Served
from tests.flows.people import Person, insert_uploads
from tests.flows.stack import Stack, eventually
from tests.images import photograph, text_file

State = dict[str, Any]
TAG = "dusk"
LONG, EDITS, MOST = "🏮" * 2_000, 20, 40
"""Edits at once, so many times at most: several times what any socket holds for a reader that does not read."""


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
        self._watched = f"post:{post_id}"
        self._uploads: list[str] = []
        self.topics = ("me", self._watched, *self._lists)
        self.state: State = {}
        self.watchers = 0
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
        match kind:
            case "feed.new":
                self.news |= set(data["newest"])
            case "watchers":
                self.watchers = data["count"]
            case "session.revoked":
                self.state["sessions"].pop(data["session_id"], None)
            case "preferences.changed":
                self.state["preferences"] = data
            case "export.done":
                self.state["export"] = [data["ready"], data["expires_at"]]
            case "upload.ready":
                self.state["uploads"][data["upload_id"]] = ["ready", data["photo"]]
            case "upload.rejected":
                self.state["uploads"][data["upload_id"]] = ["rejected", data["reason"]]
            case "mine.changed":
                # It says how it is now, and may be said again: delivery is at least once.
                if (told := self.marks.setdefault(data["kind"], []))[-1:] != [data["on"]]:
                    told.append(data["on"])
            case _ if topic in self._lists:
                self._listed(self.state[topic], topic, kind, data)

    def _listed(self, shown: State, topic: str, kind: str, data: State) -> None:
        if kind == "post.deleted":
            shown.pop(data["post_id"], None)
        elif kind in {"post.published", "post.reposted", "post.updated"}:
            post = data["post"]
            if topic.startswith("tag:") and TAG not in post["tags"]:
                shown.pop(post["id"], None)
            elif kind != "post.updated" or post["id"] in shown:
                shown[post["id"]] = _uncounted(post)

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
        # Nothing tells of a session that begins.
        self.state["sessions"] |= (await self._look("me"))[0]["sessions"]
        await self._ask("DELETE", f"/v1/auth/sessions/{session}", self._me)
        rings = self.state["preferences"]["kinds"]["like"]["live"]
        body = {"kinds": {"like": {"live": not rings}}}
        await self._ask("PUT", "/v1/notifications/preferences", self._me, **body)

    async def have_done(self) -> None:
        """What a worker does: a photograph made ready, another rejected, an export."""
        await self._ask("POST", "/v1/auth/me/export", self._me)
        for data in (photograph(64, 48), text_file()):
            wish = {"content_type": "image/jpeg", "bytes": len(data)}
            ticket = await self._ask("POST", "/v1/uploads/sign", self._me, **wish)
            async with (
                aiohttp.ClientSession() as plain,
                plain.put(ticket["url"], data=data, headers=ticket["headers"]) as stored,
            ):
                assert stored.status == 200, await stored.text()
            self._uploads.append(ticket["upload_id"])
            await self._ask("POST", "/v1/posts", self._me, upload_id=ticket["upload_id"], tags=[TAG])

    async def flood(self) -> None:
        """Edits of what three lists show, until some were not sent to who does not read: how much a socket holds is the
        kernel's to say."""
        before = await self._lags()
        post_id = await self._publish(self._me)
        path, headers = f"{self._served.url}/v1/posts/{post_id}", {"Authorization": f"Bearer {self._me.token}"}
        async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as plain:
            for _ in range(MOST):
                await asyncio.gather(*(plain.patch(path, json={"caption": f"{n} {LONG}"}) for n in range(EDITS)))
                if await self._lags() > before:
                    return

        async def is_told() -> bool:
            return await self._lags() > before

        await eventually(is_told, wanted=True, what="a lag")

    async def _lags(self) -> float:
        return await self._stack.metric(self._served, "vitrine_live_lags_total")

    async def company(self) -> None:
        """Somebody comes to look at the post and leaves: what is shown is what they were told, and then one less."""
        other = await self._stack.watch(self._served, None, self._watched)
        told = await other.event("watchers", count=2)
        await eventually(lambda: asyncio.sleep(0, self.watchers), wanted=told["data"]["count"], what="watchers")
        await other.close()
        await eventually(lambda: asyncio.sleep(0, self.watchers), wanted=1, what="watchers")

    async def is_right(self) -> None:
        """Wait until what is shown is what there is."""

        async def differences() -> State:
            fresh = await self.fresh()
            return {name: (shown, fresh[name]) for name, shown in self.state.items() if shown != fresh[name]}

        await eventually(differences, wanted={}, what="what is shown and what is there")

    async def _publish(self, who: Person) -> str:
        (upload,) = await insert_uploads(self._stack.database, who, 1)
        post = await self._ask("POST", "/v1/posts", who, upload_id=upload, caption="a light", tags=[TAG])
        return str(post["id"])

    async def _look(self, topic: str) -> tuple[State, str]:
        if topic == "me":
            sessions, position = await self._get("/v1/auth/sessions")
            preferences, _ = await self._get("/v1/notifications/preferences")
            export, _ = await self._get("/v1/auth/me/export")
            uploads = [(await self._get(f"/v1/uploads/{one}"))[0] for one in self._uploads]
            found: State = {"sessions": {one["id"]: one for one in sessions["items"]}, "preferences": preferences}
            found["uploads"] = {one["id"]: [one["state"], one.get("reason") or one.get("photo")] for one in uploads}
            is_done = export is not None and export["state"] != "preparing"
            found["export"] = [export["state"] == "ready", export["expires_at"]] if is_done else None
            return found, position
        if topic == self._watched:
            return {}, (await self._get(f"/v1/posts/{self._post_id}"))[1]
        page, position = await self._get(self._lists[topic])
        posts = (item.get("post", item) for item in page["items"])
        return {topic: {post["id"]: _uncounted(post) for post in posts}}, position

    async def _get(self, path: str) -> tuple[Any, str]:
        headers = {"Authorization": f"Bearer {self._me.token}"}
        async with self._stack.http.get(self._served.url + path, headers=headers) as response:
            assert response.status in {200, 404}, await response.text()
            body = await response.json() if response.status == 200 else None
            return body, response.headers.get("Stream-Position", "0-0")

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
