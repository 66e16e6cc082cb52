"""Passwords: Argon2id, computed in threads of its own so that the event loop never waits for one."""

import asyncio
import os
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from pydantic import SecretStr

from actors.auth import metrics
from actors.kernel.errors import Busy

T = TypeVar("T")

FULL = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
CHEAP = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
"""For tests, where thousands sign in and nobody attacks."""

LONGEST_WAIT = 1.0
"""Seconds of computing that may wait. Beyond, who signs in is asked to come back: who is signed in, and only wants to
stay so, stands behind them in the same lanes."""

_THREADS = max(1, (os.cpu_count() or 2) // 2)
# One pool a process, however many lanes: a hash takes a core and 19 MiB, and the loop needs a core too.
_POOL = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="argon2")


class _Queue:
    """How many hashes of the process are waiting or under way, and how much computing one takes, in seconds."""

    waiting = 0
    seconds = 0.0


_QUEUE = _Queue()


class Passwords:
    """Hashes and checks passwords with one set of parameters."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    async def hash(self, password: SecretStr) -> str:
        """The hash to store, with its salt and parameters. Raises `Busy`."""
        return await _compute(lambda: self._hasher.hash(_plain(password)))

    async def fits(self, password: SecretStr, stored: str | None) -> bool:
        """Whether this is the password. Without a stored hash: no, after the time a check takes. Raises `Busy`."""
        return await _compute(lambda: _verify(self._hasher, _plain(password), stored))


async def _compute(work: Callable[[], T]) -> T:
    if _QUEUE.waiting * _QUEUE.seconds / _THREADS > LONGEST_WAIT:
        metrics.passwords_refused_total.inc()
        raise Busy("too many are signing in; try again in a moment")
    _QUEUE.waiting += 1
    metrics.passwords_waiting.set(_QUEUE.waiting)
    try:
        result, seconds = await asyncio.get_running_loop().run_in_executor(_POOL, _timed, work)
    finally:
        _QUEUE.waiting -= 1
        metrics.passwords_waiting.set(_QUEUE.waiting)
    metrics.password_seconds.observe(seconds)
    _QUEUE.seconds += 0.1 * (seconds - _QUEUE.seconds)
    return result


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    # Of this thread alone: what other programs take of the core is not ours to refuse people for.
    began = time.thread_time()
    return work(), time.thread_time() - began


def _plain(password: SecretStr) -> str:
    """The same characters whichever keyboard composed them."""
    return unicodedata.normalize("NFKC", password.get_secret_value())


def _verify(hasher: PasswordHasher, password: str, stored: str | None) -> bool:
    try:
        return hasher.verify(stored or _nobodys(hasher), password) and stored is not None
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _nobodys(hasher: PasswordHasher) -> str:
    return hasher.hash("nobody has this password")
