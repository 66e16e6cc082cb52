"""A Vitrine of its own to measure: durable embedded servers, migrated, filled, serving."""

import os
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp

from load.processes import Part, PartFailed, Served
from server.embedded.front import embedded

FOREIGN = (
    "DB_URL",
    "DATABASE_URL",
    "DB_REPLICA_URL",
    "REDIS_URL",
    "S3_ENDPOINT",
    "RATE_LIMITS",
    "LOG_LEVEL",
    "VITRINE_FAULT",
)
"""What the surroundings may not decide."""
TOKEN_SECONDS = 20 * 3600
"""The seed's access tokens are good for a day."""


@contextmanager
def durable_servers(kept: Path | None) -> Iterator[dict[str, str]]:
    """The environment of a Vitrine on servers that keep what they acknowledge. Their data lies in `kept`, or is
    gone after the block."""
    folder = kept.absolute() if kept else Path(mkdtemp(prefix="vitrine-load-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)
    surroundings = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    try:
        with embedded(folder / "servers", environ=surroundings) as variables:
            # All the world comes from one address here.
            crowd = {"RATE_LIMIT_AMOUNTS": "sockets=1000000", "SOCKETS_PER_ADDRESS": "1000000"}
            yield {**surroundings, **variables, **crowd, "LOAD_FOLDER": str(folder)}
    finally:
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)


async def fill(environment: Mapping[str, str], *, people: int, posts: int) -> Path:
    """Migrate, and seed unless that was done before; returns the file with everybody's access token."""
    folder = Path(environment["LOAD_FOLDER"])
    tokens = folder / "tokens.jsonl"
    steps = [["migrate"]]
    if not tokens.exists() or tokens.stat().st_mtime < time.time() - TOKEN_SECONDS:
        steps.append(["seed", "--people", str(people), "--posts", str(posts), "--tokens", str(tokens)])
    for arguments in steps:
        began = time.monotonic()
        part = Part(["-m", "server", *arguments], environment, folder / "setup.log")
        if await part.ended(600):
            raise PartFailed(f"`{part.name}` failed\n{part.last_words()}")
        print(f"  {arguments[0]}: {time.monotonic() - began:.1f} s", flush=True)
    return tokens


@asynccontextmanager
async def serving(environment: Mapping[str, str], *, processes: int) -> AsyncIterator[Served]:
    """A server for the length of the block. Raises `PartFailed` when it did not live to its end."""
    served = Served(environment, Path(environment["LOAD_FOLDER"]) / "serve.log", processes=processes)
    try:
        await served.ready(60)
        yield served
        if served.returncode is not None:
            raise PartFailed(f"the server ended with {served.returncode}\n{served.last_words()}")
        await served.stop()
    finally:
        served.kill()
