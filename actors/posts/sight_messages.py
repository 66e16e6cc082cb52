"""What the live edge asks of posts that somebody watches, or wants to."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from actors.auth.people import Caller
from actors.kernel.message import Query, Trusted, View

CountsItem = tuple[UUID, int, int, int, int]
"""post id, v, likes, reposts, comments"""


class CountsFound(View):
    """The counts of those posts that are there."""

    items: tuple[CountsItem, ...]


class GetCounts(Query[CountsFound]):
    """The counts of posts on a screen."""

    post_ids: Annotated[tuple[UUID, ...], Field(max_length=200)]


class PostSeen(View):
    """A post that shows to who asks: whose it is, and its counts."""

    author_id: UUID
    counts: CountsItem


class PostsSeen(View):
    """Those of the posts asked about that are there for who asks."""

    items: tuple[PostSeen, ...]


class SeePosts(Query[PostsSeen]):
    """Which of these posts the caller may see."""

    caller: Trusted[Caller | None] = None
    post_ids: Annotated[tuple[UUID, ...], Field(max_length=200)]
