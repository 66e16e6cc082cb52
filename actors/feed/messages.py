"""What the feed may be asked."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from actors.auth.people import Caller
from actors.kernel.message import Query, Trusted, View
from actors.kernel.paging import Page, PagedQuery
from actors.posts.messages import PostItem
from actors.profiles.messages import PersonView


class FeedType(StrEnum):
    """Which feed."""

    for_you = "forYou"
    following = "following"


class GetFeed(PagedQuery[PostItem]):
    """The feed: what is worth seeing now, or what those one follows have shown; visitors get `forYou`."""

    caller: Trusted[Caller | None] = None
    type: FeedType = FeedType.for_you


class Because(StrEnum):
    """Why somebody is suggested: people the caller follows follow them, they post about the same, or many see them."""

    friends = "friends"
    tags = "tags"
    popular = "popular"


class SharedFriends(View):
    """People the caller follows who follow them: some, and how many of those looked at."""

    people: tuple[PersonView, ...]
    count: int


class Suggestion(View):
    """Somebody the caller might want to follow, and why."""

    person: PersonView
    why: Because
    friends: SharedFriends
    tags: tuple[str, ...]


class GetSuggestions(Query[Page[Suggestion]]):
    """Whom the caller might want to follow: nobody they follow, asked, muted or blocked, or who is hidden from them."""

    caller: Trusted[Caller]
    limit: Annotated[int, Field(ge=1, le=100)] = 20
