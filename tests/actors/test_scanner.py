"""The malware scanner's adapter, against a server that speaks as clamd does."""

import asyncio
import struct
from io import BytesIO

import pytest

from actors.adapters import scanner
from actors.adapters.scanner import Clamd, NoScanner, ScannerUnavailable, open_scanner
from actors.settings import Settings
from server.embedded.ports import free_port
from tests.clamd import EICAR, LIMIT, clamd


async def test_what_is_harmless_passes_and_what_is_found_has_a_name() -> None:
    async with clamd() as server:
        asked = Clamd("127.0.0.1", server.port)
        assert await asked.find(BytesIO(b"")) is None
        assert await asked.find(BytesIO(b"\xff\xd8" * 500_000)) is None
        assert await asked.find(BytesIO(b"\xff\xd8" * 200_000 + EICAR)) == "Eicar-Test-Signature"
        assert server.seen == 3


async def test_nothing_passes_unseen(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScannerUnavailable):
        await Clamd("127.0.0.1", free_port()).find(BytesIO(b"x"))
    async with clamd() as server:
        asked = Clamd("127.0.0.1", server.port)
        server.mood = "failing"
        with pytest.raises(ScannerUnavailable, match="allocate memory"):
            await asked.find(BytesIO(b"x"))
        with pytest.raises(ScannerUnavailable):
            await asked.find(BytesIO(b"x" * (LIMIT + 1)))
        server.mood = "hung"
        monkeypatch.setattr(scanner, "SCAN_SECONDS", 0.1)
        with pytest.raises(ScannerUnavailable, match="TimeoutError"):
            await asked.find(BytesIO(b"x"))


@pytest.mark.parametrize("answer", [b"", b"stream: OK", b"FOUND\0", b"stream: \0", b"OK FOUND ERROR\0", b"\xff\0"])
async def test_an_answer_that_is_none_is_an_outage(answer: bytes) -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(struct.pack(">I", 0))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answering, "127.0.0.1", 0)
    async with server:
        with pytest.raises(ScannerUnavailable):
            await Clamd("127.0.0.1", server.sockets[0].getsockname()[1]).find(BytesIO(b"x"))


def test_settings_choose_the_scanner(bare_settings: Settings) -> None:
    assert isinstance(open_scanner(bare_settings), NoScanner)
    chosen = open_scanner(bare_settings.model_copy(update={"scanner_url": "clamd://[::1]:3311"}))
    assert isinstance(chosen, Clamd)
    assert (chosen.host, chosen.port) == ("::1", 3311)
