"""Where pictures are developed: a process of its own for each, which may run out of time or memory alone.

`darkroom_process` is what runs there.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path
from typing import IO

from prometheus_client import Histogram

from actors.media import answers
from actors.media.answers import understand
from actors.media.picture import Picture, Rejected

CPU_SECONDS = 12
WALL_SECONDS = 45
CHUNK_BYTES, COMPLAINT_BYTES = 2**18, 2**20

cpu_seconds = Histogram(
    "vitrine_darkroom_cpu_seconds", "Computing one picture took", buckets=(0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 4, 8, 12)
)
peak_bytes = Histogram(
    "vitrine_darkroom_peak_bytes", "Memory one picture took at most", buckets=[2**20 * n for n in range(40, 360, 40)]
)

_MODULE = "actors.media.darkroom_process"
_ROOT = Path(__file__).parents[2]
_CRASHES = {signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL}


class DarkroomFailed(Exception):
    """The process ended without an answer, for a reason that need not be the picture's: try again."""


async def develop(original: IO[bytes], content_type: str) -> Picture:
    """See `developing.develop`; also raises `Rejected("too_complex")`, and `DarkroomFailed`.

    The file is one of the system's, without buffer: the process reads it as its input.
    """
    await asyncio.to_thread(original.seek, 0)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        _MODULE,
        content_type,
        str(os.getpid()),
        str(CPU_SECONDS),
        stdin=original,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=_ROOT,
        env={},  # hostile bytes are decoded here: no secret comes within their reach
    )
    try:
        async with asyncio.timeout(WALL_SECONDS):
            output, complaints = await asyncio.gather(
                _heard(process, process.stdout, answers.LONGEST), _heard(process, process.stderr, COMPLAINT_BYTES)
            )
            await process.wait()
    except TimeoutError:
        raise DarkroomFailed(f"no answer within {WALL_SECONDS} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()  # which ends when nothing is left to read, and not before
    return _understand(process.returncode or 0, output, complaints)


def _understand(status: int, output: bytes, complaints: bytes) -> Picture:
    if status == -signal.SIGXCPU:
        raise Rejected("too_complex", f"more than {CPU_SECONDS} s of computing")
    if -status in _CRASHES:
        raise Rejected("broken_image", f"the decoder crashed: {signal.Signals(-status).name}")
    if status != 0:
        raise DarkroomFailed(f"exit status {status}: {complaints[-2_000:].decode(errors='replace')}")
    try:
        took, answer = understand(output)
    except ValueError as error:
        raise DarkroomFailed(f"an answer that makes no sense: {str(error)[:500]}") from None
    cpu_seconds.observe(took.cpu_seconds)
    peak_bytes.observe(took.peak_bytes)
    if isinstance(answer, Rejected):
        raise answer
    return answer


async def _heard(process: Process, stream: asyncio.StreamReader | None, limit: int) -> bytes:
    """What the process says until it ends. One that says more than `limit` bytes is ended."""
    assert stream is not None
    said, is_ended = bytearray(), False
    while chunk := await stream.read(CHUNK_BYTES):
        if len(said) + len(chunk) <= limit:
            said += chunk
        elif not is_ended and process.returncode is None:
            # Once: to end a process that is dead already takes its status away from whoever waits for it.
            process.kill()
            is_ended = True
    return bytes(said)
