"""What the live edge asks of posts that somebody wants to watch."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from actors.auth.people import Caller
from actors.kernel.message import Query, Trusted, View
from actors.posts.messages import CountsItem


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
