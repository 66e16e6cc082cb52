"""What people may tell their feed, and what it answers."""

from enum import StrEnum
from uuid import UUID

from actors.auth.people import Caller
from actors.kernel.message import Command, Query, Trusted, View


class Signal(StrEnum):
    """What somebody says of a post in their feed: less like this, or that they have seen it."""

    less = "less"
    seen = "seen"


class GiveFeedback(Command[None], key="caller"):
    """Tell *for you* about a post. Saying it again changes nothing but since when it holds.

    `less`: this post goes at once; for a while its author and its tags weigh less. `seen`: it is left out of what is
    ranked for me, for three days.
    """

    caller: Trusted[Caller]
    post_id: UUID
    signal: Signal


class FeedPreferences(View):
    """How *for you* is made for somebody. Without `show_sensitive` it holds no sensitive posts, as for visitors."""

    show_sensitive: bool


class GetFeedPreferences(Query[FeedPreferences]):
    """What I prefer."""

    caller: Trusted[Caller]


class SetFeedPreferences(Command[FeedPreferences], key="caller"):
    """Change what is named of what I prefer."""

    caller: Trusted[Caller]
    show_sensitive: bool | None = None
