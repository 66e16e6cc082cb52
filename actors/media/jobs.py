"""What is done outside any request: uploads become photographs or are turned away, and what is not needed goes."""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

import structlog
from prometheus_client import Gauge

from actors.adapters.storage import ObjectMissing, ObjectsKept, Storage, StorageUnavailable
from actors.kernel.jobs import JobContext, job, owed
from actors.kernel.recounting import move_on, walk
from actors.kernel.transaction import Transaction
from actors.media import darkroom, departures, places, queries
from actors.media.arrivals import arrived
from actors.media.departures import Departure
from actors.media.events import PhotoReady, PhotoRejected
from actors.media.messages import PhotoMeta
from actors.media.picture import SUFFIXES, Picture, Rejected, Variant
from actors.media.places import Move
from actors.media.views import photo_of

log = structlog.get_logger(__name__)
misplaced = Gauge(
    "vitrine_photos_misplaced", "How many of the photographs looked at last did not lie in the place for them"
)

CHECKED, DEVELOPED = 0.25, 0.75
"""How much of the processing is done by then."""

A_ROUND = 1_000
MOVED_AT_ONCE = 100
LOOKED_AT_ONCE = 5_000
REQUESTS_AT_ONCE = 8


async def give_up(tx: Transaction, photo_id: UUID) -> None:
    """Processing died for good: whoever waits for the photograph is told."""
    await _reject(tx, photo_id, "processing_failed")


@job("media.process", heavy=True, on_death=give_up)
async def process(context: JobContext, photo_id: UUID) -> None:
    """Make an upload a photograph people see.

    Objects are named by their bytes: an attempt that met other bytes, however late it ends, replaces nothing.
    """
    photo = await queries.to_process(context.read, photo_id)
    if photo is None:
        return
    storage, content_type = context.adapters.storage, photo["content_type"]
    try:
        async with arrived(context.adapters, photo) as original, context.heavy:
            await _note(context, photo_id, CHECKED)
            picture = await darkroom.develop(original.file, content_type)
            await _note(context, photo_id, DEVELOPED)
            original_key = f"originals/{photo_id}/{original.sha256}.{SUFFIXES[content_type]}"
            await storage.write_file(original_key, original.file, content_type)
    except Rejected as no:
        log.info("upload rejected", photo_id=photo_id, reason=no.reason, detail=no.detail)
        async with context.transaction() as tx:
            await _reject(tx, photo_id, no.reason)
        return
    variants = await asyncio.gather(*(_store(storage, photo["variants_key"], variant) for variant in picture.variants))
    async with context.transaction() as tx:
        await places.hold(tx, photo["owner_id"])
        row = await queries.make_ready(
            tx,
            photo_id,
            size=(picture.width, picture.height),
            placeholder=picture.placeholder,
            original_key=original_key,
            variants=variants,
            meta=_meta(picture),
        )
        if row is not None:
            view = photo_of(row, context.adapters.addresses)
            tx.emit(PhotoReady(photo_id=photo_id, owner_id=photo["owner_id"], photo=view))
            if await places.is_misplaced(tx, photo_id):
                tx.enqueue("media.move", user_id=str(photo["owner_id"]))


async def _reject(tx: Transaction, photo_id: UUID, reason: str) -> None:
    owner_id = await queries.reject(tx, photo_id, reason)
    if owner_id is not None:
        tx.emit(PhotoRejected(photo_id=photo_id, owner_id=owner_id, reason=reason))


async def _note(context: JobContext, photo_id: UUID, progress: float) -> None:
    async with context.adapters.database.for_command() as connection:
        await queries.note_progress(connection, photo_id, progress)


async def _store(storage: Storage, folder: str, variant: Variant) -> dict[str, Any]:
    digest = hashlib.sha256(variant.data).hexdigest()[:16]
    key = f"{folder}/{variant.name}-{digest}.{SUFFIXES[variant.content_type]}"
    await storage.write(key, variant.data, variant.content_type, places.caching(key))
    return {
        "name": variant.name,
        "key": key,
        "width": variant.width,
        "height": variant.height,
        "content_type": variant.content_type,
    }


def _meta(picture: Picture) -> dict[str, Any] | None:
    rights = {"artist": picture.artist, "copyright": picture.copyright, "licence": picture.licence}
    meta = PhotoMeta.model_validate({**rights, **picture.taken})
    return meta.model_dump(exclude_none=True) or None


