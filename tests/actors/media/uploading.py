"""Uploads for tests: signed, sent by a plain HTTP client, bound, and worked on by a worker in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import Any

from aiohttp import ClientSession
from uuid_utils.compat import uuid7

from actors.adapters.outside import Outside
from actors.auth.people import Caller
from actors.domains import actors
from actors.kernel.jobs import Bench, JobContext
from actors.kernel.system import System, listeners_of
from actors.kernel.wakeup import Wakeup
from actors.media import darkroom
from actors.media.messages import (
    BindUpload,
    GetUpload,
    PhotoState,
    PhotoView,
    SignUpload,
    UploadTicket,
    UploadView,
)
from actors.media.picture import Picture
from actors.worker import declared_jobs, work
from tests.actors.auth.people import fetch

SETTLED = {PhotoState.ready, PhotoState.rejected}


async def signed(
    system: System, caller: Caller, size: int, content_type: str = "image/jpeg", sha256: str | None = None
) -> UploadTicket:
    """A reserved upload."""
    return await system.ask(SignUpload(caller=caller, content_type=content_type, bytes=size, sha256=sha256))


async def send(ticket: UploadTicket, data: bytes) -> int:
    """PUT the bytes as any client would; returns the status."""
    async with ClientSession() as http, http.put(ticket.url, data=data, headers=ticket.headers) as response:
        return response.status


async def uploaded(
    system: System, caller: Caller, data: bytes, content_type: str = "image/jpeg", sha256: str | None = None
) -> UploadTicket:
    """An upload whose bytes are there."""
    ticket = await signed(system, caller, len(data), content_type, sha256)
    assert await send(ticket, data) == 200
    return ticket


async def bound(system: System, caller: Caller, ticket: UploadTicket, **fields: Any) -> PhotoView:
    """An upload that belongs to a post."""
    return await system.ask(BindUpload(owner_id=caller.id, upload_id=ticket.upload_id, **fields))


async def state_of(system: System, caller: Caller, ticket: UploadTicket) -> UploadView:
    """The upload, as its owner sees it now."""
    return await system.ask(GetUpload(caller=caller, upload_id=ticket.upload_id))


async def develop(original: bytes, content_type: str) -> Picture:
    """These bytes, developed in a process of their own."""
    with TemporaryFile(buffering=0) as file:
        file.write(original)
        return await darkroom.develop(file, content_type)


async def perform(outside: Outside, run: Callable[..., Awaitable[None]], **args: Any) -> None:
    """Do a job here and now, once, as a worker would that was handed it."""
    job_id = uuid7()
    await fetch(
        outside.settings.database_url,
        "INSERT INTO job_intents (id, task, args, created_at, published_at) VALUES ($1, 'by hand', '{}', now(), now())",
        job_id,
    )
    bench = Bench(outside, listeners_of(actors()), Wakeup(outside.database), asyncio.Semaphore(1))
    await run(JobContext(bench, job_id, None), **args)


async def settled(system: System, caller: Caller, ticket: UploadTicket, seconds: float = 30) -> UploadView:
    """The upload once it is ready or rejected."""
    async with asyncio.timeout(seconds):
        while True:
            upload = await state_of(system, caller, ticket)
            if upload.state in SETTLED:
                return upload
            await asyncio.sleep(0.05)


@asynccontextmanager
async def working(outside: Outside, first_pause: float = 0.05) -> AsyncIterator[None]:
    """A worker of every job."""
    stopping = asyncio.Event()
    worker = asyncio.create_task(work(outside, declared_jobs(), stopping, lease_seconds=1.0, first_pause=first_pause))
    try:
        yield
    finally:
        stopping.set()
        await worker
