"""Passwords: Argon2id, computed in threads of its own so that the event loop never waits for one."""

import asyncio
import os
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from pydantic import SecretStr

FULL = PasswordHasher(memory_cost=19 * 1024, time_cost=2, parallelism=1)
CHEAP = PasswordHasher(memory_cost=8, time_cost=1, parallelism=1)
"""For tests, where thousands sign in and nobody attacks."""

# One pool a process, however many lanes: a hash takes a core and 19 MiB, and the loop needs a core too.
_THREADS = ThreadPoolExecutor(max_workers=max(1, (os.cpu_count() or 2) // 2), thread_name_prefix="argon2")


class Passwords:
    """Hashes and checks passwords with one set of parameters."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher

    async def hash(self, password: SecretStr) -> str:
        """The hash to store, with its salt and parameters."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_THREADS, self._hasher.hash, _plain(password))

    async def fits(self, password: SecretStr, stored: str | None) -> bool:
        """Whether this is the password. Without a stored hash: no, after the time a check takes."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(_THREADS, _verify, self._hasher, _plain(password), stored)


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
