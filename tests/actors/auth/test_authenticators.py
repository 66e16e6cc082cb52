"""Signing in with an authenticator app: each code once, recovery codes once, and nobody learns more than before."""

import asyncio
import time
from typing import Any

import pyotp
import pytest
from pydantic import SecretStr

from actors.auth.credentials import (
    AuthenticatorThere,
    ConfirmAuthenticator,
    NoAuthenticator,
    RemoveAuthenticator,
    SetUpAuthenticator,
    WrongCode,
    WrongPassword,
)
from actors.auth.messages import InvalidCredentials, Login, SignedIn, TotpRequired
from actors.kernel.message import Command
from actors.kernel.system import System
from tests.actors.auth.people import PASSWORD, fetch, join


def code_of(secret: str, apart: int = 0) -> str:
    """The code of the current step, or of one before or after it."""
    return pyotp.HOTP(secret).at(int(time.time()) // 30 + apart)


async def protect(system: System, who: SignedIn) -> tuple[str, tuple[str, ...]]:
    """Turn codes on; returns the secret and the recovery codes. The step before the current one is spent."""
    secret = (await system.ask(SetUpAuthenticator(caller=who.caller))).secret
    proof = ConfirmAuthenticator(caller=who.caller, code=code_of(secret, -1))
    return secret, (await system.ask(proof)).recovery_codes


async def sign_in(system: System, totp: str | None, password: str = PASSWORD) -> SignedIn:
    return await system.ask(Login.model_validate({"login": "ana", "password": password, "totp": totp}))


async def test_codes_are_asked_for_once_the_app_proved_that_it_knows_the_secret(
    system: System, database_url: str
) -> None:
    ana = await join(system, "ana")
    assert not ana.user.totp_enabled
    with pytest.raises(NoAuthenticator):
        await system.ask(ConfirmAuthenticator(caller=ana.caller, code="123456"))
    forgotten = await system.ask(SetUpAuthenticator(caller=ana.caller))
    offered = await system.ask(SetUpAuthenticator(caller=ana.caller))
    assert pyotp.parse_uri(offered.otpauth_uri).secret == offered.secret != forgotten.secret
    assert offered.secret not in repr(offered)
    (row,) = await fetch(database_url, "SELECT secret FROM authenticators")
    assert offered.secret.encode() not in row["secret"]
    for wrong in (code_of(forgotten.secret), "", "12345"):
        with pytest.raises(WrongCode):
            await system.ask(ConfirmAuthenticator(caller=ana.caller, code=wrong))
    assert (await sign_in(system, None)).user.totp_enabled is False
    await system.ask(ConfirmAuthenticator(caller=ana.caller, code=code_of(offered.secret)))
    with pytest.raises(TotpRequired):
        await sign_in(system, None)
    again: tuple[Command[Any], ...] = (
        SetUpAuthenticator(caller=ana.caller),
        ConfirmAuthenticator(caller=ana.caller, code="123456"),
    )
    for message in again:
        with pytest.raises(AuthenticatorThere):
            await system.ask(message)


async def test_a_code_is_asked_for_only_after_the_right_password_and_a_wrong_one_tells_nothing(system: System) -> None:
    secret, _ = await protect(system, await join(system, "ana"))
    answers = []
    for totp, password in ((None, "wrong"), (code_of(secret), "wrong"), ("000000", PASSWORD), ("wrong", PASSWORD)):
        with pytest.raises(InvalidCredentials) as refused:
            await sign_in(system, totp, password)
        answers.append((refused.value.code, refused.value.detail))
    assert len(set(answers)) == 1
    signed_in = await sign_in(system, code_of(secret))
    assert signed_in.user.totp_enabled


async def test_a_code_is_taken_once_even_by_two_at_once_and_none_before_it(system: System, elsewhere: System) -> None:
    secret, _ = await protect(system, await join(system, "ana"))
    code = code_of(secret, 1)
    raced = await asyncio.gather(*(sign_in(where, code) for where in (system, elsewhere) * 3), return_exceptions=True)
    assert sum(isinstance(each, SignedIn) for each in raced) == 1
    assert sum(isinstance(each, InvalidCredentials) for each in raced) == 5
    for apart in (1, 0, -1):
        with pytest.raises(InvalidCredentials):
            await sign_in(system, code_of(secret, apart))


async def test_the_code_that_confirmed_signs_nobody_in(system: System) -> None:
    secret, _ = await protect(system, await join(system, "ana"))
    with pytest.raises(InvalidCredentials):
        await sign_in(system, code_of(secret, -1))


async def test_a_recovery_code_signs_in_once_and_is_stored_as_a_hash(
    system: System, elsewhere: System, database_url: str
) -> None:
    _, codes = await protect(system, await join(system, "ana"))
    _, bea_s = await protect(system, await join(system, "bea"))
    rows = await fetch(database_url, "SELECT recovery_codes::text AS row FROM recovery_codes")
    assert len(rows) == 20
    assert codes[0].replace("-", "") not in str(rows)
    raced = await asyncio.gather(
        *(sign_in(where, codes[0]) for where in (system, elsewhere) * 3), return_exceptions=True
    )
    assert sum(isinstance(each, SignedIn) for each in raced) == 1
    for spent_or_another_s in (codes[0], bea_s[0]):
        with pytest.raises(InvalidCredentials):
            await sign_in(system, spent_or_another_s)
    await sign_in(system, f" {codes[1].upper().replace('-', ' ')}")


async def test_removing_takes_the_password_and_voids_the_recovery_codes(system: System, database_url: str) -> None:
    ana = await join(system, "ana")
    await protect(system, ana)
    with pytest.raises(WrongPassword):
        await system.ask(RemoveAuthenticator(caller=ana.caller, password=SecretStr("wrong")))
    await system.ask(RemoveAuthenticator(caller=ana.caller, password=SecretStr(PASSWORD)))
    assert await fetch(database_url, "SELECT FROM recovery_codes") == []
    assert (await sign_in(system, None)).user.totp_enabled is False
    await system.ask(SetUpAuthenticator(caller=ana.caller))


async def test_a_secret_whose_key_is_gone_fits_no_code_but_recovery_codes_still_sign_in(
    system: System, database_url: str
) -> None:
    secret, codes = await protect(system, await join(system, "ana"))
    await fetch(database_url, "UPDATE authenticators SET sealed_with = 'gone'")
    with pytest.raises(InvalidCredentials):
        await sign_in(system, code_of(secret))
    await sign_in(system, codes[0])
