"""From bound to ready or rejected, by the real job in a real worker, on the real storage."""

import hashlib
from collections.abc import Callable
from io import BytesIO

import pytest
from aiohttp import ClientSession
from PIL import Image

from actors.adapters.outside import Outside
from actors.kernel.system import System
from actors.media.messages import PhotoState
from tests import images
from tests.actors.auth.people import callers, facts, fetch, until
from tests.actors.media.uploading import bound, settled, uploaded, working

pytestmark = pytest.mark.usefixtures("storage")


async def test_a_photograph_becomes_three_public_variants_without_its_place(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    original = images.photograph(1_200, 900, orientation=6)
    ticket = await uploaded(system, ana, original, sha256=hashlib.sha256(original).hexdigest())
    await bound(system, ana, ticket)
    async with working(outside):
        upload = await settled(system, ana, ticket)
    assert upload.state is PhotoState.ready
    photo = upload.photo
    assert photo is not None
    assert photo.meta is not None
    assert (photo.width, photo.height, photo.meta.artist) == (1_200, 900, "Ada Lovelace")
    assert [variant.name for variant in photo.variants] == ["thumb", "card", "full"]
    async with ClientSession() as http:
        for variant in photo.variants:
            async with http.get(variant.url) as response:
                assert response.status == 200
                assert response.content_type == variant.content_type
                assert "immutable" in response.headers["Cache-Control"]
                data = await response.read()
            assert Image.open(BytesIO(data)).size == (variant.width, variant.height)
            assert not any(secret in data for secret in images.SECRETS)
        async with http.get(ticket.photo_url) as response:
            assert response.status in {403, 404}, "the original, with its place, is not public"
    (fact,) = await facts(database_url, "PhotoReady")
    assert fact["photo"] == photo.model_dump(mode="json")


async def test_readiness_is_told_live_to_the_owner_alone(system: System, outside: Outside, database_url: str) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    await bound(system, ana, ticket)
    async with working(outside):
        await settled(system, ana, ticket)
    (row,) = await fetch(database_url, "SELECT topics, live_type FROM outbox WHERE type = 'PhotoReady'")
    assert (row["topics"], row["live_type"]) == (f"user:{ana.id}", "upload.ready")


@pytest.mark.parametrize(
    ("make", "content_type", "reason"),
    [
        (images.text_file, "image/jpeg", "not_an_image"),
        (lambda: images.encode(images.scene(), "PNG"), "image/jpeg", "type_mismatch"),
        (images.png_bomb, "image/png", "too_many_pixels"),
        (lambda: images.photograph()[:9_000], "image/jpeg", "broken_image"),
    ],
)
async def test_what_is_no_picture_is_rejected_and_its_owner_told_why(
    system: System,
    outside: Outside,
    database_url: str,
    make: Callable[[], bytes],
    content_type: str,
    reason: str,
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, make(), content_type)
    await bound(system, ana, ticket)
    async with working(outside):
        upload = await settled(system, ana, ticket)
    assert (upload.state, upload.reason) == (PhotoState.rejected, reason)
    (row,) = await fetch(database_url, "SELECT topics, live_type, live_data FROM outbox WHERE type = 'PhotoRejected'")
    assert (row["topics"], row["live_type"]) == (f"user:{ana.id}", "upload.rejected")
    assert reason.encode() in row["live_data"]


async def test_other_bytes_than_were_signed_are_rejected(system: System, outside: Outside) -> None:
    (ana,) = await callers(system, "ana")
    picture = images.photograph()
    longer, other_sum, gone = [
        await uploaded(system, ana, picture),
        await uploaded(system, ana, picture),
        await uploaded(system, ana, picture),
    ]
    for ticket in (longer, other_sum, gone):
        await bound(system, ana, ticket)
    keys = {ticket.upload_id: "uploads" + ticket.photo_url.partition("/uploads")[2] for ticket in (longer, gone)}
    await outside.storage.write(keys[longer.upload_id], picture + b"more", "image/jpeg")
    await outside.storage.delete([keys[gone.upload_id]])
    await fetch(
        outside.settings.database_url, "UPDATE photos SET sha256 = $1 WHERE id = $2", "0" * 64, other_sum.upload_id
    )
    async with working(outside):
        reasons = [(await settled(system, ana, ticket)).reason for ticket in (longer, other_sum, gone)]
    assert reasons == ["size_mismatch", "checksum_mismatch", "missing"]


async def test_every_state_of_the_photo_survives_the_job_being_done_again(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    await bound(system, ana, ticket)
    async with working(outside):
        first = await settled(system, ana, ticket)
        await fetch(
            database_url,
            "INSERT INTO job_intents (id, task, args, created_at) "
            "SELECT gen_random_uuid(), task, args, now() FROM job_intents WHERE task = 'media.process'",
        )
        owed = "SELECT id FROM job_intents WHERE done_at IS NULL"
        await until(lambda: fetch(database_url, owed), [])
        assert await settled(system, ana, ticket) == first
    assert len(await facts(database_url, "PhotoReady")) == 1
