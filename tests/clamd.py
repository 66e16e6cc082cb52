"""A clamd for tests: it speaks INSTREAM as clamd(8) does, and finds the EICAR test string."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
LIMIT = 25 * 2**20


class StandInClamd:
    """Answers one question a connection. `mood` may be `well`, `hung` or `failing`."""

    def __init__(self) -> None:
        self.mood = "well"
        self.port = 0
        self.seen = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            data = bytearray()
            while size := int.from_bytes(await reader.readexactly(4), "big"):
                data += await reader.readexactly(size)
                if len(data) > LIMIT:
                    writer.write(b"INSTREAM size limit exceeded. ERROR\0")
                    return
            self.seen += 1
            if self.mood == "hung":
                await asyncio.Event().wait()
            found = b"stream: Eicar-Test-Signature FOUND\0" if EICAR in data else b"stream: OK\0"
            writer.write(b"stream: Can't allocate memory ERROR\0" if self.mood == "failing" else found)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def clamd(port: int = 0) -> AsyncIterator[StandInClamd]:
    """One that listens, for the length of the block."""
    stand_in = StandInClamd()
    server = await asyncio.start_server(stand_in.answer, "127.0.0.1", port)
    stand_in.port = server.sockets[0].getsockname()[1]
    try:
        yield stand_in
    finally:
        server.close()