@job("media.sweep", cron="* * * * *")
async def sweep(context: JobContext) -> None:
    """Delete objects nobody needs, a bounded number a minute: of what was released a while ago, and the bytes as they
    were sent of what is settled. Then release what no post came for, which a later round deletes."""
    storage = context.adapters.storage
    gone = await departures.released(context.read, A_ROUND)
    settled = await departures.to_clear(context.read, A_ROUND)
    try:
        objects = {row["id"]: [row["object_key"]] for row in settled} | await _objects(storage, gone)
        kept = await _delete(storage, objects)
    except StorageUnavailable as error:
        log.warning("nothing was swept: the storage is away", error=error)
        return
    async with context.transaction() as tx:
        await departures.note_cleared(tx, [row["id"] for row in settled if row["id"] not in kept])
        await departures.forget(tx, [photo for photo in gone if photo.id not in kept], A_ROUND)
        await departures.release_unposted(tx, A_ROUND)


async def _objects(storage: Storage, gone: list[Departure]) -> dict[UUID, list[str]]:
    """The keys of all there is of each of these photographs."""
    photographs = [photo for photo in gone if photo.is_photograph]
    variants = await _under(storage, [photo.variants_key for photo in photographs])
    originals = await _under(storage, [f"originals/{photo.id}" for photo in photographs])
    found = {photo.id: shown + kept for photo, shown, kept in zip(photographs, variants, originals, strict=True)}
    return {photo.id: [photo.object_key, *found.get(photo.id, ())] for photo in gone}


async def _delete(storage: Storage, objects: Mapping[UUID, list[str]]) -> frozenset[UUID]:
    """Delete the objects of photographs. Returns those of which the storage would not let go."""
    try:
        await storage.delete(key for keys in objects.values() for key in keys)
    except ObjectsKept as some:
        log.warning("objects cannot be deleted", error=some)
        return frozenset(photo_id for photo_id, keys in objects.items() if not some.keys.isdisjoint(keys))
    return frozenset()


async def _under(storage: Storage, folders: Iterable[str]) -> list[list[str]]:
    """The keys in each of these folders."""
    asking = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def under(folder: str) -> list[str]:
        async with asking:
            return await storage.under(f"{folder}/")

    return await asyncio.gather(*map(under, folders))


@job("media.move")
async def move(context: JobContext, user_id: UUID) -> None:
    """Bring photographs of somebody's to the place for them, some at a time: copied, shown there, deleted elsewhere."""
    rows = await places.misplaced(context.read, user_id, MOVED_AT_ONCE)
    moves = [places.move_of(row, context.id) for row in rows]
    await _copy_all(context.adapters.storage, moves)
    async with context.transaction() as tx:
        await places.hold(tx, user_id)
        if left := await places.note_moved(tx, moves):
            tx.enqueue("media.discard", folders=left)
        if len(rows) == MOVED_AT_ONCE:
            tx.enqueue("media.move", user_id=str(user_id))


@job("media.find_misplaced", cron="* * * * *")
async def find_misplaced(context: JobContext) -> None:
    """Have the misplaced among the next photographs moved: those of accounts that changed sides before there were two,
    and those whose move was lost."""
    place = await walk(context.read, "places of photographs")
    rows = await places.stretch(context.read, place.after, LOOKED_AT_ONCE)
    owners = [str(row["owner_id"]) for row in rows if row["is_misplaced"]]
    misplaced.set(len(owners))
    served = {args["user_id"] for args in await owed(context.read, "media.move")}
    async with context.transaction() as tx:
        if await move_on(tx, place, rows, LOOKED_AT_ONCE):
            for user_id in sorted({*owners} - served):
                tx.enqueue("media.move", user_id=user_id)


async def _copy_all(storage: Storage, moves: list[Move]) -> None:
    asking = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def copy(key: str, to: str, content_type: str) -> None:
        async with asking:
            with suppress(ObjectMissing):  # a move of the same photograph was quicker, or it is lost in either place
                await storage.copy(key, to, content_type, places.caching(to))

    await asyncio.gather(*(copy(*copies) for move in moves for copies in move.copies))


@job("media.discard")
async def discard(context: JobContext, folders: list[str]) -> None:
    """Delete what lies in folders that are shown no more."""
    storage = context.adapters.storage
    await storage.delete(key for keys in await _under(storage, folders) for key in keys)


@job("media.erase")
async def erase(context: JobContext, user_id: UUID) -> None:
    """Release everything of somebody who is gone, some at a time."""
    async with context.adapters.database.for_command() as connection:
        while await departures.release_of_owner(connection, user_id, A_ROUND) == A_ROUND:
            pass
