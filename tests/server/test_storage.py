"""What a signature allows, and that nothing else is allowed; and the rest of the object storage."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from uuid import uuid4

import aiohttp
import pytest
from botocore import auth  # type: ignore[import-untyped]  # the library ships no types
from yarl import URL

from actors.adapters import storage as storage_module
from actors.adapters.addresses import Addresses, SignedPut
from actors.adapters.multipart import PART_BYTES
from actors.adapters.storage import (
    ObjectMissing,
    ObjectTooLarge,
    Storage,
    StorageUnavailable,
    open_storage,
)
from actors.settings import Settings
from server.embedded.ports import free_port

ORIGIN = "https://studio.example"
PHOTO = b"\xff\xd8" + b"photo" * 200


@pytest.fixture
def addresses(bare_settings: Settings) -> Addresses:
    return Addresses(bare_settings)


@pytest.fixture
def key() -> str:
    return f"uploads/{uuid4()}.jpg"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def put(http: aiohttp.ClientSession, signed: SignedPut, body: bytes, *, url: str = "", **headers: str) -> int:
    to = URL(url or signed.url, encoded=True)
    async with http.put(to, data=body, headers={**signed.headers, "Origin": ORIGIN, **headers}) as answer:
        return answer.status


async def test_a_signed_put_stores_the_bytes_and_their_type(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO))
    assert await put(http, signed, PHOTO) == 200
    head = await storage.head(key)
    assert head is not None
    assert (head.size, head.content_type) == (len(PHOTO), "image/jpeg")
    assert head.etag == hashlib.md5(PHOTO).hexdigest()
    assert await storage.read(key, 10_000) == PHOTO


async def test_a_put_of_more_bytes_than_signed_is_refused(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO))
    assert await put(http, signed, PHOTO + b"!") == 403
    assert await put(http, signed, PHOTO[:-1]) == 403
    assert await storage.head(key) is None


async def test_a_put_of_another_type_than_signed_is_refused(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO))
    assert await put(http, signed, PHOTO, **{"Content-Type": "text/html"}) == 403
    assert await storage.head(key) is None


async def test_a_put_to_another_key_than_signed_is_refused(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO))
    other = f"uploads/{uuid4()}.jpg"
    assert await put(http, signed, PHOTO, url=signed.url.replace(key, other)) == 403
    assert await storage.head(other) is None


async def test_a_put_after_its_time_is_refused(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        earlier.setattr(auth, "get_current_datetime", lambda: datetime.now(UTC) - timedelta(seconds=62))
        signed = addresses.sign_put(key, "image/jpeg", len(PHOTO), expires_in=60)
    assert await put(http, signed, PHOTO) in {400, 403}
    assert await storage.head(key) is None


async def test_a_put_whose_signed_sum_was_changed_is_refused(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO), hashlib.sha256(PHOTO).hexdigest())
    assert set(signed.headers) == {"Content-Type"}
    name = "x-amz-checksum-sha256="
    assert name in signed.url
    assert await put(http, signed, PHOTO, url=signed.url.replace(name, f"{name}A")) == 403
    assert await put(http, signed, PHOTO) == 200


async def test_a_browser_of_another_origin_may_ask_and_put(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    signed = addresses.sign_put(key, "image/jpeg", len(PHOTO), hashlib.sha256(PHOTO).hexdigest())
    url = URL(signed.url, encoded=True)
    asked = {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}
    async with http.options(url, headers={"Origin": ORIGIN, **asked}) as answer:
        assert answer.status in {200, 204}
        assert answer.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}
        assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
        assert "content-type" in answer.headers["Access-Control-Allow-Headers"].lower()
    async with http.put(url, data=PHOTO, headers={**signed.headers, "Origin": ORIGIN}) as answer:
        assert answer.status == 200
        assert answer.headers["Access-Control-Allow-Origin"] in {"*", ORIGIN}


async def test_nothing_is_read_or_written_without_a_signature(
    storage: Storage, bare_settings: Settings, http: aiohttp.ClientSession, key: str
) -> None:
    bare = f"{bare_settings.s3_endpoint}/{bare_settings.s3_bucket}/{key}"
    async with http.put(bare, data=PHOTO) as answer:
        assert 400 <= answer.status < 500
    await storage.write(key, PHOTO, "image/jpeg")
    async with http.get(bare) as answer:
        assert 400 <= answer.status < 500


async def test_a_signed_get_shows_the_object_or_downloads_it_by_name(
    storage: Storage, addresses: Addresses, http: aiohttp.ClientSession, key: str
) -> None:
    await storage.write(key, PHOTO, "image/jpeg")
    async with http.get(URL(addresses.sign_get(key), encoded=True)) as answer:
        assert await answer.read() == PHOTO
        assert answer.headers["Content-Type"] == "image/jpeg"
    async with http.get(URL(addresses.sign_get(key, filename="année.jpg"), encoded=True)) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''ann%C3%A9e.jpg"


async def test_variants_are_public_and_originals_are_not(
    storage: Storage, bare_settings: Settings, http: aiohttp.ClientSession, key: str
) -> None:
    if bare_settings.media_base_url is None:
        pytest.skip("only the embedded storage comes with an address for variants")
    variant = f"variants/{uuid4()}/large.webp"
    for name in (variant, key):
        await storage.write(name, PHOTO, "image/webp", cache_control="public, max-age=31536000, immutable")
    async with http.get(f"{bare_settings.media_url}/{variant}", headers={"Origin": ORIGIN}) as answer:
        assert (answer.status, await answer.read()) == (200, PHOTO)
        assert answer.headers["Content-Type"] == "image/webp"
        assert "immutable" in answer.headers["Cache-Control"]
    async with http.get(f"{bare_settings.media_url}/{key}") as answer:
        assert answer.status == 404


async def test_reading_stops_at_the_bound(storage: Storage, key: str) -> None:
    await storage.write(key, b"x" * 300_000, "image/jpeg")
    with pytest.raises(ObjectTooLarge):
        await storage.read(key, 299_999)
    assert len(await storage.read(key, 300_000)) == 300_000


async def test_deletions_and_what_is_left_in_a_folder(storage: Storage, key: str) -> None:
    folder = f"originals/{uuid4()}"
    for name in (key, f"{folder}/a.jpg", f"{folder}/b.jpg", f"{folder}b/c.jpg"):
        await storage.write(name, PHOTO, "image/jpeg")
    assert sorted(await storage.under(f"{folder}/")) == [f"{folder}/a.jpg", f"{folder}/b.jpg"]
    await storage.delete([key, f"{folder}/a.jpg", "uploads/never-there.jpg"])
    assert await storage.head(key) is None
    assert await storage.under(f"{folder}/") == [f"{folder}/b.jpg"]
    assert await storage.under(f"originals/{uuid4()}/") == []
    with pytest.raises(ObjectMissing):
        await storage.read(key, 10_000)


async def test_a_storage_that_does_not_answer_is_an_outage(bare_settings: Settings, key: str) -> None:
    away = bare_settings.model_copy(update={"s3_endpoint": f"http://127.0.0.1:{free_port()}"})
    async with open_storage(away) as storage:
        assert await storage.is_up() is False
        with pytest.raises(StorageUnavailable):
            await storage.head(key)


async def test_a_storage_that_takes_its_time_keeps_nobody_waiting(
    bare_settings: Settings, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_module, "HEAD_SECONDS", 0.1)
    silent = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    slow = bare_settings.model_copy(update={"s3_endpoint": f"http://127.0.0.1:{port}"})
    async with open_storage(slow) as storage:
        async with asyncio.timeout(5):
            with pytest.raises(StorageUnavailable):
                await storage.head(key)
    silent.close()


async def test_a_missing_bucket_is_noticed_and_made(bare_settings: Settings) -> None:
    other = bare_settings.model_copy(update={"s3_bucket": f"test-{uuid4().hex}"})
    async with open_storage(other) as storage:
        assert await storage.is_up() is False
        await storage.ensure_bucket()
        await storage.ensure_bucket()
        assert await storage.is_up() is True


async def test_a_file_of_several_parts_arrives_whole_and_is_for_download_alone(
    storage: Storage, addresses: Addresses
) -> None:
    data = b"".join(hashlib.sha256(place.to_bytes(4)).digest() for place in range(PART_BYTES // 32 + 50_000))
    await storage.write_file("exports/large.zip", BytesIO(data), "application/zip")
    assert await storage.read("exports/large.zip", len(data)) == data
    async with aiohttp.ClientSession() as http, http.get(addresses.sign_get("exports/large.zip")) as response:
        assert (response.status, response.content_type) == (200, "application/zip")
    await storage.write_file("exports/large.zip", BytesIO(b"small"), "application/zip")
    assert await storage.read("exports/large.zip", 10) == b"small"
