"""Tokens nobody issued, made from one that was."""

import base64
import hashlib
import hmac
import time
from typing import Any

import orjson
from jose import jwt

Part = dict[str, Any]


class Forger:
    """Knows a genuine token. With `key`, the secret itself, it shows that each claim is checked by itself."""

    def __init__(self, genuine: str, key: str) -> None:
        self.genuine = genuine
        self.header_text, self.payload_text, self.signature_text = genuine.split(".")
        self.header: Part = jwt.get_unverified_header(genuine)
        self.claims: Part = jwt.get_unverified_claims(genuine)
        self.key = key
        self.now = int(time.time())

    def insider(self, header: Part | None = None, **claims: Any) -> str:
        """Signed with the secret: wrong in what is named alone. None takes a part away."""
        return self.signed(self.key.encode(), header, **claims)

    def signed(self, key: bytes, header: Part | None = None, **claims: Any) -> str:
        """HS256 with any bytes as the key, which no library would let us choose."""
        text = f"{packed(_changed(self.header, header or {}))}.{packed(_changed(self.claims, claims))}"
        return f"{text}.{_text(hmac.digest(key, text.encode(), hashlib.sha256))}"

    def unsigned(self, alg: Any, signature: str = "") -> str:
        """An algorithm that is none, and the claims of an admin."""
        return f"{packed(self.header | {'alg': alg})}.{packed(self.claims | {'role': 'admin'})}.{signature}"


def packed(part: Any) -> str:
    """A part of a token."""
    return _text(orjson.dumps(part))


def _changed(part: Part, changes: Part) -> Part:
    return {name: value for name, value in (part | changes).items() if value is not None}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
