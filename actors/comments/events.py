"""The facts comments announce."""

from uuid import UUID

from actors.comments.messages import CommentView
from actors.kernel.message import Event, Live, View


class Thread(View):
    """The comment that a reply belongs to, and how many replies it has now."""

    id: UUID
    replies: int


class CommentFrame(View):
    """Data of `comment.updated`."""

    comment: CommentView


class CommentCreatedFrame(CommentFrame):
    """Data of `comment.created`; `thread` is null for what is no reply."""

    thread: Thread | None


class CommentDeletedFrame(View):
    """Data of `comment.deleted`; the replies to it are gone too. `thread` is null for what was no reply."""

    comment_id: UUID
    post_id: UUID
    thread: Thread | None


class _Spoken(Event, key="post_id"):
    """Something about a comment. `told` are the people it was addressed to: whose post it is under, whose comment it
    replies to, and whom it names or named. `top_author_id` is whose comment it replies to: a reply is there for those
    who may meet both."""

    post_id: UUID
    comment_id: UUID
    author_id: UUID
    told: tuple[UUID, ...]
    top_author_id: UUID | None = None

    def _live(self, kind: str, frame: View, author_id: UUID | None) -> Live:
        near = () if self.top_author_id is None else (self.top_author_id,)
        return Live((f"post:{self.post_id}",), kind, frame, author=author_id, near=near)


class CommentPosted(_Spoken, key="post_id"):
    """Somebody said something under a post."""

    comment: CommentView
    thread: Thread | None = None

    def live(self) -> Live:
        """For those who watch the post."""
        frame = CommentCreatedFrame(comment=self.comment, thread=self.thread)
        return self._live("comment.created", frame, self.author_id)


class CommentEdited(_Spoken, key="post_id"):
    """Somebody changed what they said."""

    comment: CommentView

    def live(self) -> Live:
        """For those who watch the post."""
        return self._live("comment.updated", CommentFrame(comment=self.comment), self.author_id)


class CommentDeleted(_Spoken, key="post_id"):
    """A comment is gone, and so are its living `replies`."""

    replies: int
    thread: Thread | None = None

    def live(self) -> Live:
        """For those who watch the post, those too who may not meet its author any more but had it on a screen."""
        frame = CommentDeletedFrame(comment_id=self.comment_id, post_id=self.post_id, thread=self.thread)
        return self._live("comment.deleted", frame, None)


class CommentsMiscounted(Event, key="post_id"):
    """A post was found to count so many comments too many, or too few below zero."""

    post_id: UUID
    too_many: int


class CommentsLeft(Event, key="user_id"):
    """More comments of an erased person's are still to be removed."""

    user_id: UUID
