"""How the values of single variables are read."""

import re
from email.headerregistry import Address
from email.policy import SMTP
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, PositiveInt, SecretStr
from pydantic_settings import NoDecode

_SECRET_BYTES = 32
_MOST_SECRETS = 8
_KEY_MARKS = ("-----BEGIN ", "ssh-", "ecdsa-", "MII", "MFkwEw", "MHYwEA", "MCowBQ")
"""What keys that are half public begin with, as PEM, as OpenSSH writes them, and as DER in Base64."""

_ESCAPES = "in a user or a password write : / ? # @ as %3A %2F %3F %23 %40"


def split_secrets(text: str) -> tuple[str, ...]:
    """The comma-separated secrets in a value of JWT_SECRET. Raises `ValueError` for what is too short, too many, or
    no secret."""
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if not secrets or any(len(secret.encode()) < _SECRET_BYTES for secret in secrets):
        each = "each of its secrets " if len(secrets) > 1 else ""
        raise ValueError(f"{each}must hold at least {_SECRET_BYTES} bytes; make one with `openssl rand -hex 32`")
    if any(secret.startswith(_KEY_MARKS) for secret in secrets):
        raise ValueError("must hold random text, no key or certificate; make one with `openssl rand -hex 32`")
    if len(set(secrets)) != len(secrets) or len(secrets) > _MOST_SECRETS:
        raise ValueError(f"must hold at most {_MOST_SECRETS} secrets, each once")
    return secrets


def origin_of(text: str) -> str:
    """An origin as browsers send it: scheme, host, and the port unless it is the scheme's own.

    Raises `ValueError` for what is none.
    """
    try:
        parts = urlsplit(text.lower())
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    is_bare = parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username is not None)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "*" in text or not is_bare:
        raise ValueError(f"{text!r} is no origin; name each as https://app.example, without path or wildcard")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    is_usual = port in {None, 443 if parts.scheme == "https" else 80}
    return f"{parts.scheme}://{host}" if is_usual else f"{parts.scheme}://{host}:{port}"


def _parts_of(url: str) -> SplitResult:
    """Raises `ValueError` for a URL without sense, in words that repeat nothing of it: it may hold a password."""
    try:
        parts = urlsplit(url)
        for host in parts.netloc.rpartition("@")[2].split(","):  # PostgreSQL may be at several
            _ = urlsplit(f"//{host}").port
    except ValueError:
        raise ValueError(f"names no host and port that can be; {_ESCAPES}") from None
    if parts.fragment:
        raise ValueError(f"must not hold #; {_ESCAPES}")
    return parts


def _postgresql(text: str) -> str:
    if _parts_of(text).scheme not in {"postgresql", "postgres"}:
        raise ValueError("must start with postgresql://")
    return text


def _redis(text: str) -> str:
    parts = _parts_of(text)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must start with redis://, rediss:// or unix://")
    if parts.scheme != "unix" and not re.fullmatch(r"/?|/[0-9]+/?", parts.path):
        raise ValueError("names its database by a number, as in redis://host:6379/1")  # the client would take 0
    return text


def _http(text: str) -> str:
    parts = _parts_of(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must start with http:// or https:// and name a host")
    return text


def _clamd(text: str) -> str:
    parts = _parts_of(text)
    if parts.scheme != "clamd" or not parts.hostname:
        raise ValueError("must be clamd://host:port")
    return text


def _smtp(url: SecretStr) -> SecretStr:
    parts = _parts_of(url.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must start with smtp:// or smtps:// and name a host")
    return url


def _sender(text: str) -> str:
    addresses: tuple[Address, ...] = SMTP.header_factory("From", text).addresses if text.isprintable() else ()
    if len(addresses) != 1 or not (addresses[0].username and addresses[0].domain):
        raise ValueError("must be one address, with or without a name")
    return text


def _pair(text: SecretStr) -> SecretStr:
    if not all(part for part in text.get_secret_value().partition(":")):
        raise ValueError("must be two values joined by a colon")
    return text


def _list(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _amounts(value: object) -> object:
    if not isinstance(value, str):
        return value
    pairs = [part.partition("=") for part in value.split(",") if part.strip()]
    if not all(separator for _, separator, _ in pairs):
        raise ValueError("must be pairs as writes=1200,reads=6000")
    return {name.strip(): amount.strip() for name, _, amount in pairs}


def _secrets(text: SecretStr) -> SecretStr:
    split_secrets(text.get_secret_value())
    return text


PostgresqlUrl = Annotated[str, AfterValidator(_postgresql)]
RedisUrl = Annotated[str, AfterValidator(_redis)]
ClamdUrl = Annotated[str, AfterValidator(_clamd)]
HttpUrl = Annotated[str, AfterValidator(_http)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_smtp)]
Sender = Annotated[str, AfterValidator(_sender)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(origin_of)], ...], NoDecode, BeforeValidator(_list)]
Amounts = Annotated[dict[str, PositiveInt], NoDecode, BeforeValidator(_amounts)]
Pair = Annotated[SecretStr, AfterValidator(_pair)]
Secrets = Annotated[SecretStr, AfterValidator(_secrets)]
