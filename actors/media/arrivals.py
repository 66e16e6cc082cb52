"""What was sent, held against what was signed, and looked at for malware, before anything decodes it."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from tempfile import TemporaryFile
from typing import IO, NamedTuple

import asyncpg

from actors.adapters.outside import Outside
from actors.adapters.storage import ObjectMissing, ObjectTooLarge
from actors.media.picture import Rejected


class Arrived(NamedTuple):
    """The bytes in a file of ours, and their SHA-256 in hex. Whatever is sent later, these are what was checked."""

    file: IO[bytes]
    sha256: str


@asynccontextmanager
async def arrived(outside: Outside, photo: asyncpg.Record) -> AsyncIterator[Arrived]:
    """The bytes that were signed; gone with the block, or the process.

    Raises `Rejected` with `missing`, `size_mismatch`, `checksum_mismatch` or `unsafe`, and `Outage` when storage or
    scanner do not answer: nothing passes unseen.
    """
    with await asyncio.to_thread(_unbuffered) as file:
        try:
            size = await outside.storage.read_into(file, photo["object_key"], photo["bytes"])
        except ObjectMissing:
            raise Rejected("missing") from None
        except ObjectTooLarge:
            raise Rejected("size_mismatch") from None
        if size != photo["bytes"]:
            raise Rejected("size_mismatch")
        sha256 = await asyncio.to_thread(_sha256, file)
        if photo["sha256"] not in {None, sha256}:
            raise Rejected("checksum_mismatch")
        if found := await outside.scanner.find(file):
            raise Rejected("unsafe", found)
        yield Arrived(file, sha256)


def _unbuffered() -> IO[bytes]:
    return TemporaryFile(buffering=0)


def _sha256(file: IO[bytes]) -> str:
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # a file without buffer is one
