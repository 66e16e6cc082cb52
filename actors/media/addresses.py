"""Where the bytes of photographs are had: at public addresses, or, of what is not for everybody, at signed ones."""

from typing import Any, NamedTuple, Protocol

from actors.adapters.storage import Storage
from actors.media.messages import PhotoView, photo_view


class _Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


class Addresses(NamedTuple):
    """Shows photographs with their addresses."""

    public_url: str
    storage: Storage

    def photo(self, row: _Row, *, is_private: bool) -> PhotoView:
        """The photograph of a row as `photo_view` takes it, its sizes at signed addresses if it is private."""
        view = photo_view(row, self.public_url)
        if not is_private:
            return view
        signed = (
            variant.model_copy(update={"url": self.storage.addresses.of(kept["key"])})
            for variant, kept in zip(view.variants, row["variants"], strict=True)
        )
        return view.model_copy(update={"variants": tuple(signed)})
