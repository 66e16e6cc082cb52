"""What several wishes about one thing of one person come to, whatever it was before."""

from collections.abc import Iterable
from typing import NamedTuple, Self
from uuid import UUID

Pair = tuple[UUID, UUID]
"""post id, user id"""


class Wish(NamedTuple):
    """Somebody's wish about a post: on, off, or (None) whichever it is not."""

    post_id: UUID
    user_id: UUID
    on: bool | None

    @property
    def pair(self) -> Pair:
        """What the wish is about."""
        return self.post_id, self.user_id


class Outcome(NamedTuple):
    """How it is afterwards, had it been off before and had it been on before."""

    if_off: bool
    if_on: bool

    def after(self, was: bool) -> bool:
        """How it is afterwards."""
        return self.if_on if was else self.if_off

    def then(self, on: bool | None) -> Self:
        """The outcome when another wish follows."""
        if on is not None:
            return self._replace(if_off=on, if_on=on)
        return self._replace(if_off=not self.if_off, if_on=not self.if_on)


UNCHANGED = Outcome(if_off=False, if_on=True)


def fold(wishes: Iterable[Wish]) -> tuple[list[Outcome], dict[Pair, Outcome]]:
    """The outcome right after each wish, in order, and the last outcome for each pair."""
    last: dict[Pair, Outcome] = {}
    each = []
    for wish in wishes:
        outcome = last.get(wish.pair, UNCHANGED).then(wish.on)
        last[wish.pair] = outcome
        each.append(outcome)
    return each, last
