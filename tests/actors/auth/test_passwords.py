"""Passwords are slow for who guesses, and never for the event loop."""

import asyncio
import time

import pytest
from pydantic import SecretStr

from actors.auth.passwords import CHEAP, FULL, Passwords
from actors.kernel.errors import Busy

RIGHT, WRONG = SecretStr("correct horse battery"), SecretStr("wrong horse battery")


async def test_only_the_password_itself_fits() -> None:
    passwords = Passwords(CHEAP)
    stored = await passwords.hash(RIGHT)
    assert await passwords.fits(RIGHT, stored)
    assert not await passwords.fits(WRONG, stored)


async def test_nothing_fits_where_nothing_is_stored_or_what_is_stored_is_no_hash() -> None:
    passwords = Passwords(CHEAP)
    assert not await passwords.fits(SecretStr("nobody has this password"), None)
    assert not await passwords.fits(RIGHT, "")
    assert not await passwords.fits(RIGHT, "!locked")


async def test_two_keyboards_compose_the_same_password() -> None:
    passwords = Passwords(CHEAP)
    assert await passwords.fits(SecretStr("cafe\u0301 au lait"), await passwords.hash(SecretStr("caf\u00e9 au lait")))


async def test_what_is_stored_says_argon2id_with_the_full_parameters() -> None:
    stored = await Passwords(FULL).hash(RIGHT)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_event_loop_goes_on_while_passwords_are_checked() -> None:
    passwords = Passwords(FULL)
    stored = await passwords.hash(RIGHT)
    # Another program may take the core for a moment, but not three times.
    for _ in range(3):
        if (worst := await worst_stall(passwords, stored, checks=16)) < 0.3:
            break
    assert worst < 0.3, f"the loop stood still for {worst:.0%} of the time that 16 checks took"


async def worst_stall(passwords: Passwords, stored: str, *, checks: int) -> float:
    """How long the loop stood still at most while it waited for that many checks, as a share of that wait."""
    checking = asyncio.gather(*(passwords.fits(RIGHT, stored) for _ in range(checks)))
    began = last = time.perf_counter()
    worst = 0.0
    while not checking.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        worst, last = max(worst, now - last), now
    assert await checking == [True] * checks
    return worst / (last - began)


async def test_more_than_can_be_checked_in_time_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actors.auth.passwords.LONGEST_WAIT", 0.2)
    passwords = Passwords(FULL)
    stored = await passwords.hash(RIGHT)
    began = time.perf_counter()
    outcomes = await asyncio.gather(*(passwords.fits(RIGHT, stored) for _ in range(300)), return_exceptions=True)
    took = time.perf_counter() - began
    refused = [each for each in outcomes if isinstance(each, Busy)]
    assert 0 < len(refused) == 300 - outcomes.count(True)
    assert took < 30
    assert await passwords.fits(RIGHT, stored)
