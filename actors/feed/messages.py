"""What the feed may be asked."""

from enum import StrEnum

from actors.auth.people import Caller
from actors.kernel.message import Trusted
from actors.kernel.paging import PagedQuery
from actors.posts.messages import PostItem


class FeedType(StrEnum):
    """Which feed."""

    for_you = "forYou"
    following = "following"


class GetFeed(PagedQuery[PostItem]):
    """The feed: what is worth seeing now, or what those one follows have shown; visitors get `forYou`."""

    caller: Trusted[Caller | None] = None
    type: FeedType = FeedType.for_you
