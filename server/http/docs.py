"""The page at `/docs`: one file with its own script and style, which only those two hashes let run."""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files

PAGE = files("server.http").joinpath("docs.html").read_text(encoding="utf-8")


def _hash(tag: str) -> str:
    inside = PAGE.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return f"'sha256-{b64encode(sha256(inside.encode()).digest()).decode()}'"


HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; script-src {_hash('script')}; style-src {_hash('style')}; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "public, max-age=300",
}
