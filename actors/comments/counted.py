"""What each fact about comments changes in the count of its post."""

from actors.comments.events import CommentDeleted, CommentPosted, CommentsMiscounted
from actors.posts.comment_messages import AdjustComments

Counted = CommentPosted | CommentDeleted | CommentsMiscounted
COUNTED: tuple[type[Counted], ...] = (CommentPosted, CommentDeleted, CommentsMiscounted)


def count_of(event: Counted) -> AdjustComments:
    """What posts are asked because of the fact."""
    match event:
        case CommentPosted():
            by = 1
        case CommentDeleted():
            by = -1 - event.replies
        case CommentsMiscounted():
            by = -event.too_many
    return AdjustComments(post_id=event.post_id, comments=by)
