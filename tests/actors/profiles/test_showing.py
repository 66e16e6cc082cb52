"""Profiles: what everyone sees, what the caller sees, and what changes it."""

import asyncio
from typing import Any

import pytest

from actors.auth.people import Caller, UnknownUser
from actors.auth.standing import BecomeCreator
from actors.graph.messages import SetFollow
from actors.kernel.errors import Malformed, Unauthenticated
from actors.kernel.system import System
from actors.profiles.messages import EditProfile, GetMe, GetProfile, ListFollowers, ListFollowing, ProfileView
from tests.actors.auth.people import callers, facts, fetch, join, prove, until


async def shown(system: System, username: str, caller: Caller | None = None) -> ProfileView:
    return (await system.ask(GetProfile(username=username, caller=caller))).profile


async def edit(system: System, caller: Caller, **changes: Any) -> ProfileView:
    return await system.ask(EditProfile.model_validate({"caller": caller, **changes}))


async def test_somebody_new_shows_by_username_with_nothing_counted(system: System) -> None:
    ana = await join(system, "Ana")
    profile = await shown(system, "ANA")
    assert (profile.id, profile.username, profile.display_name, profile.bio) == (ana.user.id, "Ana", "Ana", "")
    assert profile.counts.model_dump() == {"posts": 0, "followers": 0, "following": 0, "likes": 0}
    assert (profile.avatar, profile.links, profile.socials, profile.private) == (None, (), {}, False)


async def test_an_edit_changes_what_is_named_and_keeps_the_rest(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    links = [{"label": "Work", "url": "https://example.org/ana"}]
    await edit(system, ana, display_name=" Ana Lima ", bio="Light.", links=links, socials={"x": "@ana_lima"})
    profile = await edit(system, ana, bio="Light and dust.")
    assert profile == await shown(system, "ana")
    assert (profile.display_name, profile.bio) == ("Ana Lima", "Light and dust.")
    assert [link.model_dump() for link in profile.links] == links
    assert profile.socials == {"x": "ana_lima"}
    announced = await facts(database_url, "ProfileUpdated")
    assert [fact["profile"]["bio"] for fact in announced] == ["Light.", "Light and dust."]


async def test_null_empties_what_it_names(system: System) -> None:
    (ana,) = await callers(system, "ana")
    await edit(system, ana, display_name="Ana Lima", bio="Light.", socials={"x": "@ana_lima"})
    profile = await edit(system, ana, display_name=None, bio=None, links=None, socials=None)
    assert (profile.display_name, profile.bio, profile.links, profile.socials) == ("ana", "", (), {})


async def test_an_edit_that_names_nothing_changes_nothing(system: System) -> None:
    (ana,) = await callers(system, "ana")
    before = await edit(system, ana, bio="Light.")
    assert await edit(system, ana) == before


async def test_who_becomes_a_creator_shows_so_to_those_who_watch_the_profile(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await prove(database_url)
    await system.ask(BecomeCreator(caller=ana.caller))

    async def role_heard_last() -> str | None:
        heard = await facts(database_url, "ProfileUpdated")
        return heard[-1]["profile"]["role"] if heard else None

    await until(role_heard_last, (await shown(system, "ana")).role)


async def test_the_edit_is_live_for_those_who_watch_the_profile(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "Ana")
    profile = await edit(system, ana, bio="Light.")
    (row,) = await fetch(database_url, "SELECT topics, live_type, live_data FROM outbox WHERE type = 'ProfileUpdated'")
    assert (row["topics"], row["live_type"]) == ("profile:ana", "profile.updated")
    assert ProfileView.model_validate_json(row["live_data"].partition(b'{"profile":')[2][:-1]) == profile


async def test_who_is_signed_in_sees_how_they_stand_and_visitors_do_not(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await system.ask(SetFollow(caller=ana, username="bea", following=True))
    as_ana, as_bea, as_visitor = await asyncio.gather(
        system.ask(GetProfile(username="bea", caller=ana)),
        system.ask(GetProfile(username="ana", caller=bea)),
        system.ask(GetProfile(username="bea")),
    )
    assert as_ana.viewer is not None
    assert (as_ana.viewer.following, as_ana.viewer.followed_by) == (True, False)
    assert as_bea.viewer is not None
    assert (as_bea.viewer.following, as_bea.viewer.followed_by) == (False, True)
    assert as_visitor.viewer is None


async def test_one_unknown_name_among_many_fails_alone(system: System, database_url: str) -> None:
    await callers(system, "ana", "bea")
    await fetch(database_url, "UPDATE users SET deleted_at = now() WHERE username = 'bea'")
    outcomes = await asyncio.gather(
        *(system.ask(GetProfile(username=name)) for name in ("ana", "nobody", "bea")), return_exceptions=True
    )
    assert [isinstance(outcome, UnknownUser) for outcome in outcomes] == [False, True, True]


async def test_the_caller_sees_their_own_account_as_it_is_now(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await fetch(database_url, "UPDATE users SET role = 'creator', plan = 'pro'")
    user = (await system.ask(GetMe(caller=ana.caller))).user
    assert (user.id, user.email, user.role, user.plan) == (ana.user.id, "ana@example.org", "creator", "pro")
    assert user.entitlements.uploads_per_day == 2_000
    await fetch(database_url, "UPDATE users SET deleted_at = now()")
    with pytest.raises(Unauthenticated):
        await system.ask(GetMe(caller=ana.caller))


async def test_followers_come_page_by_page_the_latest_first(system: System) -> None:
    people = await callers(system, "star", *(f"fan{n}" for n in range(7)))
    for fan in people[1:]:
        await system.ask(SetFollow(caller=fan, username="star", following=True))
    pages, after = [], None
    while True:
        page = await system.ask(ListFollowers(username="Star", limit=3, after=after))
        pages.append([person.username for person in page.items])
        if (after := page.next) is None:
            break
    assert pages == [["fan6", "fan5", "fan4"], ["fan3", "fan2", "fan1"], ["fan0"]]


async def test_a_page_loses_and_doubles_nobody_where_many_came_in_one_moment(system: System, database_url: str) -> None:
    star, *fans = await callers(system, "star", *(f"fan{n}" for n in range(9)))
    await fetch(
        database_url,
        "INSERT INTO follows SELECT id, $1, '2026-01-01' FROM unnest($2::uuid[]) AS id",
        star.id,
        [fan.id for fan in fans],
    )
    seen, after = [], None
    for _ in range(5):
        page = await system.ask(ListFollowers(username="star", limit=2, after=after))
        seen += [person.id for person in page.items]
        after = page.next
    assert after is None
    assert seen == sorted((fan.id for fan in fans), reverse=True)


async def test_whom_somebody_follows_is_listed_with_how_they_show(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await edit(system, bea, display_name="Bea Ray")
    await system.ask(SetFollow(caller=ana, username="bea", following=True))
    page = await system.ask(ListFollowing(username="ana"))
    (person,) = page.items
    assert (person.id, person.username, person.display_name) == (bea.id, "bea", "Bea Ray")
    assert (await system.ask(ListFollowing(username="bea"))).items == ()
    with pytest.raises(UnknownUser):
        await system.ask(ListFollowing(username="nobody"))


@pytest.mark.parametrize("after", [("x",), (1, 2), ("not a time", "x"), ("2026-01-01T00:00:00+00:00", "no id")])
async def test_a_place_in_another_list_is_malformed(system: System, after: tuple[str | int, ...]) -> None:
    await callers(system, "ana")
    with pytest.raises(Malformed):
        await system.ask(ListFollowers(username="ana", after=after))
