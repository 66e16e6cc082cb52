"""Photographs as people see them, out of their rows."""

from typing import Any, Protocol

from actors.adapters.addresses import Addresses
from actors.media.messages import PhotoMeta, PhotoState, PhotoView, VariantView
from actors.media.places import PRIVATE, place_of


class _Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


def photo_of(row: _Row, addresses: Addresses, *, is_private: bool = False) -> PhotoView:
    """From a row with the columns of `photos` that a photograph shows: id, state, width, height, placeholder,
    variants and meta. Its sizes are at signed addresses if they lie where nobody else can look, and with `is_private`
    even before they do."""
    return PhotoView(
        id=row["id"],
        state=PhotoState(row["state"]),
        width=row["width"],
        height=row["height"],
        placeholder=row["placeholder"],
        variants=tuple(
            VariantView(
                name=kept["name"],
                url=(addresses.private if is_private or place_of(kept["key"]) == PRIVATE else addresses.public)(
                    kept["key"]
                ),
                width=kept["width"],
                height=kept["height"],
                content_type=kept["content_type"],
            )
            for kept in row["variants"]
        ),
        meta=PhotoMeta(**row["meta"]) if row["meta"] else None,
    )
