"""What somebody's app shows: fetched once, then kept right by what a live client tells it."""

from collections.abc import Iterable
from typing import Any

from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack

State = dict[str, Any]
APPLIED = frozenset(
    f"{what}.{how}"
    for what, ways in {
        "post": ("published", "updated", "deleted"),
        "comment": ("created", "updated", "deleted"),
        "profile": ("updated",),
        "notification": ("changed",),
        "marker": ("changed",),
    }.items()
    for how in ways
)
"""The types of events that what is shown here depends on."""


class Shown:
    """A post with its comments, its author's profile, and the author's own notifications, bookmarks and numbers.

    Of a topic that is stale everything is fetched anew; otherwise events and counts are applied to what is there.
    """

    def __init__(self, stack: Stack, served: Served, author: Person, post_id: str) -> None:
        self._stack, self._author, self._post_id = stack, author, post_id
        self.served = served
        self.topics = {"me": self._me, f"post:{post_id}": self._post, f"profile:{author.username}": self._profile}
        self.state: State = {}
        self.refetches = 0

    async def fetch(self, topic: str) -> str:
        """Put what a fresh request says on the screen; returns the position that events continue it from."""
        self.refetches += 1
        fresh, position = await self.topics[topic]()
        self.state |= fresh
        return position

    async def fresh(self) -> State:
        """All of it as it is now."""
        found: State = {}
        for look in self.topics.values():
            found |= (await look())[0]
        return found

    def event(self, kind: str, data: State) -> None:
        """Apply an event."""
        match kind:
            case "post.updated" | "post.published":
                counts = max(self._counts, data["post"]["counts"], key=lambda counts: counts["v"])
                self.state["post"] = data["post"] | {"counts": counts}
            case "post.deleted":
                self.state["post"] = None
            case "comment.created" | "comment.updated":
                self.state["comments"][data["comment"]["id"]] = data["comment"]
            case "comment.deleted":
                comments = self.state["comments"]
                comments.pop(data["comment_id"], None)
                self.state["comments"] = {
                    one: said for one, said in comments.items() if said["parent_id"] != data["comment_id"]
                }
            case "profile.updated":
                self.state["bio"] = data["profile"]["bio"]
            case "notification.changed":
                self.state["notifications"].pop(data["removed"], None)
                if data["notification"] is not None:
                    self.state["notifications"][data["notification"]["id"]] = _unmarked(data["notification"])
            case "mine.changed" if data["kind"] == "bookmark" and data["subject_id"] == self._post_id:
                self.state["bookmarked"] = data["on"]
        if kind in {"notification.changed", "marker.changed"}:
            self.state["news"] = {name: data[name] for name in ("unseen", "unread")}
        thread = data.get("thread")
        if thread is not None and thread["id"] in self.state["comments"]:
            self.state["comments"][thread["id"]] |= {"replies": thread["replies"]}

    def counts(self, counts: State) -> None:
        """Apply counts of the post."""
        if self.state["post"] is not None and counts["v"] > self._counts["v"]:
            self.state["post"] |= {"counts": counts}

    @property
    def _counts(self) -> State:
        known: State = {"v": -1} if self.state["post"] is None else self.state["post"]["counts"]
        return known

    async def _post(self) -> tuple[State, str]:
        body, position = await self._get(f"/v1/posts/{self._post_id}")
        comments = {one["id"]: one for one in await self._list(f"/v1/posts/{self._post_id}/comments?limit=100")}
        for top in tuple(comments.values()):
            if top["replies"]:
                path = f"/v1/posts/{self._post_id}/comments?limit=100&parent_id={top['id']}"
                comments |= {one["id"]: one for one in await self._list(path)}
        return {"post": None if body is None else body["post"], "comments": comments}, position

    async def _profile(self) -> tuple[State, str]:
        body, position = await self._get(f"/v1/profiles/{self._author.username}")
        return {"bio": body["profile"]["bio"]}, position

    async def _me(self) -> tuple[State, str]:
        # The oldest position of several is the one from which nothing is missing.
        body, position = await self._get("/v1/notifications?limit=100")
        notifications = {one["id"]: _unmarked(one) for one in body["items"]}
        news, _ = await self._get("/v1/notifications/unread")
        bookmarks = await self._list("/v1/bookmarks?limit=100")
        is_kept = any(self._post_id in str(one) for one in bookmarks)
        return {"notifications": notifications, "news": news, "bookmarked": is_kept}, position

    async def _list(self, path: str) -> Iterable[State]:
        body, _ = await self._get(path)
        items: Iterable[State] = () if body is None else body["items"]
        return items

    async def _get(self, path: str) -> tuple[Any, str]:
        headers = {"Authorization": f"Bearer {self._author.token}"}
        async with self._stack.http.get(self.served.url + path, headers=headers) as response:
            assert response.status in {200, 404}, await response.text()
            body = await response.json() if response.status == 200 else None
            return body, response.headers.get("Stream-Position", "0-0")


def _unmarked(notification: State) -> State:
    """Whether it was seen is told by numbers and by places, not notification by notification."""
    return {name: value for name, value in notification.items() if name not in {"seen", "read"}}
