"""What a worker process and the picture it has developed take together, at their peak."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from actors.kernel.system import System
from actors.settings import Settings
from tests.actors.auth.people import callers
from tests.actors.media.kinds import LARGE, SMALL, Kind
from tests.actors.media.uploading import bound, settled, uploaded

LIMIT = 400 * 2**20


class Peaks:
    """The most a process and its children have held so far, by their ids."""

    def __init__(self, worker: int) -> None:
        self._worker = worker
        self._of: dict[int, int] = {}

    @property
    def together(self) -> int:
        """The worker's peak and that of its largest child: it has one at a time."""
        children = [peak for pid, peak in self._of.items() if pid != self._worker]
        assert children, "no picture was developed in a child"
        return self._of[self._worker] + max(children)

    async def watch(self) -> None:
        """Look, until cancelled."""
        while True:
            for pid in (self._worker, *_children(self._worker)):
                self._of[pid] = max(self._of.get(pid, 0), _peak(pid))
            await asyncio.sleep(0.01)


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _peak(pid: int) -> int:
    """VmHWM in bytes; 0 when the process is gone, or is still its parent's image."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0)


@asynccontextmanager
async def watched_worker(settings: Settings) -> AsyncIterator[Peaks]:
    """`vitrine worker`, and what it takes."""
    worker = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        "worker",
        env={
            **os.environ,
            "VITRINE_ENV": "test",
            "DB_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "JWT_SECRET": settings.jwt_secret.get_secret_value(),
            "S3_ENDPOINT": settings.s3_endpoint,
            "STORAGE_KEYS": settings.storage_keys.get_secret_value(),
        },
    )
    peaks = Peaks(worker.pid)
    watching = asyncio.create_task(peaks.watch())
    try:
        yield peaks
    finally:
        watching.cancel()
        worker.terminate()
        await worker.wait()


async def develop_all(system: System, settings: Settings, kinds: Sequence[Kind]) -> int:
    """What a worker and its child held at most, together, while these were uploaded and processed."""
    (ana,) = await callers(system, "ana")
    async with watched_worker(settings) as peaks:
        for kind in kinds:
            ticket = await uploaded(system, ana, await asyncio.to_thread(kind.make), kind.content_type)
            await bound(system, ana, ticket)
            upload = await settled(system, ana, ticket, seconds=60)
            assert (upload.reason or upload.state) == kind.outcome, kind.name
        return peaks.together


@pytest.mark.usefixtures("storage")
async def test_a_worker_and_its_child_stay_below_400_megabytes(system: System, settings: Settings) -> None:
    worst = ("JPEG, 20 MiB of which most is no picture", "PNG, 33 megapixels")
    peak = await develop_all(system, settings, [kind for kind in LARGE if kind.name in worst])
    print(f"worker and child: {peak / 2**20:.0f} MiB")
    assert peak < LIMIT


@pytest.mark.slow
@pytest.mark.usefixtures("storage")
async def test_a_worker_and_its_child_stay_below_400_megabytes_whatever_is_sent(
    system: System, settings: Settings
) -> None:
    peak = await develop_all(system, settings, SMALL + LARGE)
    print(f"worker and child: {peak / 2**20:.0f} MiB")
    assert peak < LIMIT
