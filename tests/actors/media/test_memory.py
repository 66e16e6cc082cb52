"""What a worker process and the picture it has developed take together, at their peak."""

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import ClientSession

from actors.kernel.system import System
from actors.settings import Settings
from server.embedded.ports import free_port
from tests.actors.auth.people import callers
from tests.actors.media.kinds import LARGE, SMALL, Kind
from tests.actors.media.uploading import bound, settled, uploaded

LIMIT = 400 * 2**20


class Peaks:
    """The most a worker has held, and the most any of its children: each says so of itself when it ends."""

    def __init__(self, worker: int, metrics: str) -> None:
        self._worker = worker
        self._metrics = metrics
        self._said = 0.0
        self._child = 0.0

    @property
    def together(self) -> float:
        """The worker's peak and that of its largest child: it has one at a time."""
        assert self._child, "no picture was developed in a child"
        status = Path(f"/proc/{self._worker}/status").read_text()
        return self._child + next(int(li.split()[1]) * 1024 for li in status.splitlines() if li.startswith("VmHWM"))

    async def note(self) -> None:
        """Learn what the children took that ended since the last time, at most one."""
        async with ClientSession() as http, http.get(self._metrics) as response:
            (said,) = map(float, _SAID.findall(await response.text()))
        self._child, self._said = max(self._child, said - self._said), said


_SAID = re.compile(r"^vitrine_darkroom_peak_bytes_sum (\S+)$", re.MULTILINE)


@asynccontextmanager
async def watched_worker(settings: Settings) -> AsyncIterator[Peaks]:
    """`vitrine worker`, and what it takes."""
    port = free_port()
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
            "WORKER_METRICS_PORT": str(port),
        },
    )
    try:
        yield Peaks(worker.pid, f"http://127.0.0.1:{port}/metrics")
    finally:
        worker.terminate()
        await worker.wait()


async def develop_all(system: System, settings: Settings, kinds: Sequence[Kind]) -> float:
    """What a worker and its child held at most, together, while these were uploaded and processed."""
    (ana,) = await callers(system, "ana")
    async with watched_worker(settings) as peaks:
        for kind in kinds:
            ticket = await uploaded(system, ana, await asyncio.to_thread(kind.make), kind.content_type)
            await bound(system, ana, ticket)
            upload = await settled(system, ana, ticket, seconds=60)
            assert (upload.reason or upload.state) == kind.outcome, kind.name
            await peaks.note()
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
