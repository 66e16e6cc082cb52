"""Ports of the embedded servers: free ones, and the same ones again where possible."""

import socket
from pathlib import Path
from random import SystemRandom

PORTS = range(20_000, 32_000)
"""Below the ephemeral ports, so that no outgoing connection takes one between choosing and binding."""


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def pick_port(remembered: Path) -> int:
    """A free port: the one noted in the file `remembered` while it is: addresses last between runs."""
    if remembered.exists() and (noted := remembered.read_text()).isdecimal() and is_free(int(noted)):
        return int(noted)
    port = free_port()
    remembered.write_text(str(port))
    return port


def free_port() -> int:
    """A port nobody listens on; chosen at random, so that two who choose at once rarely meet."""
    return next(port for port in SystemRandom().sample(PORTS, 200) if is_free(port))


def accepts(port: int) -> bool:
    """Whether somebody accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0
