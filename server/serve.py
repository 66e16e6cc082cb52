"""`vitrine serve`: edge and actors of one process, or several of them on one port."""

import asyncio
import gc
import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial

import structlog
from aiohttp import web

from actors.adapters.outside import Outside, open_outside
from actors.domains import actors
from actors.kernel.system import System
from actors.settings import Settings, SettingsError
from server.app import begin_drain, create_app, runner
from server.embedded.processes import die_with_parent
from server.http.probe import Probe, a_worker_is_seen
from server.http.readiness import Check
from server.http.standings import Standings
from server.realtime.realtime import REALTIME, Realtime

log = structlog.get_logger(__name__)

BACKLOG = 4096
FAREWELL_SECONDS = 1.0
"""How long a process that leaves goes on answering, each reply the last on its connection: one that is closed between
two requests would cost whoever is just sending the next."""
LAST_SECONDS = 0.2
"""How long those are answered who came in before the door was closed."""
QUICK_SECONDS = 5.0
QUICK_DEATHS = 5


async def serve_one(settings: Settings, *, shares_port: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, then drain. Ends with 1 when an actor has failed.

    Raises `SettingsError` when it cannot listen where HOST and PORT say.
    """
    listener = _listen(settings, shares_port=shares_port)
    stopping = asyncio.Event()
    failed: list[str] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with open_outside(settings) as outside:
        system = System(outside, actors())

        def give_up(domain: str) -> None:
            failed.append(domain)
            stopping.set()

        system.supervisor.watch(give_up)
        await system.start()
        standings = Standings()
        realtime = Realtime(settings, outside.cache, system.ask, standings)
        await realtime.start()
        app = assemble(outside, system, realtime, standings)
        served = runner(app)
        await served.setup()
        site = web.SockSite(served, listener, backlog=BACKLOG)
        await site.start()
        # What was made until now stays; the collector need not look at it again.
        gc.freeze()
        log.info("serving", host=settings.host, port=settings.port, pid=os.getpid())
        await stopping.wait()
        log.info("draining", failed=failed)
        begin_drain(app)
        await asyncio.gather(realtime.drain(), asyncio.sleep(FAREWELL_SECONDS))
        await site.stop()
        await asyncio.sleep(LAST_SECONDS)
        await served.cleanup()
        await system.stop()
        await realtime.stop()
    log.info("stopped")
    if failed:
        raise SystemExit(1)


def assemble(outside: Outside, system: System, realtime: Realtime, standings: Standings) -> web.Application:
    """The whole application around a started system and live edge."""
    probe = Probe(outside.database)
    checks: dict[str, Check] = {
        "storage": outside.storage.is_up,
        "relay": probe.relay_leads,
        "scheduler": probe.schedule_is_kept,
        "worker": partial(a_worker_is_seen, outside.cache),
    }
    if system.replica is not None:
        checks["replica"] = system.replica.is_close
    app = create_app(
        outside.settings,
        system=system,
        cache=outside.cache,
        live_log=realtime,
        standings=standings,
        probe=probe,
        checks=checks,
    )
    app[REALTIME] = realtime
    system.hear(realtime.rights.hear)
    return app


def _listen(settings: Settings, *, shares_port: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(shares_port))
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(f"cannot listen on HOST={settings.host} PORT={settings.port}: {error.strerror}") from None
    listener.setblocking(False)
    return listener


def serve_many(settings: Settings, processes: int) -> int:
    """Keep so many processes serving on one port; returns the exit code. One that dies is started again."""
    command = [sys.executable, "-m", "server", "serve", "--share-port"]
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True
        for child in children:
            child.terminate()

    bind = die_with_parent(signal.SIGTERM)
    children = [subprocess.Popen(command, preexec_fn=bind) for _ in range(processes)]  # noqa: PLW1509, S603  no threads here
    started = [time.monotonic()] * processes
    quick_deaths = 0
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    while not stopping:
        time.sleep(0.2)
        for index, child in enumerate(children):
            if stopping or child.poll() is None:
                continue
            quick_deaths = quick_deaths + 1 if time.monotonic() - started[index] < QUICK_SECONDS else 0
            log.error("server process ended", code=child.returncode, port=settings.port)
            if quick_deaths >= QUICK_DEATHS:
                stop()
                break
            started[index] = time.monotonic()
            children[index] = subprocess.Popen(command, preexec_fn=bind)  # noqa: PLW1509, S603  as above
    stop()  # one that was being started when the signal came was not told
    codes = {child.wait() for child in children}
    # One that was told before it could listen is ended by the signal itself.
    return 1 if quick_deaths >= QUICK_DEATHS or codes - {0, -signal.SIGTERM} else 0
