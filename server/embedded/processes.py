"""Servers as child processes: none outlives its parent, and each says why when it does not come up."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class EmbeddedError(Exception):
    """An embedded server cannot run here; the text says why and what to do."""


class BinaryUnfit(EmbeddedError):
    """A server's binary is missing or does not run on this machine."""


@dataclass(frozen=True)
class Account:
    """The user a process runs as."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Program:
    """How to run one server: what is called, as whom, where it logs and which signal ends it best."""

    name: str
    command: Sequence[str | Path]
    folder: Path
    log: Path
    environment: Mapping[str, str] | None = None
    account: Account | None = None
    farewell: signal.Signals = signal.SIGTERM
    input: bytes | None = None


class Running:
    """A started program."""

    def __init__(self, program: Program, process: subprocess.Popen[bytes], pid_file: Path) -> None:
        self.program = program
        self.process = process
        self._pid_file = pid_file

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self.process.poll()

    def wait_until(self, ready: Callable[[], bool], seconds: float = 20) -> None:
        """Return once `ready()`. Raises `EmbeddedError` with the end of its log when it dies or is late."""
        deadline = time.monotonic() + seconds
        while not ready():
            if self.exit_code is not None:
                raise EmbeddedError(f"{self.program.name} stopped with {self.exit_code}:\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise EmbeddedError(f"{self.program.name} is not ready after {seconds:g} s:\n{self.last_words()}")
            time.sleep(0.01)

    def last_words(self) -> str:
        """The end of its log, indented."""
        lines = self.program.log.read_text(errors="replace").splitlines()[-8:]
        return "\n".join(f"  {line}" for line in lines) + f"\n  (all of it: {self.program.log})"

    def stop(self, seconds: float = 10) -> None:
        """Ask it to end, insist after `seconds`, and return when it is gone."""
        if self.exit_code is None:
            self.process.send_signal(self.program.farewell)
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._pid_file.unlink(missing_ok=True)


def start(program: Program) -> Running:
    """Start it, in a session of its own (a Ctrl-C at the terminal is for its parent alone), bound to this
    process's life on Linux. A twin that an earlier, killed parent left is ended first.

    Call from the main thread: Linux ties the child to the thread that made it.
    Raises `BinaryUnfit` when the file is missing or is not for this machine.
    """
    pid_file = program.folder / f"{program.name}.pid"
    end_leftover(pid_file, program.farewell)
    program.log.parent.mkdir(parents=True, exist_ok=True)
    _keep_one_older(program.log)
    with program.log.open("wb") as log:
        process = _popen(program, log)
    pid_file.write_text(f"{process.pid} {_born(process.pid)}")
    if program.input is not None:
        assert process.stdin is not None
        with process.stdin:
            process.stdin.write(program.input)
    return Running(program, process, pid_file)


def _popen(program: Program, log: IO[bytes]) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(  # noqa: S603  # commands are ours
            [str(part) for part in program.command],
            cwd=program.folder,
            env=dict(os.environ if program.environment is None else program.environment),
            stdin=subprocess.DEVNULL if program.input is None else subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(program.farewell),  # noqa: PLW1509  # two system calls, no lock
            **_identity(program.account),
        )
    except OSError as error:
        raise BinaryUnfit(
            f"{program.name}: {program.command[0]} does not run on this machine ({error.strerror})."
        ) from error


def run(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    account: Account | None = None,
    environment: Mapping[str, str] | None = None,
    script: str = "",
) -> None:
    """Run a command to its end, `environment` added to ours. Raises `EmbeddedError` with what it said."""
    done = subprocess.run(  # noqa: S603  # commands are ours
        [str(part) for part in command],
        cwd=folder or Path("/"),
        env={**os.environ, **(environment or {})},
        input=script,
        capture_output=True,
        text=True,
        check=False,
        **_identity(account),
    )
    if done.returncode != 0:
        raise EmbeddedError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}".rstrip())


def _identity(account: Account | None) -> Any:
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def die_with_parent(farewell: signal.Signals) -> Callable[[], None] | None:
    """What a child runs before its program so that the kernel sends it `farewell` when its parent is gone."""
    if _LIBC is None:
        return None
    libc, parent = _LIBC, os.getpid()

    def bind() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(farewell))
        if os.getppid() != parent:  # it died before the line above
            os._exit(1)

    return bind


def end_leftover(pid_file: Path, farewell: signal.Signals) -> None:
    """End the process an earlier run noted in `pid_file`, if it is still that process and not a namesake."""
    try:
        noted, born = pid_file.read_text().split(maxsplit=1)
    except (FileNotFoundError, ValueError):
        return
    pid = int(noted)
    for number, patience in ((farewell, 10.0), (signal.SIGKILL, 5.0)):
        if _born(pid) != born:
            break
        os.kill(pid, number)
        deadline = time.monotonic() + patience
        while _born(pid) == born and time.monotonic() < deadline:
            time.sleep(0.02)
    pid_file.unlink(missing_ok=True)


def _born(pid: int) -> str:
    """When a living process started, in words that only compare; empty if there is none."""
    if _LIBC is not None:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return ""
        return "" if fields[0] == "Z" else fields[19]
    listing = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(listing, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603  # ours


def _keep_one_older(log: Path) -> None:
    if log.exists():
        log.replace(log.with_suffix(".log.1"))
