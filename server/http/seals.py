"""Seals: what we hand out and must get back unchanged carries a MAC under this deployment's secrets."""

import hashlib
import hmac

from actors.settings import Settings


class Seals:
    """Seals with the first secret and believes what any of them sealed, so that changing it voids nothing.

    What is sealed for one purpose is worth nothing for another.
    """

    def __init__(self, settings: Settings, purpose: str, *, length: int) -> None:
        self._keys = tuple(
            hashlib.sha256(f"{purpose}:{secret}".encode()).digest() for secret in settings.signing_secrets
        )
        self._length = length

    def seal(self, message: bytes) -> bytes:
        """The seal of these bytes."""
        return self._made(self._keys[0], message)

    def fits(self, seal: bytes, message: bytes) -> bool:
        """Whether these bytes were sealed here."""
        return any(hmac.compare_digest(seal, self._made(key, message)) for key in self._keys)

    def _made(self, key: bytes, message: bytes) -> bytes:
        return hmac.digest(key, message, "sha256")[: self._length]


def kid_of(secret: str) -> str:
    """What a secret is called where it must not be told."""
    return hashlib.sha256(b"kid:" + secret.encode()).hexdigest()[:12]
