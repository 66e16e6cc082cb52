"""What people choose about their notifications: what rings, what is mailed, and of whom they hear."""

from typing import Any

import pytest

from actors.auth.people import Caller
from actors.kernel.envelope import Origin
from actors.kernel.system import System
from actors.media.events import PhotoRejected
from actors.notifications.messages import NotificationKind, SubjectKind
from actors.notifications.preference_messages import GetPreferences, PreferencesView, SetPreferences
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.graph.standing import go_private
from tests.actors.notifications.telling import rings, told
from tests.actors.notifications.test_notifications import follow, like, mine, outline, settle, unread
from tests.actors.posts.posting import plant


async def choose(system: System, who: Caller, **choices: Any) -> PreferencesView:
    return await system.ask(SetPreferences.model_validate({"caller": who, **choices}))


async def test_who_chose_nothing_has_every_kind_live_and_what_is_said_to_them_mailed(system: System) -> None:
    (ana,) = await callers(system, "ana")
    chosen = await system.ask(GetPreferences(caller=ana))
    assert set(chosen.kinds) == set(NotificationKind)
    assert all(channels["live"] for channels in chosen.kinds.values())  # type: ignore[index]  # an enum of str
    assert {kind for kind, channels in chosen.kinds.items() if not channels["mailDigest"]} == {"like", "repost"}  # type: ignore[index]  # as above
    assert chosen.mail_digest
    assert chosen.policy.model_dump() == {
        "from_not_following": "accept",
        "from_new_accounts": "accept",
        "new_account_days": 30,
    }


async def test_what_is_left_out_of_a_choice_stays_and_every_device_hears_of_a_change(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    before = await system.ask(GetPreferences(caller=ana))
    await choose(system, ana, kinds={"like": {"live": False}}, policy={"new_account_days": 7})
    after = await choose(system, ana, kinds={"like": {"mailDigest": True}, "follow": {"mailDigest": False}})
    assert after == await system.ask(GetPreferences(caller=ana))
    assert after.kinds[NotificationKind.like] == {"live": False, "mailDigest": True}
    assert after.kinds[NotificationKind.follow] == {"live": True, "mailDigest": False}
    assert after.kinds[NotificationKind.reply] == before.kinds[NotificationKind.reply]
    assert (after.policy.new_account_days, after.policy.from_new_accounts) == (7, "accept")
    await choose(system, ana)
    changes = await facts(database_url, "NotificationPreferencesChanged")
    assert [(change["user_id"], change["is_policy"]) for change in changes] == [
        (str(ana.id), True),
        (str(ana.id), False),
    ]
    assert changes[-1]["preferences"] == after.model_dump(mode="json")
    assert await system.ask(GetPreferences(caller=bea)) == before


async def test_a_kind_that_is_not_live_is_listed_and_counted_and_does_not_ring(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    await choose(system, ana, kinds={"like": {"live": False}})
    await like(system, bea, post)
    await follow(system, bea, ana)
    await settle(database_url)
    assert {item.kind for item in await mine(system, ana)} == {"follow", "like"}
    assert await unread(system, ana) == (2, 2)
    frames = await told(database_url, ana)
    assert {frame["notification"]["kind"]: frame["rings"] for frame in frames} == {"like": False, "follow": True}


async def test_people_one_does_not_follow_are_filtered_while_that_policy_holds(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    await follow(system, ana, bea)
    for fan in (bea, cleo):
        await like(system, fan, post)
        await settle(database_url)
    everybody, friends = [("like", post, ["cleo", "bea"], 2)], [("like", post, ["bea"], 1)]
    assert await outline(system, ana) == everybody
    rung = await rings(database_url, ana)
    await choose(system, ana, policy={"from_not_following": "filter"})
    await settle(database_url)
    assert await outline(system, ana) == friends
    await follow(system, ana, cleo)
    await settle(database_url)
    assert await outline(system, ana) == everybody
    for whom in (bea, cleo):
        await follow(system, ana, whom, following=False)
    await settle(database_url)
    last = (await told(database_url, ana))[-1]
    assert (await outline(system, ana), await unread(system, ana)) == ([], (0, 0))
    assert (last["notification"], last["unseen"], last["unread"]) == (None, 0, 0)
    await choose(system, ana, policy={"from_not_following": "accept"})
    await settle(database_url)
    assert await outline(system, ana) == everybody
    assert await rings(database_url, ana) == rung, "what was held back is there again, and does not ring"


async def test_accounts_that_were_new_when_they_did_it_are_filtered_and_requests_never(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    (post,) = await plant(database_url, [ana.id])
    await fetch(database_url, "UPDATE users SET created_at = now() - interval '8 days' WHERE id = $1", bea.id)
    await choose(system, ana, policy={"from_new_accounts": "filter", "new_account_days": 7})
    await like(system, bea, post)
    await like(system, cleo, post)
    await go_private(system, ana)
    await follow(system, cleo, ana)
    await settle(database_url)
    assert {item[0]: item[2] for item in await outline(system, ana)} == {"like": ["bea"], "followRequest": ["cleo"]}
    await choose(system, ana, policy={"new_account_days": 30, "from_not_following": "filter"})
    await settle(database_url)
    assert {item[0]: item[2] for item in await outline(system, ana)} == {"followRequest": ["cleo"]}


async def test_a_rejected_upload_is_told_without_people_whatever_the_policy(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    await choose(system, ana, policy={"from_not_following": "filter", "from_new_accounts": "filter"})
    await plant(database_url, [ana.id])
    (photo,) = await fetch(database_url, "UPDATE photos SET state = 'rejected', reason = 'damaged' RETURNING id")
    rejected = PhotoRejected(photo_id=photo["id"], owner_id=ana.id, reason="damaged")
    for _ in range(2):
        await system.deliver("notifications", rejected, Origin())
    (item,) = await mine(system, ana)
    assert (item.kind, item.subject.kind, item.subject.id) == (
        NotificationKind.upload_rejected,
        SubjectKind.upload,
        photo["id"],
    )
    assert (item.people, item.count, await unread(system, ana)) == ((), 0, (1, 1))
    assert await rings(database_url, ana) == 1


@pytest.mark.parametrize("channel", ["live", "mailDigest"])
async def test_what_is_as_for_everybody_is_not_kept(system: System, database_url: str, channel: str) -> None:
    (ana,) = await callers(system, "ana")
    for on in (False, True):
        await choose(system, ana, kinds={"follow": {channel: on}})
    rows = await fetch(database_url, "SELECT kinds FROM notification_preferences")
    assert [row["kinds"] for row in rows] == ["{}"]
