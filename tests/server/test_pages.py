"""Pages of the feed that are kept for an instant: whose they are, who asks for them, and what they say of the log."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.auth.people import Caller
from actors.graph.messages import SetBlock
from actors.kernel.system import System
from actors.kernel.transaction import Reader
from actors.posts.messages import DeletePost, SetLike
from actors.profiles.messages import EditProfile
from actors.settings import Settings
from server.http import pages
from server.http.pages import KeptPage, Pages
from server.keys import LIVE_LOG, PAGES
from server.realtime import recheck
from tests.actors.auth.people import callers, until
from tests.actors.feed.test_for_you import rank
from tests.actors.posts.posting import plant
from tests.actors.posts.test_over_http import call, signed_in

Client = TestClient[web.Request, web.Application]
LONG = 3600.0


@pytest.fixture(autouse=True)
def nobody_else_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The live edge asks on its own, now and then, who is to be believed no longer: no question of a page."""
    monkeypatch.setattr(recheck, "PERIOD_SECONDS", LONG)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """How often the database was asked something outside transactions."""
    count = 0
    fetch = Reader.fetch

    async def counted(self: Reader, sql: str, *args: Any) -> Any:
        nonlocal count
        count += 1
        return await fetch(self, sql, *args)

    monkeypatch.setattr(Reader, "fetch", counted)
    return lambda: count


async def shown(client: Client, headers: dict[str, str] | None = None) -> dict[str, Any]:
    page: dict[str, Any] = await call(client, "GET", "/v1/feed", headers=headers or {})
    return page


async def world(system: System, database_url: str, count: int = 5) -> tuple[Caller, Caller, list[UUID]]:
    ana, bea = await callers(system, "ana", "bea")
    posts = await plant(database_url, [ana.id] * count)
    await rank(database_url, posts)
    return ana, bea, posts


async def test_two_hundred_who_come_at_once_have_one_page_made(
    client: Client, system: System, database_url: str, asked: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    await world(system, database_url)
    before = asked()
    await shown(client)
    alone = asked() - before
    client.app[PAGES]._kept.clear()
    before = asked()
    found = await asyncio.gather(*(shown(client) for _ in range(200)))
    assert asked() - before <= alone
    assert all(page == found[0] for page in found)


async def test_a_visitor_who_holds_the_page_is_told_so_without_a_look_at_it(
    client: Client, system: System, database_url: str, asked: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    await world(system, database_url)
    async with client.get("/v1/feed") as response:
        etag, position = response.headers["ETag"], response.headers["Stream-Position"]
    before = asked()
    async with client.get("/v1/feed", headers={"If-None-Match": etag}) as response:
        assert (response.status, await response.read()) == (304, b"")
        assert response.headers["Stream-Position"] == position
    async with client.get("/v1/feed", headers={"If-None-Match": '"other"'}) as response:
        assert response.status == 200
    assert asked() == before


async def test_nobody_is_given_anothers_page(
    client: Client, system: System, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    ana, bea, posts = await world(system, database_url)
    await system.ask(SetLike(caller=bea, post_id=posts[0], liked=True))
    for _ in range(2):
        liked = [item["viewer"]["liked"] for item in (await shown(client, signed_in(settings, bea)))["items"]]
        assert liked == [True, False, False, False, False]
        assert (await shown(client, signed_in(settings, ana)))["items"] == [], "one's own posts are not shown"
        assert [item["viewer"] for item in (await shown(client))["items"]] == [None] * 5
    async with client.get("/v1/feed", headers=signed_in(settings, bea)) as response:
        assert response.headers["Cache-Control"] == "private, no-store"


async def test_whoever_changes_something_sees_it_at_once(
    client: Client, system: System, settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    _, bea, posts = await world(system, database_url)
    headers = signed_in(settings, bea)
    for method, liked in (("PUT", True), ("DELETE", False)):
        await shown(client, headers)
        await call(client, method, f"/v1/posts/{posts[2]}/like", headers=headers)
        assert (await shown(client, headers))["items"][2]["viewer"]["liked"] is liked
    await call(
        client, "POST", "/v1/feed/feedback", 204, headers=headers, json={"post_id": str(posts[0]), "signal": "less"}
    )
    assert str(posts[0]) not in {item["post"]["id"] for item in (await shown(client, headers))["items"]}


async def test_what_others_hide_is_gone_within_a_second(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea, posts = await world(system, database_url)
    headers = signed_in(settings, bea)

    async def found() -> tuple[int, int]:
        return len((await shown(client, headers))["items"]), len((await shown(client))["items"])

    assert pages.KEPT_SECONDS < 1
    assert await found() == (5, 5)
    await system.ask(DeletePost(caller=ana, post_id=posts[0]))
    await until(found, (4, 4))
    await system.ask(SetBlock(caller=ana, username="bea", blocking=True))
    await until(found, (0, 4))
    await system.ask(EditProfile(caller=ana, private=True))
    await until(found, (0, 0))


async def test_who_resumes_from_a_kept_page_is_told_what_happened_since_its_rows_were_read(
    client: Client, system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    ana, _, posts = await world(system, database_url)
    await shown(client)
    head = client.app[LIVE_LOG]
    before = head.position()
    await system.ask(DeletePost(caller=ana, post_id=posts[0]))

    async def has_moved() -> bool:
        return head.position() != before

    await until(has_moved, True)
    async with client.get("/v1/feed") as response:
        page, position = await response.json(), response.headers["Stream-Position"]
    assert str(posts[0]) in {item["post"]["id"] for item in page["items"]}, "it is the page of before"
    async with client.ws_connect("/v1/realtime", protocols=("vitrine.v1.json",)) as socket, asyncio.timeout(30):
        await socket.send_json({"id": 1, "op": "connect", "topics": {"profile:ana": position}})
        answer = await socket.receive_json()
        assert answer["ok"]["topics"]["profile:ana"]["recovered"] is True
        frame = await socket.receive_json()
        while frame.get("type") != "post.deleted":
            frame = await socket.receive_json()
    assert frame["data"]["post_id"] == str(posts[0])


async def test_a_page_that_is_overtaken_by_its_askers_own_change_is_not_kept() -> None:
    kept, person = Pages(), UUID(int=1)
    begun, may_end = asyncio.Event(), asyncio.Event()

    async def make() -> KeptPage:
        begun.set()
        await may_end.wait()
        return KeptPage(b"old", None, None)

    asking = asyncio.create_task(kept.find_or_make((person, "/"), make))
    await begun.wait()
    kept.forget(person)
    may_end.set()
    assert (await asking).body == b"old", "who asked before gets what was then"
    assert kept.find((person, "/")) is None


async def test_pages_take_no_more_room_than_they_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "KEPT_BYTES", 10_000)
    monkeypatch.setattr(pages, "KEPT_SECONDS", LONG)
    kept = Pages()

    async def make() -> KeptPage:
        return KeptPage(bytes(800), None, None)

    for number in range(50):
        await kept.find_or_make((UUID(int=number), "/"), make)
    assert sum(kept.find((UUID(int=number), "/")) is not None for number in range(50)) == 10
    assert kept.find((UUID(int=49), "/")) is not None
    assert len(kept._of_person) == 10
