"""Notifications as clients meet them."""

from aiohttp import web
from aiohttp.test_utils import TestClient
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from actors.kernel.system import System
from actors.notifications.preference_messages import GetPreferences
from actors.notifications.unsubscribing import owner_of, token_of
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
    mark = {"until": item["id"], "at": item["at"]}
    seen = await call(client, "PUT", "/v1/notifications/seen", json=mark, headers=headers)
    assert seen == {
        "read_until": None,
        "read_at": None,
        "seen_until": item["id"],
        "seen_at": item["at"],
        "unseen": 0,
        "unread": 1,
    }
    read = await call(client, "PUT", "/v1/notifications/read", json=mark, headers=headers)
    assert (read["read_until"], read["unread"]) == (item["id"], 0)
    await call(client, "PUT", "/v1/notifications/read", 404, json=mark, headers=signed_in(settings, bea))
    await call(client, "PUT", "/v1/notifications/read", 404, json={"until": str(uuid7())}, headers=headers)
    await call(client, "PUT", "/v1/notifications/read", 422, json={"until": "now"}, headers=headers)
    await call(client, "GET", "/v1/notifications", 401)


async def test_preferences_are_read_chosen_and_refused_with_every_error_at_once(
    client: Client, system: System, settings: Settings
) -> None:
    (ana,) = await callers(system, "ana")
    headers = signed_in(settings, ana)
    path = "/v1/notifications/preferences"
    before = await call(client, "GET", path, headers=headers)
    assert before["kinds"]["followRequest"] == {"live": True, "mailDigest": True}
    choice = {"kinds": {"like": {"live": False}}, "policy": {"from_new_accounts": "filter"}}
    after = await call(client, "PUT", path, json=choice, headers=headers)
    before["kinds"]["like"]["live"] = False
    before["policy"]["from_new_accounts"] = "filter"
    assert after == before == await call(client, "GET", path, headers=headers)
    wrong = {
        "kinds": {"smile": {"live": True}, "like": {"pigeon": True, "live": "yes"}},
        "policy": {"from_new_accounts": "maybe", "new_account_days": 0, "from_mars": "accept"},
        "mail_digest": 1,
        "colour": "red",
    }
    problem = await call(client, "PUT", path, 422, json=wrong, headers=headers)
    assert {error["field"].removesuffix(".[key]") for error in problem["errors"]} == {
        "kinds.smile",
        "kinds.like.pigeon",
        "kinds.like.live",
        "policy.from_new_accounts",
        "policy.new_account_days",
        "policy.from_mars",
        "mail_digest",
        "colour",
    }
    assert after == await call(client, "GET", path, headers=headers)


async def test_one_click_without_signing_in_ends_digests_and_nothing_else(
    client: Client, system: System, settings: Settings
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    path = f"/v1/notifications/unsubscribe/{token_of(settings, ana.id)}"
    for _ in range(2):
        await call(client, "POST", path, 204, data={"List-Unsubscribe": "One-Click"})
    await call(client, "POST", path, 204)
    chosen = [await system.ask(GetPreferences(caller=who)) for who in (ana, bea)]
    assert [one.mail_digest for one in chosen] == [False, True]
    assert chosen[0].kinds == chosen[1].kinds
    forged = token_of(settings.model_copy(update={"jwt_secret": SecretStr("x" * 32)}), ana.id)
    for token in (forged, "x", "%00", path[-43:-1], token_of(settings, uuid7())):
        refused = await call(client, "POST", f"/v1/notifications/unsubscribe/{token}", 400 if token == "%00" else 404)
        assert refused["code"] == ("malformed" if token == "%00" else "unsubscribe_link_unknown")


def test_links_outlive_a_secret_that_still_verifies(settings: Settings) -> None:
    ana = uuid7()
    older = settings.model_copy(update={"jwt_secret": SecretStr("y" * 32)})
    both = settings.model_copy(update={"jwt_secret": SecretStr(f"{'z' * 32},{'y' * 32}")})
    assert owner_of(both, token_of(older, ana)) == ana
    assert owner_of(older, token_of(both, ana)) is None
