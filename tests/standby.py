"""A PostgreSQL that streams from another one, for tests of what a read replica answers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGQUIT
from urllib.parse import urlsplit

import asyncpg

from server.embedded import postgres
from server.embedded.accounts import home_of, unprivileged
from server.embedded.ports import accepts, free_port
from server.embedded.processes import Program, Running, run, start
from tests.servers import folder_for_servers


class Standby:
    """The replica of a whole server; `url_of` names the copy of one of its databases."""

    def __init__(self, server: Running, port: int) -> None:
        self._server = server
        self._port = port

    def url_of(self, primary_url: str) -> str:
        """The same database here."""
        address = urlsplit(primary_url)
        return address._replace(netloc=f"{address.netloc.rpartition(':')[0]}:{self._port}").geturl()

    async def say(self, primary_url: str, sql: str) -> None:
        """Run a statement in that database here."""
        connection = await asyncpg.connect(self.url_of(primary_url))
        try:
            await connection.execute(sql)
        finally:
            await connection.close()

    def kill(self) -> None:
        """End it as a power cut would."""
        self._server.process.kill()
        self._server.process.wait()


@contextmanager
def standby_of(primary_url: str) -> Iterator[Standby]:
    """A standby of the server that holds this database."""
    account, address = unprivileged(), urlsplit(primary_url)
    programs = postgres._programs(account)
    with folder_for_servers() as folder:
        data, port = home_of(folder / "postgres", account) / "data", free_port()
        source = address._replace(path="/postgres").geturl()
        copy: list[str | Path] = [
            programs / "pg_basebackup",
            "-D",
            data,
            "-R",
            "-X",
            "stream",
            "-c",
            "fast",
            "--no-sync",
            "-d",
            source,
        ]
        run(copy, account=account)
        options = [part for name, value in postgres.COMMON.items() for part in ("-c", f"{name}={value}")]
        server = start(
            Program(
                name="standby",
                command=[programs / "postgres", "-D", data, *options, "-c", f"port={port}", "-c", "fsync=off"],
                folder=folder,
                log=folder / "standby.log",
                account=account,
                farewell=SIGQUIT,
            )
        )
        try:
            server.wait_until(lambda: accepts(port))
            yield Standby(server, port)
        finally:
            server.stop()
