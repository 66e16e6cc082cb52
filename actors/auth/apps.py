"""Setting up an authenticator app, and what is told of it once."""

import asyncpg

from actors.auth import authenticators, totp
from actors.auth.credentials import (
    AuthenticatorOffered,
    AuthenticatorThere,
    NoAuthenticator,
    RecoveryCodes,
    WrongCode,
)
from actors.auth.proving import opened
from actors.auth.sealing import Seal
from actors.kernel.errors import FieldError
from actors.kernel.transaction import Transaction


async def offer_app(tx: Transaction, seal: Seal, user: asyncpg.Record) -> AuthenticatorOffered:
    """Share a new secret with a locked account. Raises `AuthenticatorThere`."""
    secret = totp.new_secret()
    if not await authenticators.offer(tx, user["id"], seal.close(secret.encode(), user["id"].bytes)):
        raise AuthenticatorThere
    return AuthenticatorOffered(otpauth_uri=totp.otpauth_uri(secret, user["username"]), secret=secret)


async def confirm_app(tx: Transaction, seal: Seal, user: asyncpg.Record, code: str) -> RecoveryCodes:
    """Ask a locked account for codes from now on. Raises `WrongCode`, `NoAuthenticator` and `AuthenticatorThere`."""
    if user["totp_enabled"]:
        raise AuthenticatorThere
    shared = await authenticators.of(tx, user["id"])
    if shared is None:
        raise NoAuthenticator
    secret = opened(seal, user, shared)
    step = None if secret is None else totp.step_of(secret, code)
    if step is None:
        raise WrongCode(errors=(FieldError(field="code", code=WrongCode.code, message="this is not the current code"),))
    codes = totp.new_recovery_codes()
    await authenticators.confirm(tx, user["id"], step, [totp.recovery_digest(user["id"], each) for each in codes])
    return RecoveryCodes(recovery_codes=codes)
