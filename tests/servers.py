"""The servers tests run against: those the environment names, embedded ones, or containers where no embedded
server fits the machine. One set serves a whole test run; each test has a database of its own."""

import fcntl
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg

from server.embedded.front import embedded
from server.embedded.processes import BinaryUnfit, Running
from server.embedded.valkey import start_valkey

GIVEN = ("DB_URL", "DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "STORAGE_KEYS", "MEDIA_BASE_URL", "JWT_SECRET")
TEMPLATE_LOCK = 7_221_010
PREFIX = "vitrine-tests-"
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 4 * 2**30
A_MOMENT = 60
"""Seconds between making a folder and holding it, at the very most."""


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """A folder that goes with the block; others may pass it, as PostgreSQL may run as another user."""
    folder = Path(mkdtemp(prefix=PREFIX, dir=_place()))
    folder.chmod(0o711)
    with (folder / "held").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            yield folder
        finally:
            _delete(folder)


def _place() -> Path:
    """Memory where it has room, else the disk: a database made and dropped for each test is mostly writing."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > MEMORY_BYTES:
        return MEMORY
    return Path(gettempdir())


def sweep() -> None:
    """Delete the folders of test runs that were killed: nobody holds them any more."""
    for folder in (found for place in {MEMORY, Path(gettempdir())} for found in place.glob(f"{PREFIX}*")):
        try:
            if time.time() - folder.stat().st_mtime > A_MOMENT:
                with (folder / "held").open() as held:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    _delete(folder)
        except OSError:  # held, or another user's
            continue


def _delete(folder: Path) -> None:
    shutil.rmtree((folder / "postgres").resolve(), ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_servers() -> Iterator[dict[str, str]]:
    """The variables of a PostgreSQL, a Redis and an S3 that run for the length of the block."""
    given = {name: os.environ[name] for name in GIVEN if os.environ.get(name)}
    sweep()
    with ExitStack() as stack:
        folder = stack.enter_context(folder_for_servers())
        try:
            started = stack.enter_context(embedded(folder, durable=False, environ=given))
        except BinaryUnfit:
            from tests.containers import containers  # noqa: PLC0415  # Docker's client, where it is needed

            started = stack.enter_context(containers())
        variables = {**started, **given}
        variables["DB_URL"] = variables.pop("DATABASE_URL", variables.get("DB_URL", ""))
        yield {"TEMPLATE": f"vitrine_template_{uuid4().hex[:12]}", **variables}


Fill = Callable[[str], Awaitable[None]]
"""Puts something into the database of that URL, which has every table."""


@asynccontextmanager
async def fresh_database(servers: Mapping[str, str], fill: Fill | None = None) -> AsyncIterator[str]:
    """The URL of a new database with every table, dropped after the block whoever is connected.

    It has no rows but those of `fill`, which is called once a run and its work copied.
    """
    name, template = f"vitrine_test_{uuid4().hex}", servers["TEMPLATE"]
    admin = await asyncpg.connect(servers["DB_URL"])
    try:
        await _ensure(admin, servers, template, _migrate)
        if fill is not None:
            empty, template = template, f"{template}_{fill.__name__}"
            await _ensure(admin, servers, template, fill, f'TEMPLATE "{empty}"')
        await admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY')
        try:
            yield _beside(servers["DB_URL"], name)
        finally:
            if admin.is_closed():  # a test that ends every backend ended this one too
                admin = await asyncpg.connect(servers["DB_URL"])
            await admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    finally:
        await admin.close()


async def drop_templates(servers: Mapping[str, str]) -> None:
    """Leave no template behind on a server that outlives the tests."""
    admin = await asyncpg.connect(servers["DB_URL"])
    try:
        left = "SELECT datname FROM pg_database WHERE starts_with(datname, $1)"
        for row in await admin.fetch(left, servers["TEMPLATE"]):
            await admin.execute(f'DROP DATABASE IF EXISTS "{row["datname"]}"')
    finally:
        await admin.close()


async def _migrate(url: str) -> None:
    from server.schema import apply  # noqa: PLC0415  # a broken domain fails its tests, not all

    await apply(url)


async def _ensure(
    admin: "asyncpg.Connection[Any]", servers: Mapping[str, str], template: str, fill: Fill, made_of: str = ""
) -> None:
    """Make a template once for all workers: the first to hold the lock does, under another name until whole."""
    if await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
        return
    await admin.execute("SELECT pg_advisory_lock($1)", TEMPLATE_LOCK)
    try:
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", template):
            draft = f"{template}_draft"
            await admin.execute(f'DROP DATABASE IF EXISTS "{draft}" WITH (FORCE)')
            await admin.execute(f'CREATE DATABASE "{draft}" {made_of}')
            await fill(_beside(servers["DB_URL"], draft))
            await admin.execute(f'ALTER DATABASE "{draft}" RENAME TO "{template}"')
    finally:
        await admin.execute("SELECT pg_advisory_unlock($1)", TEMPLATE_LOCK)


def _beside(url: str, name: str) -> str:
    return urlsplit(url)._replace(path=f"/{name}").geturl()


class OwnValkey:
    """A Valkey that only one test uses, so that it may be killed, stopped and come back at the same address."""

    def __init__(self, folder: Path, *, durable: bool) -> None:
        self._folder = folder
        self._durable = durable
        self._server: Running
        self.url = ""
        self.start()

    def start(self) -> None:
        """Start it, or start it again: empty, or with what it had where it is durable."""
        self._server, self.url = start_valkey(self._folder, "only-for-this-test", durable=self._durable)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._server.process.kill()
        self._server.process.wait()

    def pause(self) -> None:
        """Let it hang: connections stay, nothing is answered."""
        self._server.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self._server.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it in good order."""
        self.resume()
        self._server.stop()
