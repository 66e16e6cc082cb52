"""Passwords are slow for who guesses, and never for the event loop."""

import asyncio
import time

from pydantic import SecretStr

from actors.auth.passwords import CHEAP, FULL, Passwords

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
    checks = asyncio.gather(*(passwords.fits(RIGHT, stored) for _ in range(8)))
    turns, began = 0, time.perf_counter()
    while not checks.done():
        await asyncio.sleep(0.001)
        turns += 1
    took = time.perf_counter() - began
    assert await checks == [True] * 8
    # Were the checks made in the loop, it would turn once between two of them: 8 times in all.
    assert turns > 30, f"{turns} turns in {took:.3f} s"
