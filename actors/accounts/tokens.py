"""Tokens by mail: known to whoever reads the mail alone, good for one purpose, once, for a while.

A token follows from the mail it stands in and from our secret, so that a mail that is sent again is the same mail.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from actors.settings import Settings


class Purpose(StrEnum):
    """What a token is good for."""

    verify = "verify"
    change = "change"
    reset = "reset"


LIFETIMES: Mapping[Purpose, timedelta] = {
    Purpose.verify: timedelta(hours=24),
    Purpose.change: timedelta(hours=1),
    Purpose.reset: timedelta(minutes=30),
}


def tokens_of(settings: Settings, mail_id: UUID, purpose: Purpose) -> Iterator[str]:
    """The token in that mail by each of our secrets, the one that signs now first."""
    for secret in settings.signing_secrets:
        mac = hmac.digest(secret.encode(), b"mail-token:%b:%b" % (purpose.encode(), mail_id.bytes), "sha256")
        yield urlsafe_b64encode(mac).rstrip(b"=").decode()
