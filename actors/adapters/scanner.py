"""What looks for malware in files that strangers send: nobody, or a clamd."""

import asyncio
import struct
from typing import IO, Protocol
from urllib.parse import urlsplit

from prometheus_client import Counter

from actors.adapters import Outage
from actors.settings import Settings

scans_total = Counter("vitrine_scans_total", "Uploads looked at by the malware scanner", ["outcome"])

SCAN_SECONDS = 60.0
CLAMD_PORT = 3310
_CHUNK = 256 * 1024


class ScannerUnavailable(Outage):
    """The scanner does not answer, or will not look."""


class Scanner(Protocol):
    """Looks at files, from their beginning."""

    async def find(self, file: IO[bytes]) -> str | None:
        """What it found, by the scanner's own name for it; None for nothing. Raises `ScannerUnavailable`."""
        ...


class NoScanner:
    """Finds nothing: for an instance that has no scanner."""

    async def find(self, file: IO[bytes]) -> str | None:  # noqa: ARG002  it does not look
        """Nothing."""
        return None


class Clamd:
    """A clamd that listens on TCP, asked by `INSTREAM`, a connection for each question (clamd(8)).

    Its `StreamMaxLength` (25 MB by default) must exceed the largest upload, or that one waits for ever.
    """

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port

    async def find(self, file: IO[bytes]) -> str | None:
        """See `Scanner`."""
        try:
            async with asyncio.timeout(SCAN_SECONDS):
                answer = await self._ask(file)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            scans_total.labels("unavailable").inc()
            raise ScannerUnavailable(f"clamd at {self.host}:{self.port}: {error!r}") from error
        verdict = answer.removeprefix("stream: ")
        if verdict == "OK":
            scans_total.labels("clean").inc()
            return None
        if not verdict.endswith(" FOUND"):
            scans_total.labels("unavailable").inc()
            raise ScannerUnavailable(f"clamd says: {answer[:200]}")
        scans_total.labels("found").inc()
        return verdict.removesuffix(" FOUND")

    async def _ask(self, file: IO[bytes]) -> str:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(b"zINSTREAM\0")
            await asyncio.to_thread(file.seek, 0)
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                writer.write(struct.pack(">I", len(chunk)))
                writer.write(chunk)
                await writer.drain()
            writer.write(struct.pack(">I", 0))
            return (await reader.readuntil(b"\0"))[:-1].decode(errors="replace")
        finally:
            writer.close()


def open_scanner(settings: Settings) -> Scanner:
    """The scanner of these settings. Connects when it is asked."""
    if settings.scanner_url is None:
        return NoScanner()
    address = urlsplit(settings.scanner_url)
    return Clamd(address.hostname or "", address.port or CLAMD_PORT)
