"""What posts may be asked about tags, and what they answer."""

from actors.auth.people import Caller
from actors.kernel.errors import Conflict
from actors.kernel.message import Command, Trusted, View
from actors.kernel.paging import PagedQuery
from actors.posts.messages import PostItem
from actors.posts.text import Tag


class ListTagPosts(PagedQuery[PostItem]):
    """The posts that bear a tag, newest first."""

    caller: Trusted[Caller | None] = None
    tag: Tag


class TagFollowState(View):
    """Whether the caller follows the tag now."""

    following: bool


MOST_TAGS = 1_000
"""Tags that somebody may follow."""


class TooManyTags(Conflict):
    """You follow as many tags as can be followed: unfollow some first."""

    code = "too_many_tags"


class SetTagFollow(Command[TagFollowState], key="caller"):
    """Follow or unfollow a tag. Doing it again changes nothing. Raises `TooManyTags`."""

    caller: Trusted[Caller]
    tag: Tag
    following: bool


class FollowedTag(View):
    """A tag in a list."""

    tag: str


class ListFollowedTags(PagedQuery[FollowedTag]):
    """The tags one follows, in alphabetical order."""

    caller: Trusted[Caller]
