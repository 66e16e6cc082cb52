"""The processes of the application under `vitrine dev`: started, started again when they die, ended in order."""

import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from server.embedded.processes import EmbeddedError, die_with_parent

DRAIN_SECONDS = 15
QUICK_SECONDS = 10
"""A part that lived shorter than this died quickly."""
QUICK_DEATHS = 5
LONGEST_PAUSE_SECONDS = 5.0

Failure = asyncio.Future[None]


class PartFailed(EmbeddedError):
    """A part of the application does not come up or does not stay up; its own words stand above."""


async def finish(arguments: Sequence[str], environment: Mapping[str, str], stopped: asyncio.Event) -> None:
    """Run `vitrine <arguments>` to its end, or until `stopped`. Raises `PartFailed` when it fails."""
    if stopped.is_set():
        return
    process = await _spawn(arguments, environment)
    done, over = asyncio.ensure_future(process.wait()), asyncio.ensure_future(stopped.wait())
    try:
        await asyncio.wait({done, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        over.cancel()
        await _end(process)
    if process.returncode != 0 and not stopped.is_set():
        raise PartFailed(f"`vitrine {' '.join(arguments)}` failed ({process.returncode}).")


@asynccontextmanager
async def kept_running(parts: Sequence[Sequence[str]], environment: Mapping[str, str]) -> AsyncIterator[Failure]:
    """Run `vitrine <part>` for each part during the block, each again when it ends, later each time.
    The future fails with `PartFailed` when one ends quickly five times in a row."""
    failure: Failure = asyncio.get_running_loop().create_future()
    keepers = [asyncio.create_task(_keep(part, environment, failure)) for part in parts]
    try:
        yield failure
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        failure.cancel()


async def _keep(part: Sequence[str], environment: Mapping[str, str], failure: Failure) -> None:
    try:
        why = await _restarted(part, environment)
    except OSError as error:
        why = f"cannot be started ({error})"
    if not failure.done():
        failure.set_exception(PartFailed(f"`vitrine {part[0]}` {why}."))


async def _restarted(part: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run it again and again; says why no longer."""
    quick = 0
    while True:
        born = time.monotonic()
        process = await _spawn(part, environment)
        try:
            code = await process.wait()
        finally:
            await _end(process)
        quick = quick + 1 if time.monotonic() - born < QUICK_SECONDS else 0
        if quick >= QUICK_DEATHS:
            return f"ended {quick} times in a row ({code})"
        pause = min(0.2 * 2**quick, LONGEST_PAUSE_SECONDS)
        say(f"`vitrine {part[0]}` ended ({code}); starting it again in {pause:.1f} s")
        await asyncio.sleep(pause)


async def _spawn(arguments: Sequence[str], environment: Mapping[str, str]) -> asyncio.subprocess.Process:
    """In a session of its own: a Ctrl-C at the terminal reaches the supervisor only, which ends all in order."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=die_with_parent(signal.SIGTERM),
    )


async def _end(process: asyncio.subprocess.Process) -> None:
    """Let it drain, insist after 15 seconds, return when it is gone."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def say(words: str) -> None:
    """One line for the person at the terminal."""
    print(f"vitrine  {words}", flush=True)
