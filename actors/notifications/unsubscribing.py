"""The link that ends digests: it follows from whose it is and from our secret, and is good for as long as that is."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from uuid import UUID

from actors.settings import Settings

_MAC_BYTES = 16


def token_of(settings: Settings, user_id: UUID) -> str:
    """What stands in somebody's link; 43 characters that an address may hold."""
    (first, *_) = settings.signing_secrets
    return urlsafe_b64encode(user_id.bytes + _mac(first, user_id)).rstrip(b"=").decode()


def owner_of(settings: Settings, token: str) -> UUID | None:
    """Whose link it stands in, by any of our secrets; None: it stands in none of ours."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"==")
        user_id = UUID(bytes=raw[:16])
    except (Error, ValueError):
        return None
    if any(hmac.compare_digest(raw[16:], _mac(secret, user_id)) for secret in settings.signing_secrets):
        return user_id
    return None


def _mac(secret: str, user_id: UUID) -> bytes:
    return hmac.digest(secret.encode(), b"unsubscribe:%b" % user_id.bytes, "sha256")[:_MAC_BYTES]
