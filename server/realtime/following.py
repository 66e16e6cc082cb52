"""Who of those connected here reads what somebody shows to their followers: asked once for each thing shown.

No process keeps a map of who follows whom: it would cost 22 KB a socket, and follows race with what is published.
"""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from server.realtime.audience import Audience
from server.realtime.entries import Entry

Shown = tuple[UUID, UUID]
"""Who shows something to their followers, and whose work it is."""


class ReadersAmong(Protocol):
    """The question."""

    async def __call__(self, user_ids: Collection[UUID], shown: Collection[Shown]) -> Collection[tuple[UUID, Shown]]:
        """For which of these people each of these belongs in the feed of those they follow and their own."""


class Following:
    """Finds the readers of entries."""

    def __init__(self, audience: Audience, readers_among: ReadersAmong) -> None:
        self._audience = audience
        self._readers_among = readers_among

    async def readers(self, entry: Entry) -> Collection[UUID]:
        """Who reads it, of those who watch the feed here. Raises a `Refusal`."""
        people = self._audience.following()
        shown = shown_by(entry)
        if not people or shown is None:
            return ()
        return [user_id for user_id, _ in await self._readers_among(people, [shown])]


def shown_by(entry: Entry) -> Shown | None:
    """What an entry shows to somebody's followers, if it is for followers; what names nobody else is their own.

    Raises `ValueError` for what is no id.
    """
    if entry.author is None:
        return None
    by = UUID(entry.author)
    return by, entry.work_of or by
