"""One-time codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 seconds) and what replaces a lost app."""

import hashlib
import hmac
import secrets
import time
from base64 import b32encode
from uuid import UUID

import pyotp

STEP_SECONDS = 30
RECOVERY_CODES = 10
_STEPS_APART = 1
_RECOVERY_BYTES = 10


def new_secret() -> str:
    """A secret to share with an app: 160 bits in Base32."""
    return pyotp.random_base32()


def otpauth_uri(secret: str, username: str) -> str:
    """What the app reads as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name="Vitrine")


def step_of(secret: str, code: str, now: float | None = None) -> int | None:
    """The time step this is the code of, among the current one and its neighbours; None for none of them.

    `now` is in Unix seconds. The clocks of phones are some seconds off, and people type for a while.
    """
    current = int(time.time() if now is None else now) // STEP_SECONDS
    codes = pyotp.HOTP(secret)
    steps = range(current - _STEPS_APART, current + _STEPS_APART + 1)
    return next((step for step in steps if hmac.compare_digest(codes.at(step).encode(), code.encode())), None)


def is_one_time(code: str) -> bool:
    """Whether it looks as an app's code does; anything else can only be a recovery code."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def new_recovery_codes() -> tuple[str, ...]:
    """Ten codes of 80 random bits, in groups that can be read aloud."""
    texts = (b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES))
    return tuple("-".join(text[start : start + 4] for start in range(0, len(text), 4)) for text in texts)


def recovery_digest(user_id: UUID, code: str) -> bytes:
    """What is stored of a recovery code, however its owner types it. 80 random bits need no slow hash."""
    plain = "".join(sign for sign in code.casefold() if sign.isalnum())
    return hashlib.sha256(user_id.bytes + plain.encode()).digest()
