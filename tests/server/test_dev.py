"""`vitrine dev`: everything comes up, heals, and goes with its parent however that goes."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from typer.testing import CliRunner

from server.cli import app
from server.embedded.ports import free_port
from tests.servers import folder_for_servers

ROOT = Path(__file__).parents[2]
PARTS = {"serve", "worker", "scheduler"}
SERVERS = {"postgres", "valkey-server", "rclone"}


class Dev:
    """A running `vitrine dev` without demo people."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        given = {"DB_URL", "DATABASE_URL", "REDIS_URL", "S3_ENDPOINT", "STORAGE_KEYS", "MEDIA_BASE_URL"}
        command = ["dev", "--no-seed", "--port", str(self.port), "--data", str(folder)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", *command],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in given},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.family: dict[int, str] = {}

    def until(self, pattern: str) -> str:
        """Read what it says until a line matches, and note its children then."""
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if re.search(pattern, line):
                self.family |= children(self.process.pid)
                return said
        raise AssertionError(f"it ended without saying {pattern!r}:\n{said}")

    def survivors(self, seconds: float = 20) -> dict[int, str]:
        """Those of its children that still live after a while."""
        deadline = time.monotonic() + seconds
        while (left := {p: n for p, n in self.family.items() if Path(f"/proc/{p}/exe").exists()}) and (
            time.monotonic() < deadline
        ):
            time.sleep(0.05)
        return {pid: name for pid, name in left.items() if state(pid) != "Z"}


def state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return "Z"


def children(parent: int) -> dict[int, str]:
    """Living children by pid: the name of their program, or of the part of Vitrine they are."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                words = (folder / "cmdline").read_bytes().decode().split("\0")
                is_part = words[1:3] == ["-m", "server"]
                found[int(folder.name)] = words[3] if is_part else (folder / "comm").read_text().strip()
        except OSError:
            continue
    return found


@pytest.fixture
def dev() -> Iterator[Dev]:
    with folder_for_servers() as folder:
        running = Dev(folder)
        yield running
        if running.process.poll() is None:
            running.process.terminate()
        running.process.communicate(timeout=40)


async def status(url: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        return answer.status


async def test_everything_comes_up_heals_and_one_interrupt_ends_it(dev: Dev) -> None:
    said = dev.until(r"Ctrl-C stops everything")
    assert f"http://127.0.0.1:{dev.port}/docs" in said
    assert set(dev.family.values()) == PARTS | SERVERS
    assert await status(f"http://127.0.0.1:{dev.port}/readyz?full=1") == 200

    worker = next(pid for pid, name in dev.family.items() if name == "worker")
    os.kill(worker, signal.SIGKILL)
    dev.until(r"worker` ended \(-9\); starting it again")
    async with asyncio.timeout(30):
        while "worker" not in children(dev.process.pid).values():  # noqa: ASYNC110  # nobody announces it
            await asyncio.sleep(0.05)

    dev.family |= children(dev.process.pid)
    dev.process.send_signal(signal.SIGINT)
    assert "stopped" in dev.until(r"vitrine  stopped")
    assert dev.process.wait(30) == 0
    assert dev.survivors(1) == {}


async def test_nothing_outlives_a_killed_parent(dev: Dev) -> None:
    dev.until(r"Ctrl-C stops everything")
    dev.process.kill()
    assert dev.survivors() == {}


def test_an_interrupt_while_it_starts_ends_it_too(dev: Dev) -> None:
    dev.until(r"servers are up")
    dev.process.send_signal(signal.SIGINT)
    assert dev.process.wait(40) == 0
    assert dev.survivors(1) == {}


def test_a_port_that_cannot_be_is_refused_with_those_that_can() -> None:
    done = CliRunner().invoke(app, ["dev", "--port", "70000"])
    assert done.exit_code == 2
    assert "65535" in done.stderr


def test_a_taken_port_is_named_with_the_way_out() -> None:
    with socket.socket() as other, folder_for_servers() as folder:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "server", "dev", "--port", str(port), "--data", str(folder)],
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
    assert done.returncode == 2
    assert f"Port {port} is taken" in done.stderr
    assert f"make run PORT={port + 1}" in done.stderr
    assert "Traceback" not in done.stderr
