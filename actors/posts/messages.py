"""What posts may be asked, and what they answer."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from actors.auth.names import UsernameOf
from actors.auth.people import Caller
from actors.kernel.errors import Conflict
from actors.kernel.message import Command, Encoded, Query, Trusted, View
from actors.kernel.paging import Page, PagedQuery
from actors.media.messages import FocalPoint, PhotoView
from actors.posts.text import AltText, Caption, Tags
from actors.profiles.messages import PersonView


class PostCounts(View):
    """Absolute counts; `v` grows with every change of any of them."""

    likes: int = 0
    reposts: int = 0
    comments: int = 0
    v: int = 0


class Mention(View):
    """Somebody whom a text names as `@username`: a part of its words, for everybody who may read them."""

    id: UUID
    username: str


class PostView(Encoded):
    """A post as everybody sees it, the same for every viewer."""

    id: UUID
    author: PersonView
    photo: PhotoView
    caption: str
    tags: tuple[str, ...]
    mentions: tuple[Mention, ...] = ()
    sensitive: bool
    comments_closed: bool = False
    counts: PostCounts
    created_at: datetime
    edited_at: datetime | None = None


class ViewerState(Encoded):
    """What the person who asks has done with a post and its author."""

    liked: bool = False
    reposted: bool = False
    bookmarked: bool = False
    following: bool = False


class Reposters(View):
    """Who of those the viewer follows reposted it: the latest three, and how many in all."""

    users: tuple[PersonView, ...]
    count: int


class Why(StrEnum):
    """Why an item is in a list: whose it is or who reposted it, in *following*; in *for you* that it is popular, that
    few have noticed it yet, that it bears a tag one follows, or that it is left when all these were shown."""

    followed = "followed"
    own = "own"
    reposted = "reposted"
    popular = "popular"
    fresh = "fresh"
    followed_tag = "followedTag"
    more = "more"


class PostItem(Encoded):
    """A post in a list."""

    post: PostView
    viewer: ViewerState | None = None
    reposted_by: Reposters | None = None
    why: Why | None = None

    def to_json(self) -> bytes:
        by = self.reposted_by
        return b'{"post":%b,"viewer":%b,"reposted_by":%b,"why":%b}' % (
            self.post.to_json(),
            b"null" if self.viewer is None else self.viewer.to_json(),
            b"null" if by is None else by.__pydantic_serializer__.to_json(by),
            b"null" if self.why is None else b'"%b"' % self.why.encode(),
        )


class PostDetail(View):
    """One post, and what the viewer has done with it."""

    post: PostView
    viewer: ViewerState | None = None


class PhotoUsed(Conflict):
    """This photograph is on a post already."""

    code = "photo_used"


class PhotoUnfit(Conflict):
    """This photograph was rejected."""

    code = "photo_rejected"


class CreatePost(Command[PostView], key="caller"):
    """Publish an uploaded photograph.

    Raises `PhotoUsed` and `PhotoUnfit`, `UploadMissing`, `UploadUsed` and `NotFound` as media says it of the upload.
    """

    caller: Trusted[Caller]
    upload_id: UUID | None = None
    photo_url: Annotated[str, Field(max_length=4096)] | None = None
    caption: Caption = ""
    tags: Tags = ()
    alt: AltText | None = None
    focus: FocalPoint | None = None
    sensitive: bool = False
    comments_closed: bool = False
    show_camera: bool = False

    @model_validator(mode="after")
    def _names_one_upload(self) -> Self:
        if (self.upload_id is None) == (self.photo_url is None):
            raise ValueError("give either upload_id or photo_url")
        return self


class DeletePost(Command[None], key="post_id"):
    """Withdraw a post of one's own; it can be restored for 30 days. Raises `NotFound`."""

    caller: Trusted[Caller]
    post_id: UUID


class RestorePost(Command[PostView], key="post_id"):
    """Bring back a post of one's own that one has deleted in the last 30 days. Raises `NotFound`."""

    caller: Trusted[Caller]
    post_id: UUID


class GetPost(Query[PostDetail], key="post_id"):
    """One post. Raises `NotFound`."""

    caller: Trusted[Caller | None] = None
    post_id: UUID


class GetPosts(Query[Page[PostItem]]):
    """Several posts by id, in the order asked; those that are not there are left out."""

    caller: Trusted[Caller | None] = None
    ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=100)]


class ListProfilePosts(PagedQuery[PostItem]):
    """A person's own posts, newest first. Raises `UnknownUser`."""

    caller: Trusted[Caller | None] = None
    username: UsernameOf


class LikeState(View):
    """Whether the caller likes the post now, and how many do."""

    liked: bool
    likes: int


class SetLike(Command[LikeState], key="post_id"):
    """Like or unlike a post; without `liked`, whichever it is not. Raises `NotFound`."""

    caller: Trusted[Caller]
    post_id: UUID
    liked: bool | None = None


class RepostState(View):
    """Whether the caller reposts the post now, and how many do."""

    reposted: bool
    reposts: int


class SetRepost(Command[RepostState], key="post_id"):
    """Repost a post or take that back; without `reposted`, whichever it is not. Raises `NotFound`."""

    caller: Trusted[Caller]
    post_id: UUID
    reposted: bool | None = None


class BookmarkState(View):
    """Whether the caller keeps the post now; nobody else learns of it."""

    bookmarked: bool


MOST_BOOKMARKS = 10_000
"""Posts that somebody may keep."""


class TooManyBookmarks(Conflict):
    """You keep as many posts as can be kept: let go of some first."""

    code = "too_many_bookmarks"


class SetBookmark(Command[BookmarkState], key="post_id"):
    """Keep a post for oneself or no longer; without `bookmarked`, whichever it is not.

    Raises `NotFound` and `TooManyBookmarks`.
    """

    caller: Trusted[Caller]
    post_id: UUID
    bookmarked: bool | None = None


class ListBookmarks(PagedQuery[PostItem]):
    """The posts one keeps, the latest kept first."""

    caller: Trusted[Caller]


class ListLikes(PagedQuery[PersonView]):
    """Who likes a post, the latest first. Raises `NotFound`."""

    caller: Trusted[Caller | None] = None
    post_id: UUID
