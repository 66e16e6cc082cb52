"""Feeds as clients meet them."""

from aiohttp import web
from aiohttp.test_utils import TestClient

from actors.graph.messages import SetFollow
from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.auth.people import callers
from tests.actors.feed.test_for_you import rank
from tests.actors.posts.posting import plant
from tests.actors.posts.test_over_http import call, signed_in

Client = TestClient[web.Request, web.Application]


async def test_both_feeds_are_walked_by_cursor_and_no_other_feeds_cursor_fits(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await system.ask(SetFollow(caller=bea, username="ana", following=True))
    posts = await plant(database_url, [ana.id] * 5)
    await rank(database_url, posts[::-1])
    headers = signed_in(settings, bea)
    cursors = {}
    for feed in ("forYou", "following"):
        seen: list[str] = []
        path = f"/v1/feed?type={feed}&limit=2"
        page = await call(client, "GET", path, headers=headers)
        cursors[feed] = page["next"]
        while True:
            seen += [item["post"]["id"] for item in page["items"]]
            assert all(item["viewer"]["following"] for item in page["items"])
            if page["next"] is None:
                break
            page = await call(client, "GET", f"{path}&cursor={page['next']}", headers=headers)
        assert seen == [str(post) for post in posts[::-1]]
    for feed, cursor in (("forYou", cursors["following"]), ("following", cursors["forYou"]), ("forYou", "x")):
        await call(client, "GET", f"/v1/feed?type={feed}&cursor={cursor}", 400, headers=headers)
    await call(client, "GET", "/v1/feed?type=popular", 400, headers=headers)
    page = await call(client, "GET", "/v1/feed?type=following")
    assert [item["viewer"] for item in page["items"]] == [None] * 5
