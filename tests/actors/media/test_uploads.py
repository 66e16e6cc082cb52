"""Uploads: what may be signed, whose they are, and how far they have come."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from actors.adapters.outside import Outside
from actors.auth.people import ENTITLEMENTS, Caller, Plan
from actors.domains import actors
from actors.kernel.errors import NotFound
from actors.kernel.system import System
from actors.media.messages import (
    MAX_BYTES,
    BindUpload,
    GetUpload,
    PhotoState,
    SignUpload,
    UnsupportedUpload,
    UploadLimits,
    UploadMissing,
    UploadQuotaUsed,
    UploadTicket,
    UploadTooLarge,
)
from tests import images
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.media.uploading import bound, send, signed, state_of, uploaded

pytestmark = pytest.mark.usefixtures("storage")

PICTURE = images.photograph(320, 240)


FREE = ENTITLEMENTS[Plan.free].uploads_per_day


async def test_what_may_not_be_uploaded_gets_no_address(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    with pytest.raises(UploadTooLarge) as too_large:
        await signed(system, ana, MAX_BYTES + 1)
    assert too_large.value.code == "upload_too_large"
    for content_type in ("image/svg+xml", "text/html", "image/jpeg; charset=x", "IMAGE/JPEG", ""):
        with pytest.raises(UnsupportedUpload) as unsupported:
            await signed(system, ana, 100, content_type)
        assert unsupported.value.code == "unsupported_type"
    assert await fetch(database_url, "SELECT 1 FROM photos") == []


async def used_up(database_url: str, caller: Caller, count: int) -> None:
    """Reserve so many, behind the actors' backs, the first `count` seconds ago and one each second since."""
    await fetch(
        database_url,
        """
        INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants,
                            created_at, expires_at)
        SELECT gen_random_uuid(), $1, 'reserved', 'image/jpeg', 1, gen_random_uuid()::text, '', '[]',
               now() - n * interval '1 second', now() FROM generate_series(1, $2) AS n
        """,
        caller.id,
        count,
    )


