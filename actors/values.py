"""How the values of single variables are read."""

from urllib.parse import urlsplit

_SECRET_BYTES = 32
_MOST_SECRETS = 8


def split_secrets(text: str) -> tuple[str, ...]:
    """The comma-separated secrets in a value of JWT_SECRET. Raises `ValueError` for what is too short or too many."""
    secrets = tuple(part.strip() for part in text.split(",") if part.strip())
    if not secrets or any(len(secret.encode()) < _SECRET_BYTES for secret in secrets):
        each = "each of its secrets " if len(secrets) > 1 else ""
        raise ValueError(f"{each}must hold at least {_SECRET_BYTES} bytes; make one with `openssl rand -hex 32`")
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
