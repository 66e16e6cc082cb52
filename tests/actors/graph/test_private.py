"""Private accounts: who asks, who answers, and what becomes of the question when the account is private no longer."""

import asyncio

import pytest
from uuid_utils.compat import uuid7

from actors.auth.people import Caller
from actors.graph import actor as graph_actor
from actors.graph.messages import AnswerRequest, FollowState, Relationship, RemoveFollower
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.profiles.messages import FollowRequestView, GetProfile, ListFollowRequests
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.graph.standing import NOTHING, block, follow, go_private, relationship, suspend


async def requests(system: System, who: Caller) -> tuple[FollowRequestView, ...]:
    return (await system.ask(ListFollowRequests(caller=who))).items


async def answer(system: System, who: Caller, request: FollowRequestView, *, accepted: bool) -> Relationship:
    return await system.ask(AnswerRequest(caller=who, request_id=request.id, accepted=accepted))


async def test_a_private_account_is_asked_and_its_yes_makes_a_follow(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await go_private(system, bea)
    for _ in range(2):
        assert await follow(system, ana, bea) == FollowState(following=False, requested=True)
    (request,) = await requests(system, bea)
    assert request.person.username == "ana"
    assert len(await facts(database_url, "FollowRequested")) == 1
    assert await facts(database_url, "Followed") == []
    found = await answer(system, bea, request, accepted=True)
    assert found == Relationship(id=ana.id, following=False, followed_by=True)
    assert await requests(system, bea) == ()
    (fact,) = await facts(database_url, "Followed")
    assert (fact["follower_id"], fact["followee_id"]) == (str(ana.id), str(bea.id))
    assert await follow(system, ana, bea) == FollowState(following=True)


async def test_a_rejected_or_withdrawn_request_is_gone_and_may_be_made_again(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await go_private(system, bea)
    await follow(system, ana, bea)
    (request,) = await requests(system, bea)
    assert (await answer(system, bea, request, accepted=False)).followed_by is False
    assert await requests(system, bea) == ()
    await follow(system, ana, bea)
    assert await follow(system, ana, bea, following=False) == NOTHING
    assert await requests(system, bea) == ()


async def test_only_who_is_asked_answers_and_only_once(system: System) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    await go_private(system, bea)
    await follow(system, ana, bea)
    (request,) = await requests(system, bea)
    for who in (ana, cleo):
        with pytest.raises(NotFound):
            await answer(system, who, request, accepted=True)
    await answer(system, bea, request, accepted=True)
    with pytest.raises(NotFound):
        await answer(system, bea, request, accepted=False)
    assert (await relationship(system, ana, bea)).following


async def test_requests_of_people_whose_accounts_do_not_show_are_not_listed(system: System, database_url: str) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    await go_private(system, bea)
    await follow(system, ana, bea)
    await follow(system, cleo, bea)
    assert [request.person.username for request in await requests(system, bea)] == ["cleo", "ana"]
    await suspend(database_url, cleo)
    assert [request.person.username for request in await requests(system, bea)] == ["ana"]
    await block(system, ana, bea)
    assert await requests(system, bea) == ()


async def test_becoming_public_lets_all_in_who_asked_however_many(
    system: System, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph_actor, "AT_ONCE", 2)
    bea, *fans = await callers(system, "bea", *(f"fan{n}" for n in range(5)))
    await go_private(system, bea)
    await asyncio.gather(*(follow(system, fan, bea) for fan in fans))
    await go_private(system, bea, private=False)

    async def followers() -> int:
        return len(await fetch(database_url, "SELECT FROM follows"))

    await until(followers, 5)
    assert await fetch(database_url, "SELECT FROM follow_requests") == []
    assert len(await facts(database_url, "Followed")) == 5

    async def counted() -> int:
        return (await system.ask(GetProfile(username="bea"))).profile.counts.followers

    await until(counted, 5)


async def test_privacy_set_twice_is_announced_once_and_shows_on_the_profile(system: System, database_url: str) -> None:
    ana, fan = await callers(system, "ana", "fan")
    await follow(system, fan, ana)
    for private in (True, True, False, True):
        await go_private(system, ana, private=private)
    assert [fact["private"] for fact in await facts(database_url, "PrivacyChanged")] == [True, False, True]
    narrowed = await facts(database_url, "SightNarrowed")
    assert [(fact["author_id"], fact["viewer_id"]) for fact in narrowed] == [(str(ana.id), None)] * 2
    assert (await system.ask(GetProfile(username="ana"))).profile.private
    assert (await relationship(system, fan, ana)).following, "who follows already goes on"

    async def shown() -> bool:
        updates = await facts(database_url, "ProfileUpdated")
        return bool(updates) and updates[-1]["profile"]["private"]

    await until(shown, True)


async def test_leaving_and_being_removed_from_a_private_account_end_the_sight_of_it(
    system: System, database_url: str
) -> None:
    ana, bea, cleo = await callers(system, "ana", "bea", "cleo")
    for fan in (bea, cleo):
        await follow(system, fan, ana)
    await follow(system, ana, bea)
    await go_private(system, ana)
    await follow(system, bea, ana, following=False)
    for _ in range(2):
        await system.ask(RemoveFollower(caller=ana, username="cleo"))
    await follow(system, ana, bea, following=False)
    narrowed = [fact["viewer_id"] for fact in await facts(database_url, "SightNarrowed")]
    assert narrowed == [None, str(bea.id), str(cleo.id)], "bea is public: whoever leaves her sees her still"
    assert len(await facts(database_url, "Unfollowed")) == 3
    assert await fetch(database_url, "SELECT FROM follows") == []


async def test_a_page_of_requests_looks_at_so_many_and_goes_on_behind_those_who_do_not_show(
    system: System, database_url: str
) -> None:
    ana, bea = await callers(system, "ana", "bea")
    await go_private(system, bea)
    await follow(system, ana, bea)
    later = [uuid7() for _ in range(60)]
    await fetch(
        database_url,
        """
        WITH crowd AS (
            INSERT INTO users (id, username, username_key, email, password_hash, created_at, suspended_until)
            SELECT id, id, id, id || '@example.org', '', now(), 'infinity' FROM unnest($2::uuid[]) AS id RETURNING id)
        INSERT INTO follow_requests (id, requester_id, target_id, created_at) SELECT id, id, $1, now() FROM crowd
        """,
        bea.id,
        later,
    )
    first = await system.ask(ListFollowRequests(caller=bea, limit=1))
    assert first.items == ()
    then = await system.ask(ListFollowRequests(caller=bea, limit=1, after=first.next))
    assert [request.person.username for request in then.items] == ["ana"]
    assert len(await requests(system, bea)) == 1
