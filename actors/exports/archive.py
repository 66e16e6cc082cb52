"""The archive itself: a ZIP on disk that grows a piece at a time, never a whole list or library in memory."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import IO, Self
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import orjson
from asyncpg import Record

_LINE = b"\n "


class Archive:
    """Files are added one after the other. All that computes or touches the disk happens in threads."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = ZipFile(file, "w", compression=ZIP_DEFLATED)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        await asyncio.to_thread(self._zip.close)

    async def add(self, name: str, data: bytes, *, compress: bool = True) -> None:
        """A file, whole. Pictures are compressed already."""
        await asyncio.to_thread(self._zip.writestr, name, data, ZIP_DEFLATED if compress else ZIP_STORED)

    async def add_rows(self, name: str, chunks: AsyncIterator[Sequence[Record]]) -> int:
        """A JSON array of rows, read chunk by chunk; returns how many there were."""
        info = ZipInfo(name)
        info.compress_type = ZIP_DEFLATED
        count = 0
        with self._zip.open(info, "w", force_zip64=True) as entry:
            await asyncio.to_thread(entry.write, b"[")
            async for rows in chunks:
                await asyncio.to_thread(_write_rows, entry, rows, is_first=count == 0)
                count += len(rows)
            await asyncio.to_thread(entry.write, b"\n]\n")
        return count


def _write_rows(entry: IO[bytes], rows: Sequence[Record], *, is_first: bool) -> None:
    for place, row in enumerate(rows):
        entry.write(_LINE if is_first and place == 0 else b"," + _LINE)
        entry.write(orjson.dumps(dict(row), default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"an export does not hold {type(value).__name__}")
