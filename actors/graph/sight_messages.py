"""What the live edge asks of who sees whom, about many people at once."""

from uuid import UUID

from actors.auth.names import UsernameOf
from actors.auth.people import Caller
from actors.kernel.errors import Forbidden
from actors.kernel.message import Query, Trusted, View

ViewerId = UUID | None
"""Who looks; None for visitors."""

Shown = tuple[UUID, UUID]
"""Who shows something to their followers, and whose work it is."""


class AccountPrivate(Forbidden):
    """This account shows its work to followers alone."""

    code = "account_private"


class PersonSeen(View):
    """Whose profile it is."""

    id: UUID


class SeePerson(Query[PersonSeen]):
    """Make sure that the caller may see what somebody shows. Raises `UnknownUser` and `AccountPrivate`."""

    caller: Trusted[Caller | None] = None
    username: UsernameOf


class OpenFound(View):
    """Those whom everybody may see."""

    user_ids: tuple[UUID, ...]


class OpenAmong(Query[OpenFound]):
    """Which of these people everybody may see. When that ends for one of them `SightNarrowed` says so."""

    user_ids: tuple[UUID, ...]


class Hidden(View):
    """Viewers with whose work they may not see, and with whom they may not even meet."""

    unseen: frozenset[tuple[ViewerId, UUID]]
    unmet: frozenset[tuple[ViewerId, UUID]]


class HiddenAmong(Query[Hidden]):
    """Which of these viewers may not see which of `seen`, and may not meet which of `met`."""

    viewer_ids: tuple[ViewerId, ...]
    seen: tuple[UUID, ...] = ()
    met: tuple[UUID, ...] = ()


class ReadersFound(View):
    """Who reads it, and what was shown to them."""

    items: frozenset[tuple[UUID, Shown]]


class ReadersAmong(Query[ReadersFound]):
    """For which of these people each of these belongs in the feed of those they follow and their own."""

    user_ids: tuple[UUID, ...]
    shown: tuple[Shown, ...]
