"""What was sent, held against what was signed, and looked at for malware, before anything decodes it."""

import asyncio
import hashlib
from typing import NamedTuple

import asyncpg

from actors.adapters.outside import Outside
from actors.adapters.storage import ObjectMissing, ObjectTooLarge
from actors.media.picture import Rejected


class Arrived(NamedTuple):
    """The bytes, and their SHA-256 in hex. Whatever is sent later, these are what was checked."""

    data: bytes
    sha256: str


async def arrived(outside: Outside, photo: asyncpg.Record) -> Arrived:
    """The bytes that were signed. Raises `Rejected` with `missing`, `size_mismatch`, `checksum_mismatch` or `unsafe`,
    and `Outage` when storage or scanner do not answer: nothing passes unseen."""
    try:
        data = await outside.storage.read(photo["object_key"], photo["bytes"])
    except ObjectMissing:
        raise Rejected("missing") from None
    except ObjectTooLarge:
        raise Rejected("size_mismatch") from None
    if len(data) != photo["bytes"]:
        raise Rejected("size_mismatch")
    sha256 = (await asyncio.to_thread(hashlib.sha256, data)).hexdigest()
    if photo["sha256"] not in {None, sha256}:
        raise Rejected("checksum_mismatch")
    if found := await outside.scanner.find(data):
        raise Rejected("unsafe", found)
    return Arrived(data, sha256)