async def test_the_last_upload_of_a_day_is_signed_and_the_next_is_not(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    fresh = await system.ask(UploadLimits(caller=ana))
    assert (fresh.per_day, fresh.used_today, fresh.remaining, fresh.resets_at) == (FREE, 0, FREE, None)
    assert (fresh.max_bytes, set(fresh.content_types)) == (MAX_BYTES, set(fresh.max_pixels))
    assert {"image/jpeg", "image/png", "image/webp", "image/avif", "image/gif"} == set(fresh.content_types)
    await used_up(database_url, ana, FREE - 1)
    await signed(system, ana, 10)
    full = await system.ask(UploadLimits(caller=ana))
    assert (full.used_today, full.remaining) == (FREE, 0)
    assert full.resets_at is not None
    assert abs(full.resets_at - datetime.now(UTC) - timedelta(hours=24, seconds=1 - FREE)) < timedelta(seconds=30)
    with pytest.raises(UploadQuotaUsed):
        await signed(system, ana, 10)
    pro = ana.model_copy(update={"plan": Plan.pro})
    await signed(system, pro, 10)
    over = await system.ask(UploadLimits(caller=ana))
    assert (over.used_today, over.remaining) == (FREE + 1, 0), "a plan that ended leaves less than nothing"
    assert over.resets_at is not None
    assert over.resets_at - full.resets_at == timedelta(seconds=1), "two must go before there is room for one"
    await fetch(database_url, "UPDATE photos SET created_at = created_at - interval '1 day'")
    await signed(system, ana, 10)


async def sign_at_once(system: System, outside: Outside, caller: Caller, count: int) -> tuple[int, int]:
    """Ask for so many by two processes' worth of actors at the same time. Returns how many were signed and refused."""
    other = System(outside, actors())
    await other.start()
    try:
        outcomes = await asyncio.gather(
            *(signed(which, caller, 10) for _ in range(count // 2) for which in (system, other)),
            return_exceptions=True,
        )
    finally:
        await other.stop()
    refused = [outcome for outcome in outcomes if isinstance(outcome, UploadQuotaUsed)]
    made = [outcome for outcome in outcomes if isinstance(outcome, UploadTicket)]
    assert len(made) + len(refused) == count, outcomes
    return len(made), len(refused)


async def test_the_quota_holds_however_many_ask_at_once(system: System, outside: Outside, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    await used_up(database_url, ana, FREE - 10)
    assert await sign_at_once(system, outside, ana, 30) == (10, 20)


@pytest.mark.slow
async def test_of_six_hundred_asked_at_once_five_hundred_are_signed(system: System, outside: Outside) -> None:
    (ana,) = await callers(system, "ana")
    assert await sign_at_once(system, outside, ana, 600) == (FREE, 600 - FREE)


async def test_an_upload_is_reserved_then_uploaded_then_processing(system: System) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, len(PICTURE))
    assert (await state_of(system, ana, ticket)).state is PhotoState.reserved
    assert await send(ticket, PICTURE) == 200
    assert (await state_of(system, ana, ticket)).state is PhotoState.uploaded
    photo = await bound(system, ana, ticket)
    assert photo.state is PhotoState.processing
    assert (photo.id, photo.variants, photo.width) == (ticket.upload_id, (), None)
    assert (await state_of(system, ana, ticket)).state is PhotoState.processing


async def test_the_storage_refuses_more_bytes_and_another_type_than_were_signed(system: System) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, len(PICTURE))
    assert await send(ticket, PICTURE + b"!") >= 400
    other = ticket.model_copy(update={"headers": {"Content-Type": "text/html"}})
    assert await send(other, PICTURE) >= 400
    assert (await state_of(system, ana, ticket)).state is PhotoState.reserved


async def test_an_upload_without_its_bytes_cannot_be_bound(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, 10)
    with pytest.raises(UploadMissing):
        await bound(system, ana, ticket)
    assert await facts(database_url, "UploadBound") == []


async def test_binding_twice_or_by_either_name_is_binding_once(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, PICTURE)
    by_url = BindUpload(owner_id=ana.id, photo_url=ticket.photo_url)
    photos = await asyncio.gather(*(system.ask(by_url) for _ in range(4)), bound(system, ana, ticket))
    assert {photo.id for photo in photos} == {ticket.upload_id}
    assert len(await facts(database_url, "UploadBound")) == 1


async def test_another_address_binds_nothing(system: System) -> None:
    (ana,) = await callers(system, "ana")
    url = (await uploaded(system, ana, PICTURE)).photo_url
    base = url.partition("/uploads")[0]
    for wrong in ("", "https://evil.example/x", base, f"{base}/", f"{url}x", f"x{url}"):
        with pytest.raises(NotFound):
            await system.ask(BindUpload(owner_id=ana.id, photo_url=wrong))


async def test_somebody_elses_upload_is_not_there(system: System) -> None:
    ana, bea = await callers(system, "ana", "bea")
    ticket = await uploaded(system, ana, PICTURE)
    with pytest.raises(NotFound):
        await system.ask(GetUpload(caller=bea, upload_id=ticket.upload_id))
    with pytest.raises(NotFound):
        await bound(system, bea, ticket)
    with pytest.raises(NotFound):
        await system.ask(BindUpload(owner_id=bea.id, photo_url=ticket.photo_url))
    with pytest.raises(NotFound):
        await system.ask(GetUpload(caller=ana, upload_id=uuid4()))
    with pytest.raises(NotFound):
        await system.ask(BindUpload(owner_id=ana.id))


async def test_original_and_variants_lie_where_nobody_guesses(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    for _ in range(2):
        await system.ask(SignUpload(caller=ana, content_type="image/png", bytes=5))
    rows = await fetch(database_url, "SELECT object_key, variants_key FROM photos")
    secrets = [key.rpartition("/")[2] for row in rows for key in row]
    assert len(set(secrets)) == 4
    assert all(len(secret) >= 22 for secret in secrets)
