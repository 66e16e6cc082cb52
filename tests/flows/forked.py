"""Processes of Vitrine without the two seconds of imports: each is forked from one that has imported everything.

Otherwise it is what `python -m server …` starts: a process of its own with its own environment, session and log.
"""

import atexit
import gc
import multiprocessing
import os
import runpy
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from server.embedded.processes import die_with_parent

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload([__name__, "uvloop", "server.cli", "server.serve", "actors.worker", "server.demo.life"])

_BIND = die_with_parent(signal.SIGKILL)
"""For the children of the process that imports this: of the one they are forked from, when it does."""


class Forked:
    """A running process, as `subprocess.Popen` shows one."""

    def __init__(self, process: ForkServerProcess) -> None:
        assert process.pid is not None
        self.pid: int = process.pid
        self._process = process

    def poll(self) -> int | None:
        """Its code, None while it runs; minus the signal's number when one ended it."""
        return self._process.exitcode

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal, unless it is gone."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def wait(self) -> int:
        """Wait for its end."""
        self._process.join()
        assert self._process.exitcode is not None
        return self._process.exitcode


def forked(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Forked:
    """Start `python -m <module> …`; see `load.processes.Start`."""
    assert arguments[0] == "-m"
    log.touch()
    process = _CONTEXT.Process(target=_run, args=(list(arguments[1:]), dict(environment), log), daemon=True)
    process.start()
    return Forked(process)


def _run(arguments: list[str], environment: dict[str, str], log: Path) -> None:
    if _BIND is not None:
        _BIND()
    os.setsid()
    for number, path, how in ((0, "/dev/null", os.O_RDONLY), (1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)):
        opened = os.open(path, how, 0o666)
        os.dup2(opened, number)
    os.dup2(1, 2)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    os.environ.clear()
    os.environ.update(environment)
    gc.freeze()
    sys.argv = arguments
    try:
        runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # which a process of `multiprocessing` leaves out
