"""A line to a server that can go dead: connections stay, nothing is refused, and nothing arrives any more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class Line:
    """`url` leads to the server. What a dead line swallowed never arrives, also when new connections work again."""

    def __init__(self, target: str) -> None:
        self._parts = urlsplit(target)
        self._tasks: set[asyncio.Task[None]] = set()
        self._generation = 0
        self._is_dead = False
        self.url = ""

    def goes_dead(self) -> None:
        """Every connection, and each that is made from now on."""
        self._generation += 1
        self._is_dead = True

    def heals(self) -> None:
        """For connections that are made from now on."""
        self._generation += 1
        self._is_dead = False

    async def open(self) -> asyncio.Server:
        """Begin to listen."""
        server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        account, at, _ = self._parts.netloc.rpartition("@")
        self.url = self._parts._replace(netloc=f"{account}{at}127.0.0.1:{port}").geturl()
        return server

    async def close(self) -> None:
        """Let go of every connection."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, answer = await asyncio.open_connection(self._parts.hostname, self._parts.port)
        generation = -1 if self._is_dead else self._generation
        for one, other in ((reader, answer), (there, writer)):
            task = asyncio.create_task(self._carry(one, other, generation))
            self._tasks.add(task)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, generation: int) -> None:
        with suppress(OSError):
            try:
                while data := await reader.read(65_536):
                    if generation == self._generation:
                        writer.write(data)
                        await writer.drain()
                if generation != self._generation:
                    await asyncio.Event().wait()  # not even the end of it arrives
            finally:
                writer.close()


@asynccontextmanager
async def line_to(url: str) -> AsyncIterator[Line]:
    """A line to the server at this URL, for the length of the block."""
    line = Line(url)
    server = await line.open()
    try:
        yield line
    finally:
        server.close()
        await line.close()
