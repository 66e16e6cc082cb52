"""Refresh tokens: random, known to their holder alone, each making its one successor."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from datetime import timedelta

GRACE = timedelta(seconds=10)
"""How long the parent of the current token still gives that token to whoever raced for it."""

LIFETIME = timedelta(days=30)
"""A session unused for so long has ended."""


def first_token() -> str:
    """A token that opens a family: 256 random bits."""
    return _as_text(secrets.token_bytes(32))


def new_seed() -> bytes:
    """What the database adds to a token to make its successor."""
    return secrets.token_bytes(32)


def successor(token: str, seed: bytes) -> str:
    """The token after this one: always the same, and to be made only by who holds both parts."""
    return _as_text(hmac.digest(token.encode(), seed, "sha256"))


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def _as_text(token: bytes) -> str:
    return urlsafe_b64encode(token).rstrip(b"=").decode()
