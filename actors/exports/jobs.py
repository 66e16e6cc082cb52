"""Making an archive of what somebody has here, and removing it when its days are over."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from tempfile import TemporaryFile
from typing import IO
from uuid import UUID

import orjson
import structlog
from asyncpg import Record

from actors.adapters.database import Connection
from actors.adapters.storage import ObjectMissing
from actors.auth import belongings as auth
from actors.comments import belongings as comments
from actors.exports import queries
from actors.exports.archive import Archive
from actors.exports.events import ExportFailed, ExportReady
from actors.feed import belongings as feed
from actors.graph import belongings as graph
from actors.kernel.belongings import Belonging
from actors.kernel.jobs import JobContext, job
from actors.kernel.transaction import Transaction
from actors.media import belongings as media
from actors.media.messages import MAX_BYTES
from actors.media.picture import SUFFIXES
from actors.notifications import belongings as notifications
from actors.posts import belongings as posts
from actors.profiles import belongings as profiles

log = structlog.get_logger(__name__)

DOMAINS = (auth, graph, profiles, media, posts, comments, feed, notifications)
ROWS_AT_ONCE = 500
PHOTOS_AT_ONCE = 100
EXPIRED_AT_ONCE = 200


async def give_up(tx: Transaction, export_id: UUID) -> None:
    """Tell whoever waits for an export that it will not come."""
    user_id = await queries.fail(tx, export_id)
    if user_id is not None:
        tx.emit(ExportFailed(export_id=export_id, user_id=user_id))


@job("exports.make", on_death=give_up)
async def make(context: JobContext, export_id: UUID) -> None:
    """Put somebody's archive together and where it can be fetched. Doing it again writes the same key."""
    export = await queries.to_make(context.read, export_id)
    if export is None:
        return
    with await asyncio.to_thread(TemporaryFile) as file:
        await _fill(context, export, file)
        size = file.tell()
        await context.adapters.storage.write_file(export["object_key"], file, "application/zip")
    async with context.transaction() as tx:
        ready = await queries.make_ready(tx, export_id, size)
        if ready is None:
            # Its owner was erased meanwhile, and whoever removes what is left was here before us.
            tx.enqueue("exports.remove", object_key=export["object_key"])
        else:
            tx.emit(
                ExportReady(
                    export_id=export_id,
                    user_id=ready["user_id"],
                    object_key=ready["object_key"],
                    expires_at=ready["expires_at"],
                )
            )


@job("exports.remove")
async def remove(context: JobContext, object_key: str) -> None:
    """Delete an archive that nobody may fetch any more."""
    await context.adapters.storage.delete([object_key])


@job("exports.expire", cron="17 * * * *")
async def expire(context: JobContext) -> None:
    """Remove the archives whose days are over, some of them: the object first, for its row is how it is found."""
    over = await queries.expired(context.read, EXPIRED_AT_ONCE)
    await context.adapters.storage.delete([row["object_key"] for row in over])
    async with context.transaction() as tx:
        await queries.forget(tx, [row["id"] for row in over])


async def _fill(context: JobContext, export: Record, file: IO[bytes]) -> None:
    async with Archive(file) as archive:
        counts = {}
        # One snapshot: what is in one list and what is in another are of the same moment.
        async with (
            context.adapters.database.for_query() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            for domain in DOMAINS:
                folder = domain.__name__.split(".")[1]
                for belonging in domain.BELONGINGS:
                    name = f"{folder}/{belonging.name}.json"
                    rows = _rows(connection, belonging, export["user_id"])
                    counts[name] = await archive.add_rows(name, rows)
        photos, missing = await _add_photos(context, export["user_id"], archive)
        about = {
            "username": export["username"],
            "asked_at": export["asked_at"],
            "rows": counts,
            "photos": photos,
            "photos_missing": missing,
        }
        await archive.add("about.json", orjson.dumps(about, option=orjson.OPT_INDENT_2))


async def _rows(connection: Connection, belonging: Belonging, user_id: UUID) -> AsyncIterator[Sequence[Record]]:
    cursor = await connection.cursor(belonging.sql, user_id)
    while rows := await cursor.fetch(ROWS_AT_ONCE):
        yield rows


async def _add_photos(context: JobContext, user_id: UUID, archive: Archive) -> tuple[int, list[str]]:
    """The originals, one after the other; returns how many, and those that are not there any more."""
    found, missing, after = 0, [], UUID(int=0)
    while some := await media.originals(context.read, user_id, after, PHOTOS_AT_ONCE):
        for photo in some:
            name = f"photos/{photo['id']}.{SUFFIXES[photo['content_type']]}"
            try:
                data = await context.adapters.storage.read(photo["key"], MAX_BYTES)
            except ObjectMissing:
                missing.append(name)
            else:
                await archive.add(name, data, compress=False)
                found += 1
        after = some[-1]["id"]
    return found, missing
