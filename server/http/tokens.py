"""Access tokens: JWT, HS256 and nothing else, keys by `kid`. The only module that knows the JWT library."""

import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple, Self

from jose import jwk, jwt
from jose.backends.base import Key
from jose.exceptions import ExpiredSignatureError, JOSEError
from pydantic import ValidationError

from actors.auth.people import Caller
from actors.kernel.errors import Unauthenticated
from actors.settings import Settings
from server.http.seals import kid_of

LIFETIME_SECONDS = 600
ISSUER = AUDIENCE = "vitrine"
_ALGORITHM = "HS256"
_TYPE = "at+jwt"
_LONGEST = 4096
_OPTIONS = {
    "require_exp": True,
    "require_iat": True,
    "require_aud": True,
    "require_iss": True,
    "require_sub": True,
    "leeway": 0,
}


class TokenExpired(Unauthenticated):
    """This access token has expired; refresh it."""

    code = "token_expired"


class TokenInvalid(Unauthenticated):
    """This access token is not valid."""

    code = "unauthorized"


class Identity(NamedTuple):
    """Who a verified token names, the same as JSON, and until when (Unix seconds) it may be believed."""

    caller: Caller
    caller_json: bytes
    expires_at: float

    @classmethod
    def of(cls, caller: Caller, expires_at: float) -> Self:
        """That of this caller."""
        return cls(caller, caller.model_dump_json().encode(), expires_at)


@lru_cache(maxsize=16)
def _key_of(secret: str) -> Key:
    """The library would look into the secret again for each token, for as long as verifying takes otherwise. Raises
    `JOSEError` for what is no secret."""
    return jwk.construct(secret, _ALGORITHM)


@lru_cache(maxsize=64)
def _kid_named(header_segment: str) -> str | None:
    """Which key a token says it was signed with; None where it is none of ours. All that were signed with one key begin
    alike. Raises `JOSEError` for what is no header."""
    header = jwt.get_unverified_header(f"{header_segment}.e30.")
    kid = header.get("kid") if header.get("typ") == _TYPE else None
    return kid if isinstance(kid, str) else None


class Tokens:
    """Issues with the current key, verifies with any of the known ones."""

    def __init__(self, keys: Mapping[str, str], *, current: str) -> None:
        self._keys = keys
        self._current = current

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The keys of this deployment."""
        keys = {kid_of(secret): secret for secret in settings.signing_secrets}
        return cls(keys, current=next(iter(keys)))

    def issue(self, caller: Caller, *, lifetime: int = LIFETIME_SECONDS) -> str:
        """A token that names the caller for `lifetime` seconds."""
        now = int(time.time())
        claims = caller.claims() | {"iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + lifetime}
        headers = {"kid": self._current, "typ": _TYPE}
        token: str = jwt.encode(claims, _key_of(self._keys[self._current]), algorithm=_ALGORITHM, headers=headers)
        return token

    def verify(self, token: str) -> Identity:
        """Who the token names. Raises `TokenExpired` or `TokenInvalid`, whatever the token holds."""
        if len(token) > _LONGEST:
            raise TokenInvalid
        try:
            secret = self._keys.get(_kid_named(token.partition(".")[0]) or "")
            if secret is None:
                raise TokenInvalid
            claims: dict[str, Any] = jwt.decode(
                token, _key_of(secret), algorithms=[_ALGORITHM], audience=AUDIENCE, issuer=ISSUER, options=_OPTIONS
            )
            if claims["iat"] > time.time() + 60:
                raise TokenInvalid
            caller = Caller.of_claims(claims)
        except ExpiredSignatureError:
            raise TokenExpired from None
        except (JOSEError, ValidationError, ValueError, TypeError, RecursionError):
            raise TokenInvalid from None
        return Identity.of(caller, float(claims["exp"]))
