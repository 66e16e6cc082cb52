"""Photographs of 12 megapixels: from the post that shows one to the moment it is ready, and what that costs."""

import asyncio
import os
import time
from collections.abc import Sequence
from contextlib import aclosing
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image

from load.bench import Bench
from load.client import LiveClient
from load.figures import Figure, Outcome, curve, quantile
from load.processes import Part, PartFailed
from load.world import Person
from server.demo.pictures import draw

SIZE = (4_000, 3_000)
TO_READY_MS = 2_000.0
AT_ONCE = 8
"""In flight while throughput is measured: as many as a worker takes on, and it develops one at a time."""
LATE_SECONDS = 60
_TICKS = os.sysconf("SC_CLK_TCK")


class Photographer:
    """Somebody who posts, and hears on their own socket when what they posted is ready."""

    def __init__(self, http: aiohttp.ClientSession, url: str, person: Person) -> None:
        self._http = http
        self._url = url
        self._headers = {"Authorization": f"Bearer {person.token}"}

    async def post(self, photograph: bytes) -> float:
        """Upload and post it; the milliseconds from the reply to the post until it is ready. Raises `PartFailed`."""
        async with asyncio.timeout(LATE_SECONDS):
            ticket = await self._ask("/v1/uploads/sign", content_type="image/jpeg", bytes=len(photograph))
            sent = await self._http.put(ticket["url"], data=photograph, headers=ticket["headers"])
            if sent.status != 200:
                raise PartFailed(f"the storage answered {sent.status} to an upload")
            live = LiveClient(self._http, f"{self._url.replace('http', 'ws', 1)}/v1/realtime", token=self._token)
            connected = asyncio.Event()
            told = asyncio.create_task(self._hear(live, ticket["upload_id"], connected))
            await connected.wait()
            await self._ask("/v1/posts", upload_id=ticket["upload_id"])
            began = time.monotonic()
            return (await told - began) * 1000

    async def _hear(self, live: LiveClient, upload_id: str, connected: asyncio.Event) -> float:
        async with aclosing(live.events()) as events:
            waiting = asyncio.create_task(_until_connected(live, connected))
            async for event in events:
                if event["type"].startswith("upload.") and event["data"]["upload_id"] == upload_id:
                    await waiting
                    if event["type"] != "upload.ready":
                        raise PartFailed(f"a photograph was rejected: {event['data']}")
                    return time.monotonic()
        raise AssertionError("a socket's events have no end")

    async def _token(self) -> str:
        return self._headers["Authorization"].removeprefix("Bearer ")

    async def _ask(self, path: str, **body: object) -> dict[str, Any]:
        async with self._http.post(f"{self._url}{path}", json=body, headers=self._headers) as response:
            if response.status != 201:
                raise PartFailed(f"{path} answered {response.status}: {(await response.text())[:300]}")
            reply: dict[str, Any] = await response.json()
            return reply


async def _until_connected(live: LiveClient, connected: asyncio.Event) -> None:
    while live.connected is None:  # noqa: ASYNC110  # the client announces events, not connections
        await asyncio.sleep(0.005)
    connected.set()


async def run(bench: Bench, outcome: Outcome) -> None:
    """One photograph after the other, then many at once, by one worker."""
    if bench.environment is None:
        outcome.faults.append("photographs need a worker of our own: leave out --url")
        return
    alone, together = (3, 4) if bench.short else (30, 32)
    photograph = await asyncio.to_thread(_photograph)
    worker = Part(["-m", "server", "worker"], bench.environment, bench.folder / "worker.log")
    try:
        async with aiohttp.ClientSession() as http:
            people = [Photographer(http, bench.url, person) for person in bench.world.people]
            await people[0].post(photograph)
            times = [await person.post(photograph) for person in people[1 : 1 + alone]]
            outcome.figures += [
                Figure("one after the other: p50 to ready", quantile(sorted(times), 0.5), "ms"),
                Figure("one after the other: p95 to ready", quantile(sorted(times), 0.95), "ms", TO_READY_MS),
            ]
            outcome.curves.append(curve("From the post to a ready photograph", "ms", times))
            outcome.figures += await _throughput(people[1 + alone : 1 + alone + together], photograph, worker)
        outcome.conditions.append(
            f"photographs: JPEG, {SIZE[0]} × {SIZE[1]}, {len(photograph) / 1e6:.1f} MB; one worker"
        )
        await worker.stop()
    finally:
        worker.kill()


async def _throughput(people: Sequence[Photographer], photograph: bytes, worker: Part) -> list[Figure]:
    waiting = iter(people)
    before, began = _cpu_seconds(worker.pid), time.monotonic()

    async def keep_posting() -> None:
        for person in waiting:
            await person.post(photograph)

    await asyncio.gather(*(keep_posting() for _ in range(AT_ONCE)))
    passed, worked = time.monotonic() - began, _cpu_seconds(worker.pid) - before
    return [
        Figure(f"{AT_ONCE} at once: photographs", len(people) / passed, "a second"),
        Figure("photographs a CPU second of the worker and its children", len(people) / worked, "a CPU second"),
    ]


def _cpu_seconds(pid: int) -> float:
    """What a process and the children that have ended used, in user and system mode."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / _TICKS


def _photograph() -> bytes:
    """A drawn scene with a camera's grain, at a camera's size."""
    with Image.open(BytesIO(draw(0, long_edge=1_200))) as scene:
        large = scene.convert("RGB").resize(SIZE, Image.Resampling.BICUBIC)
    grain = Image.effect_noise(SIZE, 24)
    file = BytesIO()
    Image.blend(large, Image.merge("RGB", [grain] * 3), 0.12).save(file, "JPEG", quality=90)
    return file.getvalue()
