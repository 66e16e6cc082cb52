"""Sealing: small secrets encrypted at rest under this deployment's own, so that a copy of the database tells none."""

import hashlib
import os
from collections.abc import Sequence
from typing import NamedTuple, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from actors.settings import Settings

_NONCE_BYTES = 12


class Sealed(NamedTuple):
    """What was encrypted, and the id of the key it was encrypted with."""

    box: bytes
    key_id: str


class Seal:
    """Encrypts with AES-256-GCM under a key derived from the first secret of JWT_SECRET, opens with any of them."""

    def __init__(self, secrets: Sequence[str], purpose: str) -> None:
        self._keys = {_key_id(secret): AESGCM(_derived(secret, purpose)) for secret in secrets}
        self.key_id = next(iter(self._keys))

    @classmethod
    def of(cls, settings: Settings, purpose: str) -> Self:
        """The seal of this deployment for one purpose; another's opens nothing of it."""
        return cls(settings.signing_secrets, purpose)

    @property
    def known_ids(self) -> tuple[str, ...]:
        """The ids of the keys it opens with."""
        return tuple(self._keys)

    def close(self, secret: bytes, owner: bytes) -> Sealed:
        """Seal a secret for its owner."""
        nonce = os.urandom(_NONCE_BYTES)
        return Sealed(nonce + self._keys[self.key_id].encrypt(nonce, secret, owner), self.key_id)

    def open(self, sealed: Sealed, owner: bytes) -> bytes | None:
        """The secret; None where its key is gone, or it was sealed for somebody else."""
        key = self._keys.get(sealed.key_id)
        if key is None:
            return None
        try:
            return key.decrypt(sealed.box[:_NONCE_BYTES], sealed.box[_NONCE_BYTES:], owner)
        except InvalidTag:
            return None


def _key_id(secret: str) -> str:
    return hashlib.sha256(b"seal:" + secret.encode()).hexdigest()[:12]


def _derived(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"vitrine seal: {purpose}".encode()).derive(secret.encode())
