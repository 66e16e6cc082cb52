"""Keyset pages. A domain speaks in plain keys; the edge makes them opaque and tamper-proof."""

from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from actors.kernel.errors import Malformed
from actors.kernel.message import Query, Trusted, View, type_arguments

T = TypeVar("T")

Key = tuple[str | int | float, ...]
"""Where a page ended: the sort values of its last row."""


NEWEST = UUID(int=(1 << 128) - 1)
"""Above every id: where a list that is ordered by id begins."""


class Page(View, Generic[T]):
    """Items in order, and where to go on; `next` is None at the end and nowhere else."""

    items: tuple[T, ...]
    next: Key | None = None


class PagedQuery(Query[Page[T]], Generic[T]):
    """A question answered page by page."""

    limit: int = Field(20, ge=1, le=100, description="items a page, at most 100")
    after: Trusted[Key | None] = None

    @classmethod
    def reply_type(cls) -> Any:
        (item,) = type_arguments(cls, PagedQuery)
        return Page.__class_getitem__(item)


def key_of(after: Key | None, *shape: type[str | int | float]) -> Key | None:
    """The key if it has that shape, None for a first page. Raises `Malformed`: no page ends there."""
    if after is not None and (
        len(after) != len(shape) or not all(type(part) is kind for part, kind in zip(after, shape, strict=True))
    ):
        raise Malformed("this cursor belongs to another list")
    return after


def id_of_key(after: Key | None) -> UUID:
    """Below which id a list ordered by id, the newest first, goes on. Raises `Malformed` for a key that is no id."""
    key = key_of(after, str)
    try:
        return UUID(str(key[0])) if key else NEWEST
    except ValueError:
        raise Malformed("this cursor belongs to another list") from None
