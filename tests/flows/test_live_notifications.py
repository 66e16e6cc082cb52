"""Notifications and preferences fetched before, plus what one device's client hears, are those fetched after, whatever
people do and whichever device marks what."""

import asyncio
import random
from typing import Any

import pytest

from load.client import LiveClient
from load.processes import Served
from tests.flows.people import Person
from tests.flows.stack import Stack, eventually

State = dict[str, Any]
HEARD = {"notification.changed", "marker.changed", "preferences.changed"}


class Device:
    """What an app keeps of its user's notifications."""

    def __init__(self, stack: Stack, served: Served, owner: Person) -> None:
        self._stack, self._served, self._owner = stack, served, owner
        self.items: dict[str, State] = {}
        self.counts: State = {}
        self.preferences: State = {}
        self.marked: list[tuple[str, str]] = []
        self.rings = 0

        async def token() -> str:
            return owner.token

        self.live = LiveClient(stack.http, f"{served.url}/v1/realtime", token=token, backoff=(0.05, 0.5))

    async def get(self, path: str) -> tuple[State, str]:
        """What the server says now, and from where to go on."""
        headers = {"Authorization": f"Bearer {self._owner.token}"}
        async with self._stack.http.get(self._served.url + path, headers=headers) as response:
            assert response.status == 200, await response.text()
            return await response.json(), response.headers["Stream-Position"]

    async def fresh(self) -> tuple[list[State], State, State]:
        """Everything anew."""
        paths = ("/v1/notifications?limit=100", "/v1/notifications/unread", "/v1/notifications/preferences")
        page, counts, preferences = [(await self.get(path))[0] for path in paths]
        return page["items"], counts, preferences

    async def begin(self) -> None:
        """Fetch, and go on from there."""
        _, position = await self.get("/v1/notifications")
        items, self.counts, self.preferences = await self.fresh()
        self.items = {item["id"]: item for item in items}
        self.live.watch("me", since=position)

    @property
    def shown(self) -> tuple[list[State], State, State]:
        """Everything as it is kept here."""
        latest_first = sorted(self.items.values(), key=lambda item: (item["at"], item["id"]), reverse=True)
        return latest_first, self.counts, self.preferences

    async def listen(self) -> None:
        """Keep up."""
        async for event in self.live.events():
            kind, data = event["type"], event["data"]
            if kind == "notification.changed":
                self.items.pop(data["removed"], None)
                if data["notification"]:
                    self.items[data["notification"]["id"]] = data["notification"]
                self.rings += data["rings"]
            elif kind == "marker.changed":
                self.marked.append((data["read_at"] or "", data["seen_at"] or ""))
                for item in self.items.values():
                    item["read"] = item["at"] <= (data["read_at"] or "")
                    item["seen"] = item["at"] <= (data["seen_at"] or "")
            elif kind == "preferences.changed":
                self.preferences = data
            if "unseen" in data:
                self.counts = {"unseen": data["unseen"], "unread": data["unread"]}


async def do_something(
    stack: Stack, served: Served, device: Device, owner: Person, rng: random.Random, **them: Any
) -> None:
    """One thing that somebody might do; some of it is refused, which changes nothing."""
    fan, post = rng.choice(them["fans"]), rng.choice(them["posts"])
    verb = rng.choice(("PUT", "DELETE"))
    match rng.randrange(9):
        case 0 | 1 | 2:
            await stack.ask(served, verb, f"/v1/posts/{post}/like", fan)
        case 3:
            await stack.ask(served, verb, f"/v1/profiles/{owner.username}/follow", fan)
        case 4:
            await stack.ask(served, "POST", f"/v1/posts/{post}/comments", fan, json={"body": "What light!"})
        case 5:
            await stack.ask(served, verb, f"/v1/profiles/{fan.username}/block", owner)
        case 6:
            choice = {"policy": {"from_not_following": rng.choice(("accept", "filter"))}}
            await stack.ask(served, "PUT", "/v1/notifications/preferences", owner, json=choice)
        case 7:
            await stack.ask(served, verb, f"/v1/profiles/{fan.username}/follow", owner)
        case _ if device.items:
            until = {"until": rng.choice([*device.items])}
            await stack.ask(served, "PUT", f"/v1/notifications/{rng.choice(('read', 'seen'))}", owner, json=until)


@pytest.mark.parametrize(
    ("seed", "rounds"),
    [(3, 5), pytest.param(4, 20, marks=pytest.mark.slow), pytest.param(5, 20, marks=pytest.mark.slow)],
)
async def test_state_before_and_its_events_are_the_state_after(stack: Stack, seed: int, rounds: int) -> None:
    served, rng = await stack.serve(), random.Random(seed)
    owner, friend, *fans = await stack.people(6)
    posts = await stack.posts(owner, 3)
    them = {"fans": fans, "posts": posts}
    device = Device(stack, served, owner)
    for _ in range(10):
        await do_something(stack, served, device, owner, rng, **them)
    await device.begin()
    listening = asyncio.create_task(device.listen())
    for number in range(rounds):
        await asyncio.gather(*(do_something(stack, served, device, owner, rng, **them) for _ in range(5)))
        if number == 2:
            await device.live.close()
    open_to_all = {"policy": {"from_not_following": "accept"}}
    await stack.ok(served, "PUT", "/v1/notifications/preferences", owner, json=open_to_all)
    await stack.ok(served, "PUT", f"/v1/posts/{posts[0]}/like", friend)
    # Everything was asked; what follows from it may still be on its way, and the last word is what counts.
    await stack.becomes(
        0,
        "SELECT count(*) FROM outbox o WHERE 'notifications' = ANY(string_to_array(targets, ' ')) AND NOT EXISTS "
        "(SELECT FROM inbox_records r WHERE r.event_id = o.id AND r.domain = 'notifications')",
    )

    async def agrees() -> bool:
        return device.shown == await device.fresh()

    try:
        await eventually(agrees, wanted=True, what="what a device shows is not what there is")
    except AssertionError:
        assert device.shown == await device.fresh()
    finally:
        listening.cancel()
        await asyncio.wait([listening])
    for which in (0, 1):
        places = [mark[which] for mark in device.marked]
        assert places == sorted(places), "a marker went back"
    assert device.rings > 0, "what the friend did rings, whatever came before it"
