"""The process pictures are developed in: it may run out of anything without hurting the worker."""

import asyncio
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from actors.media import answers, darkroom
from actors.media.darkroom import DarkroomFailed
from actors.media.picture import Rejected
from tests import images
from tests.actors.media.kinds import LARGE
from tests.actors.media.uploading import develop

T = TypeVar("T")

JPEG = "image/jpeg"
MISBEHAVING = "tests.actors.media.misbehaving"


async def test_what_comes_out_is_what_was_developed() -> None:
    picture = await develop(images.photograph(orientation=6), JPEG)
    assert (picture.width, picture.height) == (640, 480)
    assert [(v.name, v.data[:2] == b"\xff\xd8") for v in picture.variants] == [
        ("thumb", False),
        ("card", False),
        ("full", True),
    ]


async def test_a_rejection_comes_out_with_its_reason() -> None:
    with pytest.raises(Rejected) as no:
        await develop(images.text_file(), JPEG)
    assert no.value.reason == "not_an_image"


async def test_twelve_megapixels_take_less_than_a_second_of_computing() -> None:
    original = LARGE[0].make()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    await develop(original, JPEG)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


async def test_a_picture_that_takes_too_much_computing_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "CPU_SECONDS", 1)
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    with pytest.raises(Rejected) as no:
        await develop(b"", "compute")
    assert no.value.reason == "too_complex"


async def test_a_crash_of_the_decoder_rejects_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    with pytest.raises(Rejected) as no:
        await develop(b"", "crash")
    assert no.value.reason == "broken_image"


async def test_a_process_killed_from_outside_is_no_fault_of_the_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    with pytest.raises(DarkroomFailed):
        await develop(b"", "vanish")


@pytest.mark.parametrize("deed", ["read a secret", "call home", "start a program", "kill its parent"])
async def test_whoever_takes_over_a_decoder_can_do_nothing_with_it(deed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    with pytest.raises(DarkroomFailed, match="Operation not permitted"):
        await develop(b"", deed)


@pytest.mark.parametrize(("deed", "why"), [("talk", "exit status -9"), ("tell lies", "makes no sense")])
async def test_whoever_takes_over_a_decoder_is_heard_no_longer_and_believed_no_more_than_a_picture_needs(
    deed: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    monkeypatch.setattr(answers, "LONGEST", 4 * 2**20)
    with pytest.raises(DarkroomFailed, match=why):
        await develop(b"", deed)
    assert darkrooms_of(os.getpid()) == []


async def test_a_process_that_hangs_is_ended_and_the_job_may_try_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "WALL_SECONDS", 0.5)
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    with pytest.raises(DarkroomFailed, match="no answer"):
        await develop(b"", "hang")
    assert darkrooms_of(os.getpid()) == []


async def test_an_asker_that_gives_up_leaves_no_process_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(darkroom, "_MODULE", MISBEHAVING)
    asking = asyncio.create_task(develop(b"", "hang"))
    while not darkrooms_of(os.getpid()):  # noqa: ASYNC110  a process shows up when it does
        await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait([asking])
    assert asking.cancelled()
    assert darkrooms_of(os.getpid()) == []


def test_a_darkroom_knows_no_secret_and_dies_with_its_worker() -> None:
    program = (
        f"import asyncio; from actors.media import darkroom; darkroom._MODULE = {MISBEHAVING!r}; "
        "asyncio.run(darkroom.develop(open('/dev/null', 'rb', 0), 'hang'))"
    )
    secrets = {**os.environ, "JWT_SECRET": "do not tell"}
    worker = os.posix_spawn(sys.executable, [sys.executable, "-c", program], secrets)
    try:
        (child,) = wait_for(lambda: darkrooms_of(worker))
        wait_for(lambda: b"-m\0" in read(child, "cmdline"))
        assert b"do not tell" in read(worker, "environ")
        assert b"do not tell" not in read(child, "environ")
    finally:
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
    wait_for(lambda: not is_running(child))


def darkrooms_of(parent: int) -> list[int]:
    """The darkrooms this process has started and that still run."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return [int(pid) for pid in children if b"actors.media" in read(int(pid), "cmdline") and is_running(int(pid))]


def wait_for(find: Callable[[], T]) -> T:
    """What it finds, as soon as it finds something."""
    deadline = time.monotonic() + 30
    while not (found := find()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def read(pid: int, name: str) -> bytes:
    """A file about a process; empty when the process is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def is_running(pid: int) -> bool:
    """Whether it is there and no zombie."""
    return read(pid, "stat").rpartition(b")")[2].split()[:1] not in ([], [b"Z"])
