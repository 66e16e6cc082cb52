"""Avatars: the old one stays until the new one can be seen, and goes when nobody shows it."""

import asyncio
from datetime import datetime
from uuid import UUID

import pytest

from actors.adapters.addresses import Addresses
from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.kernel.envelope import Origin
from actors.kernel.errors import NotFound
from actors.kernel.jobs import JobContext
from actors.kernel.system import System
from actors.media.jobs import process
from actors.media.messages import Purpose, ReleasePhoto, UploadMissing, UploadTicket, UploadUsed
from actors.posts.jobs import release_strays as strays_of_posts
from actors.posts.messages import CreatePost, GetPost
from actors.profiles import avatars
from actors.profiles.events import AvatarLeft
from actors.profiles.jobs import release_strays as strays_of_profiles
from actors.profiles.messages import AvatarUnfit, EditProfile, GetProfile, ProfileView
from actors.profiles.people import people
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.comments.commenting import settle
from tests.actors.media.uploading import bound, perform, settled, signed, state_of, uploaded, working
from tests.actors.posts.posting import plant, publish
from tests.images import photograph


async def wear(system: System, caller: Caller, upload_id: UUID | None) -> ProfileView:
    return await system.ask(EditProfile(caller=caller, avatar_upload_id=upload_id))


async def face(system: System) -> str | None:
    return (await system.ask(GetProfile(username="ana"))).profile.avatar


async def shows(system: System, caller: Caller, ticket: UploadTicket) -> str:
    """Wait until the profile shows this upload; returns its address."""
    upload = await settled(system, caller, ticket)
    assert upload.photo is not None
    url = next(variant.url for variant in upload.photo.variants if variant.name == "thumb")
    await until(lambda: face(system), url)
    return url


async def released(database_url: str) -> set[UUID]:
    rows = await fetch(database_url, "SELECT id FROM photos WHERE released_at IS NOT NULL")
    return {row["id"] for row in rows}


