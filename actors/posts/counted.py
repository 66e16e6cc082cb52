"""What each fact about posts changes in the counts on its author's profile."""

from actors.posts.events import AuthorMiscounted, PostDeleted, PostLikesChanged, PostPublished, PostRestored
from actors.profiles.messages import AdjustCounts

Counted = PostPublished | PostDeleted | PostRestored | PostLikesChanged | AuthorMiscounted
COUNTED: tuple[type[Counted], ...] = (
    PostPublished,
    PostDeleted,
    PostRestored,
    PostLikesChanged,
    AuthorMiscounted,
)


def adjustment_of(event: Counted) -> AdjustCounts:
    """What profiles are asked because of the fact."""
    posts, likes = _steps(event)
    return AdjustCounts(user_id=event.author_id, posts=posts, likes=likes)


def _steps(event: Counted) -> tuple[int, int]:
    match event:
        case PostPublished():
            return 1, 0
        case PostDeleted():
            return -1, -event.likes
        case PostRestored():
            return 1, event.post.counts.likes
        case PostLikesChanged():
            return 0, len(event.liked_by) - len(event.unliked_by)
        case AuthorMiscounted():
            return -event.posts_too_many, -event.likes_too_many
