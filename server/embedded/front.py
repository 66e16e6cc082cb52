"""What is missing, started: the one way in for `vitrine dev` and the tests."""

import fcntl
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from server.embedded.accounts import wipe
from server.embedded.postgres import start_postgres
from server.embedded.processes import EmbeddedError, Running, end_leftover
from server.embedded.s3 import start_media, start_s3
from server.embedded.secrets import secrets_of
from server.embedded.valkey import start_valkey


@contextmanager
def embedded(
    data: Path, *, durable: bool = True, fresh: bool = False, environ: Mapping[str, str] = os.environ
) -> Iterator[dict[str, str]]:
    """Start PostgreSQL, Valkey and S3 as far as `environ` does not name them, and yield the variables it
    lacks: `DB_URL`, `REDIS_URL`, `S3_ENDPOINT`, `STORAGE_KEYS`, `MEDIA_BASE_URL`, `JWT_SECRET`.
    The servers end with the block.

    Everything is kept under `data` between runs; `fresh` forgets it first; not `durable` trades safety for
    speed (tests). Call from the main thread. Raises `EmbeddedError` with what to do, also when somebody else
    uses `data`.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(_own(data.absolute()))
        if fresh:
            _forget(folder)
        yield _start(stack, folder, environ, durable=durable)


def _start(stack: ExitStack, folder: Path, environ: Mapping[str, str], *, durable: bool) -> dict[str, str]:
    def running(started: tuple[Running, str]) -> str:
        server, address = started
        stack.callback(server.stop)
        return address

    known = secrets_of(folder)
    variables: dict[str, str] = {}
    if not (environ.get("DB_URL") or environ.get("DATABASE_URL")):
        variables["DB_URL"] = running(start_postgres(folder, known["database"], durable=durable))
    if not environ.get("REDIS_URL"):
        variables["REDIS_URL"] = running(start_valkey(folder, known["redis"], durable=durable))
    if not environ.get("S3_ENDPOINT"):
        bucket = environ.get("S3_BUCKET") or "vitrine"
        access, secret = known["s3_access"], known["s3_secret"]
        variables["S3_ENDPOINT"] = running(start_s3(folder, access, secret, bucket))
        variables["STORAGE_KEYS"] = f"{access}:{secret}"
        if not environ.get("MEDIA_BASE_URL"):
            variables["MEDIA_BASE_URL"] = running(start_media(folder, bucket))
    if not environ.get("JWT_SECRET"):
        variables["JWT_SECRET"] = known["jwt"]
    return variables


@contextmanager
def _own(folder: Path) -> Iterator[Path]:
    """Hold `folder` for this process alone; the hold ends with the process, however that ends."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "lock").open("a+")
    except PermissionError as error:
        raise EmbeddedError(
            f"{folder} belongs to somebody else: delete it, or choose another folder with --data."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise EmbeddedError(
                f"Vitrine already runs on {folder} (process {lock.read().strip()}): "
                "stop it, or choose another folder with --data."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield folder


def _forget(folder: Path) -> None:
    for noted in folder.glob("*.pid"):
        end_leftover(noted, signal.SIGQUIT)
    for path in folder.iterdir():
        if path.name == "lock":
            continue
        if path.name == "postgres":
            wipe(path)
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
