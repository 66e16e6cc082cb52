"""`vitrine dev`: the whole of Vitrine on this machine, until one Ctrl-C."""

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Sequence
from pathlib import Path
from typing import Any

import aiohttp

from server.embedded.front import embedded
from server.embedded.parts import Failure, finish, kept_running, say
from server.embedded.ports import is_free
from server.embedded.processes import EmbeddedError

READY_SECONDS = 60
PARTS = (("serve",), ("worker",), ("scheduler",))


async def dev(
    *,
    port: int,
    fresh: bool,
    seed: bool,
    life: bool,
    data: Path,
    accounts: Sequence[str],
) -> None:
    """Start the servers that are missing, bring the schema up to date, fill an empty database with demo people,
    run edge, worker and scheduler (and, with `life`, people who post), print where it is and the demo
    `accounts`, and return after SIGINT or SIGTERM when all have stopped.

    Call from the main thread. Raises `EmbeddedError`, whose text says what to do.
    """
    if not is_free(port):
        raise EmbeddedError(f"Port {port} is taken by another program: choose another, `make run PORT={port + 1}`.")
    began = time.monotonic()
    with embedded(data, fresh=fresh) as started:
        stopped = _stopped_by_signal()
        address = f"http://127.0.0.1:{port}"
        # A terminal is for what needs attention; LOG_LEVEL=info shows every request.
        environment = {"PUBLIC_URL": address, "LOG_LEVEL": "warning", **os.environ, **started, "PORT": str(port)}
        if "SMTP_URL" not in environment:
            environment.setdefault("MAIL_SPOOL", str((data / "mail").resolve()))
        say(f"servers are up after {time.monotonic() - began:.1f} s, data in {data}")
        await finish(["migrate"], environment, stopped)
        if not stopped.is_set():
            say(f"the schema is up to date after {time.monotonic() - began:.1f} s")
        if seed:
            await finish(["seed", "--if-empty"], environment, stopped)
        if not stopped.is_set():
            async with kept_running([*PARTS, *([("life",)] if life else [])], environment) as failure:
                await _first(_ready(address), stopped, failure)
                if not stopped.is_set():
                    _welcome(address, time.monotonic() - began, accounts)
                    await _first(stopped.wait(), stopped, failure)
                say("stopping …")
    say("stopped")


def _stopped_by_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def _first(awaited: Awaitable[object], stopped: asyncio.Event, failure: Failure) -> None:
    """Return when `awaited` is done or it is time to stop; raise what it, or a part that failed, raises."""
    tasks: set[asyncio.Future[Any]] = {asyncio.ensure_future(awaited), asyncio.ensure_future(stopped.wait())}
    try:
        done, _ = await asyncio.wait(tasks | {failure}, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    finally:
        for task in tasks:
            task.cancel()


async def _ready(address: str) -> None:
    """Return when every part works. Raises `EmbeddedError` with what is missing after a minute."""
    answer = "nothing answers"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
        for _ in range(READY_SECONDS * 10):
            try:
                async with http.get(f"{address}/readyz?full=1") as response:
                    if response.status == 200:
                        return
                    answer = f"{response.status} {await response.text()}"
            except (aiohttp.ClientError, TimeoutError) as error:
                answer = str(error) or type(error).__name__
            await asyncio.sleep(0.1)
    raise EmbeddedError(f"Vitrine is not ready after {READY_SECONDS} s: {answer}")


def _welcome(address: str, seconds: float, accounts: Sequence[str]) -> None:
    say(f"ready after {seconds:.1f} s")
    print(f"\n  Vitrine     {address}\n  API docs    {address}/docs\n  Mail        {address}/dev/mail")
    for title, account in zip(["Sign in as", *[""] * len(accounts)], accounts, strict=False):
        print(f"  {title:<11} {account}")
    print("  Ctrl-C stops everything.\n", flush=True)
