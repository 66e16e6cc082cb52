"""What happens to an upload that belongs to a post: checked against what was signed, developed, shown or rejected."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from actors.adapters.storage import ObjectMissing, ObjectTooLarge, Storage
from actors.kernel.jobs import JobContext, job
from actors.media import darkroom, queries
from actors.media.events import PhotoReady, PhotoRejected
from actors.media.messages import PhotoMeta, photo_view
from actors.media.picture import Picture, Rejected, Variant

IMMUTABLE = "public, max-age=31536000, immutable"
_SUFFIXES = {"image/jpeg": "jpg", "image/webp": "webp"}


@job("media.process")
async def process(context: JobContext, photo_id: UUID) -> None:
    """Make an upload a photograph people see. Doing it again writes the same bytes to the same keys."""
    photo = await queries.to_process(context.read, photo_id)
    if photo is None:
        return
    storage = context.adapters.storage
    try:
        async with context.heavy:
            picture = await darkroom.develop(await _original(storage, photo), photo["content_type"])
    except Rejected as no:
        async with context.transaction() as tx:
            if await queries.reject(tx, photo_id, no.reason):
                tx.emit(PhotoRejected(photo_id=photo_id, owner_id=photo["owner_id"], reason=no.reason))
        return
    variants = await _store(storage, photo["variants_key"], picture.variants)
    async with context.transaction() as tx:
        row = await queries.make_ready(
            tx,
            photo_id,
            size=(picture.width, picture.height),
            placeholder=picture.placeholder,
            variants=variants,
            meta=_meta(picture),
        )
        if row is not None:
            shown = photo_view(row, context.adapters.settings.media_url)
            tx.emit(PhotoReady(photo_id=photo_id, owner_id=photo["owner_id"], photo=shown))


async def _original(storage: Storage, photo: asyncpg.Record) -> bytes:
    """The bytes that were signed. Raises `Rejected` with `missing`, `size_mismatch` or `checksum_mismatch`."""
    try:
        original = await storage.read(photo["object_key"], photo["bytes"])
    except ObjectMissing:
        raise Rejected("missing") from None
    except ObjectTooLarge:
        raise Rejected("size_mismatch") from None
    if len(original) != photo["bytes"]:
        raise Rejected("size_mismatch")
    if photo["sha256"] is not None:
        found = await asyncio.to_thread(hashlib.sha256, original)
        if found.hexdigest() != photo["sha256"]:
            raise Rejected("checksum_mismatch")
    return original


async def _store(storage: Storage, folder: str, variants: Sequence[Variant]) -> list[dict[str, Any]]:
    stored = []
    for variant in variants:
        key = f"{folder}/{variant.name}.{_SUFFIXES[variant.content_type]}"
        await storage.write(key, variant.data, variant.content_type, IMMUTABLE)
        stored.append(
            {
                "name": variant.name,
                "key": key,
                "width": variant.width,
                "height": variant.height,
                "content_type": variant.content_type,
            }
        )
    return stored


def _meta(picture: Picture) -> dict[str, Any] | None:
    meta = PhotoMeta(artist=picture.artist, copyright=picture.copyright, licence=picture.licence)
    return meta.model_dump(exclude_none=True) or None
