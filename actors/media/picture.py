"""What a picture is to those who ask for one: its sizes, what it may cost, and why it may be refused."""

from collections.abc import Mapping
from typing import Any, NamedTuple

EDGES = {"thumb": 320, "card": 960, "full": 2048}
"""The variants and the length of their longer side at most, in pixels. None is larger than the original."""

MEMORY_BUDGET = 190 * 2**20
"""Bytes that decoding may take; what would take more is refused before its pixels are touched."""

BYTES_A_PIXEL = {"image/jpeg": 12, "image/png": 11, "image/webp": 16, "image/avif": 11, "image/gif": 9}
"""What decoding takes at worst (measured): all coefficients and a large file, alpha, the canvases of an animation."""

SUFFIXES = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/avif": "avif", "image/gif": "gif"}
"""How the names of files of each type end."""


class Rejected(Exception):
    """This is no picture we can show; `reason` is a code that never changes."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class Variant(NamedTuple):
    """One size of a picture, encoded."""

    name: str
    width: int
    height: int
    content_type: str
    data: bytes


class Picture(NamedTuple):
    """A developed picture. Its width and height are the original's, upright.

    `placeholder` is a ThumbHash in Base64; `taken` says how it was taken, as far as its file does.
    """

    width: int
    height: int
    placeholder: str
    artist: str | None
    copyright: str | None
    licence: str | None
    taken: Mapping[str, Any]
    variants: tuple[Variant, ...]
