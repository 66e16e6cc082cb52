"""Where the bytes of photographs are had: at public addresses, or, of what is not for everybody, at signed ones."""

from typing import Any, NamedTuple, Protocol

from actors.adapters.storage import Storage
from actors.media.messages import PhotoView, photo_view
from actors.media.places import PRIVATE, place_of


class _Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


class Addresses(NamedTuple):
    """Shows photographs with their addresses."""

    public_url: str
    storage: Storage

    def photo(self, row: _Row, *, is_private: bool = False) -> PhotoView:
        """The photograph of a row as `photo_view` takes it. Its sizes are at signed addresses if they lie where
        nobody else can look, and with `is_private` even before they do."""
        view = photo_view(row, self.public_url)
        addressed = (
            variant.model_copy(update={"url": self.storage.addresses.of(kept["key"])})
            if is_private or place_of(kept["key"]) == PRIVATE
            else variant
            for variant, kept in zip(view.variants, row["variants"], strict=True)
        )
        return view.model_copy(update={"variants": tuple(addressed)})

    @staticmethod
    def last(row: _Row) -> bool:
        """Whether the addresses of this photograph hold for as long as its row says the same."""
        return all(place_of(kept["key"]) != PRIVATE for kept in row["variants"])
