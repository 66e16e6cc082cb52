"""Keyset pages. A domain speaks in plain keys; the edge makes them opaque and tamper-proof."""

from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from pydantic import Field

from actors.kernel.errors import Malformed
from actors.kernel.message import Query, Trusted, View, type_arguments

T = TypeVar("T")

Key = tuple[str | int | float, ...]
"""Where a page ended: the sort values of its last row."""


OLDEST, NEWEST = UUID(int=0), UUID(int=(1 << 128) - 1)
"""Below and above every id: where lists that are ordered by id begin."""
LATEST = (datetime.max.replace(tzinfo=UTC), OLDEST)
"""Above every moment and id: where a list begins that is ordered by both."""


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


def id_of_key(after: Key | None, *, begin: UUID = NEWEST) -> UUID:
    """After which id a list ordered by id goes on, by default the newest first. Raises `Malformed`: this is no id."""
    key = key_of(after, str)
    try:
        return UUID(str(key[0])) if key else begin
    except ValueError:
        raise Malformed("this cursor belongs to another list") from None


def moment_of_key(after: Key | None) -> tuple[datetime, UUID]:
    """Below which moment and id a list goes on, the latest first. Raises `Malformed` for a key that is none."""
    key = key_of(after, str, str)
    try:
        return (datetime.fromisoformat(str(key[0])), UUID(str(key[1]))) if key else LATEST
    except ValueError:
        raise Malformed("this cursor belongs to another list") from None


def key_at(at: datetime, id_: UUID) -> Key:
    """The key of what came then, as `moment_of_key` reads it."""
    return at.isoformat(), str(id_)
