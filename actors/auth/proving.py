"""Checking that people are who they say: by password, by one-time code, by the session they are in."""

import asyncpg
import structlog
from pydantic import SecretStr

from actors.auth import authenticators, queries
from actors.auth.credentials import PasswordNearName, ProofOutdated, ReplacePassword, WrongPassword
from actors.auth.guessable import is_near
from actors.auth.messages import AccountSuspended, InvalidCredentials, TotpRequired
from actors.auth.passwords import Passwords
from actors.auth.people import Caller
from actors.auth.sealing import Seal, Sealed
from actors.auth.totp import is_one_time, recovery_digest, step_of
from actors.kernel.transaction import Reads, Transaction

log = structlog.get_logger(__name__)


def admit(user: asyncpg.Record) -> None:
    """Raises `AccountSuspended` where somebody who knows the password may not come in."""
    if user["is_suspended"]:
        raise AccountSuspended(user["suspended_until"], user["suspension_reason"] or "")


async def check_code(tx: Transaction, seal: Seal, user: asyncpg.Record, code: str | None) -> None:
    """Take the one-time or recovery code of a locked account, if it asks for one.

    Raises `TotpRequired` without one, `InvalidCredentials` for a wrong one and for one that was taken before.
    """
    if not user["totp_enabled"]:
        return
    if code is None:
        raise TotpRequired
    if is_one_time(code):
        is_right = await _take_one_time(tx, seal, user, code)
    else:
        is_right = await authenticators.spend_recovery_code(tx, user["id"], recovery_digest(user["id"], code))
    if not is_right:
        raise InvalidCredentials


async def _take_one_time(tx: Transaction, seal: Seal, user: asyncpg.Record, code: str) -> bool:
    shared = await authenticators.of(tx, user["id"])
    assert shared is not None
    secret = opened(seal, user, shared)
    step = None if secret is None else step_of(secret, code)
    return step is not None and await authenticators.spend_step(tx, user["id"], step)


def opened(seal: Seal, user: asyncpg.Record, shared: asyncpg.Record) -> str | None:
    """The secret somebody's app knows; None, so that no code fits, where the key to it is gone."""
    secret = seal.open(Sealed(shared["secret"], shared["sealed_with"]), user["id"].bytes)
    if secret is None:
        log.error("a secret is sealed with a key that JWT_SECRET no longer holds", user_id=user["id"])
        return None
    return secret.decode()


async def own_password(db: Reads, passwords: Passwords, caller: Caller, given: SecretStr) -> asyncpg.Record:
    """The caller's credentials, if this is their password. Raises `WrongPassword`, and `UnknownUser` when erased."""
    known = await queries.own_credentials(db, caller.id)
    if not await passwords.fits(given, known["password_hash"]):
        raise WrongPassword
    return known


async def lock_caller(tx: Transaction, caller: Caller, password_hash: str | None = None) -> asyncpg.Record:
    """Lock the caller's account, if their session is open and, where given, that is still the password's hash.

    Raises `Unauthenticated` and `WrongPassword`.
    """
    user = await queries.lock_signed_in(tx, caller.id, caller.session_id)
    if password_hash is not None and user["password_hash"] != password_hash:
        raise WrongPassword
    return user


def check_proof(order: ReplacePassword, user: asyncpg.Record) -> None:
    """Raises `ProofOutdated` unless what was sent to a locked account's address still proves something."""
    changed_at = user["password_changed_at"]
    is_current = changed_at is None or changed_at < order.asked_at
    if not (is_current and user["email_verified"] and user["email"] == order.email):
        raise ProofOutdated


def check_new_password(password: SecretStr, user: asyncpg.Record) -> None:
    """Raises `PasswordNearName` where it is the account's own name or address."""
    if is_near(password.get_secret_value(), (user["username"], user["email"])):
        raise PasswordNearName
