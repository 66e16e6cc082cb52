"""Notifications as clients meet them."""

from aiohttp import web
from aiohttp.test_utils import TestClient
from uuid_utils.compat import uuid7

from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.auth.people import callers
from tests.actors.notifications.test_notifications import like, settle
from tests.actors.posts.posting import plant
from tests.actors.posts.test_over_http import call, signed_in

Client = TestClient[web.Request, web.Application]


async def test_a_notification_from_its_ring_to_its_reading(
    client: Client, system: System, settings: Settings, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await like(system, bea, post)
    await settle(database_url)
    headers = signed_in(settings, ana)
    page = await call(client, "GET", "/v1/notifications", headers=headers)
    (item,) = page["items"]
    assert set(item) == {"id", "kind", "subject", "people", "count", "read", "seen", "at"}
    assert (item["kind"], item["subject"]) == ("like", {"kind": "post", "id": str(post)})
    assert [person["username"] for person in item["people"]] == ["bea"]
    assert await call(client, "GET", "/v1/notifications/unread", headers=headers) == {"unseen": 1, "unread": 1}
    mark = {"until": item["id"]}
    seen = await call(client, "PUT", "/v1/notifications/seen", json=mark, headers=headers)
    assert seen == {"read_until": None, "seen_until": item["id"], "unseen": 0, "unread": 1}
    read = await call(client, "PUT", "/v1/notifications/read", json=mark, headers=headers)
    assert (read["read_until"], read["unread"]) == (item["id"], 0)
    await call(client, "PUT", "/v1/notifications/read", 404, json=mark, headers=signed_in(settings, bea))
    await call(client, "PUT", "/v1/notifications/read", 404, json={"until": str(uuid7())}, headers=headers)
    await call(client, "PUT", "/v1/notifications/read", 422, json={"until": "now"}, headers=headers)
    await call(client, "GET", "/v1/notifications", 401)
