"""Processes of Vitrine as an operator starts them: `python -m server …`, each with its own log."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import aiohttp

from server.embedded.ports import free_port
from server.embedded.processes import die_with_parent


class PartFailed(Exception):
    """A process ended, or did not come up; the text holds its last words."""


class Process(Protocol):
    """What a `Part` needs of its process; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None: ...
    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self) -> int: ...


Start = Callable[[Sequence[str], Mapping[str, str], Path], Process]
"""Starts `python <arguments>` with exactly this environment, what it says appended to a file."""


def start(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Process:
    """Start it as a shell would. Call from the main thread: Linux ties the child to its thread."""
    with log.open("ab") as output:
        return subprocess.Popen(
            [sys.executable, *arguments],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGKILL),  # noqa: PLW1509  two system calls, no lock
        )


class Part:
    """A running process. It does not outlive the one that started it."""

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, *, start: Start = start
    ) -> None:
        """Start `python <arguments>`."""
        self.name = " ".join(arguments)
        self._log = log
        self._process = start(arguments, environment, log)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return self._process.poll()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    async def ended(self, seconds: float = 20) -> int:
        """Wait for its end and return its code. Raises `PartFailed` when it is still there after `seconds`."""
        deadline = time.monotonic() + seconds
        while (code := self.returncode) is None:
            if time.monotonic() > deadline:
                raise PartFailed(f"`{self.name}` is still there after {seconds:g} s\n{self.last_words()}")
            await asyncio.sleep(0.01)
        return code

    async def stop(self, seconds: float = 15) -> int:
        """Ask it to end and return its code; one that does not end in time is killed, and `PartFailed` raised."""
        if self.returncode is None:
            self.send(signal.SIGCONT)
            self.send(signal.SIGTERM)
        try:
            return await self.ended(seconds)
        finally:
            self.kill()

    def kill(self) -> None:
        """End it at once."""
        if self.returncode is None:
            self._process.kill()
            self._process.wait()

    def words(self) -> str:
        """All it said."""
        return self._log.read_text(errors="replace")

    def last_words(self) -> str:
        """The end of what it said."""
        return "\n".join(f"  {line[:400]}" for line in self.words().splitlines()[-15:])


class Served(Part):
    """A `serve` process and where it listens."""

    def __init__(
        self, environment: Mapping[str, str], log: Path, *, port: int = 0, processes: int = 1, start: Start = start
    ) -> None:
        """Start it on `port`, or on a free one; `processes` share it."""
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        own = {**environment, "HOST": "127.0.0.1", "PORT": str(self.port), "PUBLIC_URL": self.url}
        super().__init__(["-m", "server", "serve", "--processes", str(processes)], own, log, start=start)

    async def ready(self, seconds: float = 30) -> None:
        """Return when it serves. Raises `PartFailed` when it ends first, or is late."""
        deadline = time.monotonic() + seconds
        answer = "nothing"
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            while time.monotonic() < deadline:
                if self.returncode is not None:
                    raise PartFailed(f"`{self.name}` ended with {self.returncode}\n{self.last_words()}")
                try:
                    async with http.get(f"{self.url}/readyz") as response:
                        if response.status == 200:
                            return
                        answer = f"{response.status} {await response.text()}"
                except (aiohttp.ClientError, OSError, TimeoutError) as error:
                    answer = repr(error)
                await asyncio.sleep(0.02)
        raise PartFailed(f"`{self.name}` is not ready after {seconds:g} s ({answer})\n{self.last_words()}")
