"""From bound to ready or rejected, by the real job in a real worker, on the real storage."""

import asyncio
import hashlib
from io import BytesIO
from typing import IO

import orjson
import pytest
from aiohttp import ClientSession
from PIL import Image
from yarl import URL

from actors.adapters.outside import Outside
from actors.kernel.system import System
from actors.media import darkroom
from actors.media.jobs import CHECKED, process
from actors.media.messages import Exposure, PhotoState
from actors.media.picture import Picture
from tests import images
from tests.actors.auth.people import callers, facts, fetch
from tests.actors.media.uploading import bound, perform, settled, state_of, uploaded, working

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
    (row,) = await fetch(database_url, "SELECT topics, live_type, payload FROM outbox WHERE type = 'PhotoReady'")
    assert (row["topics"], row["live_type"]) == (f"user:{ana.id}", "upload.ready"), "told live to its owner alone"
    assert orjson.loads(row["payload"])["photo"] == photo.model_dump(mode="json")


async def test_what_is_no_picture_is_rejected_and_its_owner_told_why(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.text_file())
    await bound(system, ana, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    upload = await state_of(system, ana, ticket)
    assert (upload.state, upload.reason, upload.original_url) == (PhotoState.rejected, "not_an_image", None)
    (row,) = await fetch(database_url, "SELECT topics, live_type, live_data FROM outbox WHERE type = 'PhotoRejected'")
    assert (row["topics"], row["live_type"]) == (f"user:{ana.id}", "upload.rejected")
    assert orjson.loads(row["live_data"]) == {"upload_id": str(ticket.upload_id), "reason": "not_an_image"}


async def test_other_bytes_than_were_signed_are_rejected(system: System, outside: Outside) -> None:
    (ana,) = await callers(system, "ana")
    picture = images.photograph()
    tickets = [await uploaded(system, ana, picture) for _ in range(4)]
    longer, shorter, other_sum, gone = tickets
    for ticket in tickets:
        await bound(system, ana, ticket)
    keys = {ticket.upload_id: "uploads" + ticket.photo_url.partition("/uploads")[2] for ticket in tickets}
    await outside.storage.write(keys[longer.upload_id], picture + b"more", "image/jpeg")
    await outside.storage.write(keys[shorter.upload_id], images.photograph(64, 48), "image/jpeg")
    await outside.storage.delete([keys[gone.upload_id]])
    await fetch(
        outside.settings.database_url, "UPDATE photos SET sha256 = $1 WHERE id = $2", "0" * 64, other_sum.upload_id
    )
    reasons = []
    for ticket in tickets:
        await perform(outside, process, photo_id=ticket.upload_id)
        reasons.append((await state_of(system, ana, ticket)).reason)
    assert reasons == ["size_mismatch", "size_mismatch", "checksum_mismatch", "missing"]


async def test_the_job_done_again_or_twice_at_once_changes_nothing(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    await bound(system, ana, ticket)
    await asyncio.gather(*(perform(outside, process, photo_id=ticket.upload_id) for _ in range(2)))
    first = await state_of(system, ana, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    assert (await state_of(system, ana, ticket)).photo == first.photo
    assert len(await facts(database_url, "PhotoReady")) == 1


async def test_progress_is_seen_while_it_is_processing_and_never_goes_back(
    system: System, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    assert (await state_of(system, ana, ticket)).progress is None
    await bound(system, ana, ticket)
    seen = [(await state_of(system, ana, ticket)).progress]
    develop, has_been_seen = darkroom.develop, asyncio.Event()

    async def wait(file: IO[bytes], content_type: str) -> Picture:
        await has_been_seen.wait()
        return await develop(file, content_type)

    monkeypatch.setattr(darkroom, "develop", wait)
    working = asyncio.create_task(perform(outside, process, photo_id=ticket.upload_id))
    while not working.done():
        seen.append((await state_of(system, ana, ticket)).progress)
        if seen[-1] == CHECKED:
            has_been_seen.set()
        await asyncio.sleep(0.01)
    known = [progress for progress in seen if progress is not None]
    assert known[0] == 0
    assert CHECKED in known
    assert known == sorted(known)
    assert (await state_of(system, ana, ticket)).progress is None


async def test_the_owner_alone_downloads_the_original_and_never_sees_it_as_a_page(
    system: System, outside: Outside
) -> None:
    (ana,) = await callers(system, "ana")
    original = images.polyglot()
    ticket = await uploaded(system, ana, original)
    photo = await bound(system, ana, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    url = (await state_of(system, ana, ticket)).original_url
    assert url is not None
    async with ClientSession() as http:
        async with http.get(URL(url, encoded=True)) as response:
            assert await response.read() == original
            assert response.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
            assert response.content_type == "image/jpeg"
        async with http.get(url.partition("?")[0]) as response:
            assert response.status >= 400
    assert "original" not in photo.model_dump_json()


async def test_its_owner_sees_what_it_was_taken_with_and_nobody_keeps_where_and_by_which(
    system: System, outside: Outside, database_url: str
) -> None:
    (ana,) = await callers(system, "ana")
    ticket = await uploaded(system, ana, images.photograph())
    await bound(system, ana, ticket)
    await perform(outside, process, photo_id=ticket.upload_id)
    photo = (await state_of(system, ana, ticket)).photo
    assert photo is not None
    assert photo.meta is not None
    assert (photo.meta.artist, photo.meta.camera, photo.meta.lens) == ("Ada Lovelace", "Spy Cam 3", "35mm F2.8")
    assert photo.meta.exposure == Exposure(aperture=2.8, time="1/250", iso=400, focal_length=35)
    (row,) = await fetch(database_url, "SELECT photos::text AS kept FROM photos")
    assert not any(secret.decode() in row["kept"] for secret in images.SECRETS)
