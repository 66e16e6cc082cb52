"""Pages of lists of which not everybody is shown everything, at a bounded cost however much they are not shown."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar
from uuid import UUID

from actors.kernel.paging import Key, Page

T = TypeVar("T")

SPARE = 4
"""Read beyond what a page needs, for those that turn out not to be shown."""
ROUNDS = 8
"""A page that so many readings did not fill is given short; the list goes on from there."""


class Step(NamedTuple):
    """A place in a list, and what stands there."""

    key: Key
    id: UUID


Look = Callable[[Key | None, int], Awaitable[Sequence[Step]]]
"""The next so many steps after a place."""
Show = Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, T]]]
"""Those of these that the viewer may see."""


async def fill(look: Look, show: Show[T], *, after: Key | None, limit: int) -> Page[T]:
    """A page from a place on."""
    items: list[T] = []
    for _ in range(ROUNDS):
        count = limit - len(items) + SPARE
        steps = await look(after, count)
        shown = await show([step.id for step in steps])
        for step in steps:
            if len(items) == limit:
                return Page(items=tuple(items), next=after)
            after = step.key
            if step.id in shown:
                items.append(shown[step.id])
        if len(steps) < count:
            return Page(items=tuple(items))
    return Page(items=tuple(items), next=after)
