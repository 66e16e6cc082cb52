"""Uploads: what may be signed, whose they are, and how far they have come."""

import asyncio
from uuid import uuid4

import pytest

from actors.auth.people import ENTITLEMENTS, Caller, Plan
from actors.kernel.errors import NotFound, Refusal
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
    UploadTooLarge,
)
from tests import images
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.media.uploading import bound, send, signed, uploaded

pytestmark = pytest.mark.usefixtures("storage")

PICTURE = images.photograph(320, 240)


async def state_of(system: System, caller: Caller, upload_id: object) -> PhotoState:
    return (await system.ask(GetUpload.model_validate({"caller": caller, "upload_id": upload_id}))).state


@pytest.mark.parametrize(
    ("size", "content_type", "refusal", "code"),
    [
        (MAX_BYTES + 1, "image/jpeg", UploadTooLarge, "upload_too_large"),
        (100, "image/svg+xml", UnsupportedUpload, "unsupported_type"),
        (100, "text/html", UnsupportedUpload, "unsupported_type"),
        (100, "image/jpeg; charset=x", UnsupportedUpload, "unsupported_type"),
    ],
)
async def test_what_may_not_be_uploaded_gets_no_address(
    system: System, database_url: str, size: int, content_type: str, refusal: type[Refusal], code: str
) -> None:
    (ana,) = await callers(system, "ana")
    with pytest.raises(refusal) as no:
        await signed(system, ana, size, content_type)
    assert no.value.code == code
    assert await fetch(database_url, "SELECT 1 FROM photos") == []


async def test_the_last_upload_of_a_day_is_signed_and_the_next_is_not(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    await fetch(
        database_url,
        """
        INSERT INTO photos (id, owner_id, state, content_type, bytes, object_key, variants_key, variants,
                            created_at, expires_at)
        SELECT gen_random_uuid(), $1, 'reserved', 'image/jpeg', 1, gen_random_uuid()::text, '', '[]',
               now() - n * interval '1 second', now() FROM generate_series(1, $2) AS n
        """,
        ana.id,
        ENTITLEMENTS[Plan.free].uploads_per_day - 1,
    )
    assert (await system.ask(UploadLimits(caller=ana))).remaining == 1
    await signed(system, ana, 10)
    assert (await system.ask(UploadLimits(caller=ana))).remaining == 0
    with pytest.raises(UploadQuotaUsed):
        await signed(system, ana, 10)
    await fetch(database_url, "UPDATE photos SET created_at = created_at - interval '1 day'")
    await signed(system, ana, 10)


async def test_an_upload_is_reserved_then_uploaded_then_processing(system: System) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, len(PICTURE))
    assert await state_of(system, ana, ticket.upload_id) is PhotoState.reserved
    assert await send(ticket, PICTURE) == 200
    assert await state_of(system, ana, ticket.upload_id) is PhotoState.uploaded
    photo = await bound(system, ana, ticket)
    assert photo.state is PhotoState.processing
    assert (photo.id, photo.variants, photo.width) == (ticket.upload_id, (), None)
    assert await state_of(system, ana, ticket.upload_id) is PhotoState.processing


async def test_the_storage_refuses_more_bytes_and_another_type_than_were_signed(system: System) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, len(PICTURE))
    assert await send(ticket, PICTURE + b"!") >= 400
    other = ticket.model_copy(update={"headers": {"Content-Type": "text/html"}})
    assert await send(other, PICTURE) >= 400
    assert await state_of(system, ana, ticket.upload_id) is PhotoState.reserved


async def test_an_upload_without_its_bytes_cannot_be_bound(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await signed(system, ana, 10)
    with pytest.raises(UploadMissing):
        await bound(system, ana, ticket)
    assert await facts(database_url, "UploadBound") == []


async def test_binding_twice_or_by_either_name_is_binding_once(system: System, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, PICTURE)
    by_url = BindUpload(owner_id=ana.id, photo_url=ticket.photo_url, alt="a square")
    photos = await asyncio.gather(*(system.ask(by_url) for _ in range(4)), bound(system, ana, ticket))
    assert {(photo.id, photo.alt) for photo in photos} == {(ticket.upload_id, "a square")}
    assert len(await facts(database_url, "UploadBound")) == 1


@pytest.mark.parametrize("url", ["", "https://evil.example/x", "{base}", "{base}/", "{url}x", "x{url}"])
async def test_another_address_binds_nothing(system: System, url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, PICTURE)
    wrong = url.format(url=ticket.photo_url, base=ticket.photo_url.partition("/uploads")[0])
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
