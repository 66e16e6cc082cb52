"""Where the bytes of photographs are had: at public addresses, or, of what is not for everybody, at signed ones."""

import time
from collections import OrderedDict
from typing import Any, Protocol

from actors.adapters.storage import Storage
from actors.media.messages import PhotoView, photo_view

SIGNED_SECONDS = 3600
KEPT = 20_000
"""Signed addresses remembered in this process, some 400 bytes each."""


class _Row(Protocol):
    def __getitem__(self, column: str, /) -> Any: ...


class Addresses:
    """Shows photographs with their addresses.

    Signing takes 120 µs, so that a signed one is given again until half of its life is over: a page of private
    photographs costs nothing then, and browsers find in their caches what they have seen.
    """

    def __init__(self, public_url: str, storage: Storage) -> None:
        self._public_url = public_url
        self._storage = storage
        self._signed: OrderedDict[str, tuple[str, float]] = OrderedDict()

    def photo(self, row: _Row, *, is_private: bool) -> PhotoView:
        """The photograph of a row as `photo_view` takes it, its sizes at signed addresses if it is private."""
        view = photo_view(row, self._public_url)
        if not is_private:
            return view
        signed = (
            variant.model_copy(update={"url": self.signed(kept["key"])})
            for variant, kept in zip(view.variants, row["variants"], strict=True)
        )
        return view.model_copy(update={"variants": tuple(signed)})

    def signed(self, key: str) -> str:
        """Where the object is found for half an hour at least, and an hour at most."""
        now = time.monotonic()
        url, good_until = self._signed.get(key, ("", 0.0))
        if good_until <= now:
            url = self._storage.sign_get(key, SIGNED_SECONDS)
            self._signed.pop(key, None)
            self._signed[key] = url, now + SIGNED_SECONDS / 2
            if len(self._signed) > KEPT:
                self._signed.popitem(last=False)
        return url