async def test_the_old_avatar_stays_until_the_new_one_is_ready_then_goes(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    first, second, third = [await uploaded(system, ana, photograph()) for _ in range(3)]
    assert (await wear(system, ana, first.upload_id)).avatar is None
    async with working(outside):
        old = await shows(system, ana, first)
    assert (await wear(system, ana, second.upload_id)).avatar == old
    assert (await wear(system, ana, third.upload_id)).avatar == old, "second thoughts before it was ready"
    async with working(outside):
        new = await shows(system, ana, third)
    await settle(database_url)
    assert new != old
    assert await face(system) == new
    assert await released(database_url) == {first.upload_id, second.upload_id}
    shown = [fact["profile"]["avatar"] for fact in await facts(database_url, "ProfileUpdated")]
    assert (shown[-1], shown.count(old)) == (new, 3)
    assert (await wear(system, ana, third.upload_id)).avatar == new
    assert (await wear(system, ana, None)).avatar is None
    await settle(database_url)
    assert third.upload_id in await released(database_url)


async def test_what_is_no_photograph_changes_nothing(system: System, outside: Outside, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    broken = await uploaded(system, ana, b"no photograph at all")
    async with working(outside):
        await wear(system, ana, broken.upload_id)
        await settled(system, ana, broken)
        await settle(database_url)
    assert await face(system) is None
    (row,) = await fetch(database_url, "SELECT next_avatar_id FROM profiles WHERE user_id = $1", ana.id)
    assert row["next_avatar_id"] is None
    assert (await state_of(system, ana, broken)).reason == "not_an_image", "its owner can still ask why"
    missing, foreign = await signed(system, ana, 100), await uploaded(system, bea, photograph())
    for upload_id, refusal in (
        (missing.upload_id, UploadMissing),
        (foreign.upload_id, NotFound),
        (broken.upload_id, NotFound),
    ):
        with pytest.raises((refusal, AvatarUnfit)):
            await wear(system, ana, upload_id)


async def test_no_upload_is_an_avatar_and_a_post_because_each_has_its_own_deleted(
    system: System, outside: Outside
) -> None:
    (ana,) = await callers(system, "ana")
    posted = await publish(system, ana)
    with pytest.raises(UploadUsed):
        await wear(system, ana, posted.photo.id)
    worn = await uploaded(system, ana, photograph())
    await wear(system, ana, worn.upload_id)
    with pytest.raises(UploadUsed):
        await system.ask(CreatePost(caller=ana, upload_id=worn.upload_id))
    assert outside is not None


async def test_a_change_shows_at_once_wherever_the_author_is_shown(system: System, database_url: str) -> None:
    ana, bea = await callers(system, "ana", "bea")
    (post,) = await plant(database_url, [ana.id])
    assert (await system.ask(GetPost(post_id=post))).post.author.display_name == "ana"
    await system.ask(EditProfile(caller=ana, display_name="Ana Lima"))
    for viewer in (None, bea):
        assert (await system.ask(GetPost(post_id=post, caller=viewer))).post.author.display_name == "Ana Lima"


async def test_a_photograph_that_becomes_ready_while_it_is_chosen_is_shown(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    async with working(outside):
        for _ in range(3):
            ticket = await uploaded(system, ana, photograph())
            _, url = await asyncio.gather(wear(system, ana, ticket.upload_id), shows(system, ana, ticket))
            assert await face(system) == url
    await settle(database_url)
    assert len(await released(database_url)) == 2


async def given_at(database_url: str, ticket: UploadTicket) -> datetime:
    (row,) = await fetch(database_url, "SELECT posted_at FROM photos WHERE id = $1", ticket.upload_id)
    moment: datetime = row["posted_at"]
    return moment


async def test_an_avatar_that_was_chosen_again_before_its_leaving_was_heard_of_stays(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    await wear(system, ana, ticket.upload_id)
    await perform(outside, process, photo_id=ticket.upload_id)
    url = await shows(system, ana, ticket)
    left = AvatarLeft(user_id=ana.id, photo_id=ticket.upload_id, given_at=await given_at(database_url, ticket))
    await wear(system, ana, ticket.upload_id)
    await system.deliver("profiles", left, Origin())
    assert await released(database_url) == set()
    assert await face(system) == url
    await wear(system, ana, None)
    await settle(database_url)
    assert await released(database_url) == {ticket.upload_id}
    with pytest.raises(NotFound):
        await wear(system, ana, ticket.upload_id)


async def test_an_avatar_that_is_chosen_again_while_another_replaces_it_stays_or_is_refused(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    await wear(system, ana, ticket.upload_id)
    await perform(outside, process, photo_id=ticket.upload_id)
    url = await shows(system, ana, ticket)
    left = AvatarLeft(user_id=ana.id, photo_id=ticket.upload_id, given_at=await given_at(database_url, ticket))

    async def choose(context: JobContext) -> None:
        async with context.transaction() as tx:
            assert await avatars.choose(tx, ana.id, ticket.upload_id) == []

    await perform(outside, choose)
    await system.deliver("profiles", left, Origin())
    assert await released(database_url) == set()
    assert await face(system) == url
    await system.ask(ReleasePhoto(photo_id=ticket.upload_id))
    with pytest.raises(NotFound):
        await perform(outside, choose)


async def test_an_avatar_is_found_wherever_its_base_is_now(system: System, outside: Outside) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, photograph())
    await wear(system, ana, ticket.upload_id)
    await perform(outside, process, photo_id=ticket.upload_id)
    url = await shows(system, ana, ticket)
    moved = outside.settings.model_copy(update={"media_base_url": "https://cdn.example/"})
    shown = (await people(system.reader, [ana.id], Addresses(moved)))[ana.id]
    assert shown.avatar == url.replace(outside.settings.media_url, "https://cdn.example")


async def test_what_cannot_be_worn_leaves_everything_else_as_it_was(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    broken = await uploaded(system, ana, b"no photograph at all")
    await bound(system, ana, broken, purpose=Purpose.avatar)
    await perform(outside, process, photo_id=broken.upload_id)
    with pytest.raises(AvatarUnfit):
        await system.ask(EditProfile(caller=ana, avatar_upload_id=broken.upload_id, private=True, bio="Changed"))
    profile = (await system.ask(GetProfile(username="ana"))).profile
    assert (profile.private, profile.bio) == (False, "")
    assert await facts(database_url, "PrivacyChanged") == []


async def test_what_was_given_to_a_profile_or_a_post_that_never_had_it_is_let_go_after_a_day(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    posted = await publish(system, ana)
    worn = await uploaded(system, ana, photograph())
    await wear(system, ana, worn.upload_id)
    purposes = (Purpose.post, Purpose.avatar, Purpose.post, Purpose.avatar)
    tickets = [await uploaded(system, ana, photograph()) for _ in purposes]
    for ticket, purpose in zip(tickets, purposes, strict=True):
        await bound(system, ana, ticket, purpose=purpose)
    await fetch(
        database_url,
        "UPDATE photos SET posted_at = posted_at - interval '25 hours' WHERE id <> ALL($1)",
        [ticket.upload_id for ticket in tickets[2:]],
    )
    for let_go in (strays_of_profiles, strays_of_posts):
        await perform(outside, let_go)
    await settle(database_url)
    assert await released(database_url) == {ticket.upload_id for ticket in tickets[:2]}
    assert posted.photo.id not in await released(database_url)
