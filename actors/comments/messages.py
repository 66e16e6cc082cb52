"""What comments may be asked, and what they answer."""

from datetime import datetime
from uuid import UUID

from actors.auth.people import Caller
from actors.comments.text import CommentText
from actors.kernel.errors import Forbidden
from actors.kernel.message import Command, Trusted, View
from actors.kernel.paging import PagedQuery
from actors.posts.messages import Mention
from actors.profiles.messages import PersonView


class CommentView(View):
    """A comment as everybody sees it, the same for every viewer. `mentions` are those of its names that belonged to
    people who may see the post when it was written; `replies` counts the replies to it."""

    id: UUID
    post_id: UUID
    parent_id: UUID | None
    author: PersonView
    body: str
    mentions: tuple[Mention, ...]
    replies: int
    created_at: datetime
    edited_at: datetime | None


class CommentsClosed(Forbidden):
    """Whose post this is has closed its comments."""

    code = "comments_closed"


class PostComment(Command[CommentView], key="post_id"):
    """Say something under a post, or reply to a comment there. A reply to a reply joins the same comment's replies.

    Raises `NotFound` for a post or a comment the caller may not see, and `CommentsClosed`.
    """

    caller: Trusted[Caller]
    post_id: UUID
    parent_id: UUID | None = None
    body: CommentText


class EditComment(Command[CommentView], key="comment_id"):
    """Change what a comment of one's own says. Raises `NotFound`."""

    caller: Trusted[Caller]
    comment_id: UUID
    body: CommentText


class DeleteComment(Command[None], key="comment_id"):
    """Take back a comment of one's own, also where one may not see the post any more, or remove one from a post of
    one's own; its replies go with it. Raises `NotFound`."""

    caller: Trusted[Caller]
    comment_id: UUID


class ListComments(PagedQuery[CommentView]):
    """The comments on a post, the latest first; with `parent_id` the replies to one of them, the oldest first.

    People who have blocked the caller, or whom the caller blocks, are left out: a page may be short. Raises `NotFound`.
    """

    caller: Trusted[Caller | None] = None
    post_id: UUID
    parent_id: UUID | None = None
